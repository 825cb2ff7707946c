"""Child processes that never outlive the core, however the core ends.

Each child founds a session of its own and bears a mark in its environment, so that stopping it reaches
whatever it started, daemons that have left the session included. Should the core be killed, the kernel kills
the child (`setpriv --pdeathsig`, part of util-linux) and the guardian, a small process beside the core, kills
the rest. Should even the guardian be killed, `reap_strays` of
the next core on the same root finds what is left through the ledger.

Runs on the core's event loop; one `Children` for each core.
"""

import asyncio
import contextlib
import errno
import itertools
import logging
import os
import shutil
import signal
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_core.processes import marks, sessions
from local_core.processes.ledger import Ledger, Owner, read_ledger
from local_core.processes.sessions import Session

_LOG = logging.getLogger(__name__)

_SETPRIV = shutil.which("setpriv")
_PDEATHSIG = (_SETPRIV, "--pdeathsig", "KILL", "--") if _SETPRIV else ()
# A child waits for a line before it becomes its program, and gives up at the end of the file: should the core
# be killed before the ledger names the child, nothing of the program has run.
_GATED = ("/bin/sh", "-c", 'read -r _ && exec "$@" < /dev/null', "sh")
_NOBODYS_TICKS = 0  # of a child that is gone already, whose number somebody else may get
_KILL_WAIT_S = 5.0
_POLL_S = 0.02


class Children:
    """Starts, stops and remembers the children of one core.

    Args:
        ledger: JSON file that names them, rewritten at every start and end of a child.
    """

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.absolute()
        self._owner = Owner(os.getpid(), sessions.start_ticks(os.getpid()) or 0)
        self._mark = marks.new_mark()
        self._numbers = itertools.count()
        self._sessions: dict[asyncio.subprocess.Process, Session] = {}
        self._guardian: asyncio.Task[None] | None = None

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: int,
        stderr: int,
    ) -> asyncio.subprocess.Process:
        """Start `argv` as a session of its own.

        `stdout` and `stderr` are file descriptors or constants of `asyncio.subprocess`.

        Raises:
            OSError: The program or the folder is not there.
        """
        if shutil.which(argv[0], path=env.get("PATH", os.defpath)) is None:
            raise FileNotFoundError(errno.ENOENT, "no such program", argv[0])
        await self._have_guardian()
        with contextlib.ExitStack() as ours:
            their_gate, our_gate = os.pipe()
            ours.callback(os.close, their_gate)
            ours.callback(os.close, our_gate)
            mark = marks.mark_below(self._mark, next(self._numbers))
            process = await asyncio.create_subprocess_exec(
                *_PDEATHSIG,
                *_GATED,
                *argv,
                cwd=cwd,
                env={**env, marks.VARIABLE: mark},
                stdin=their_gate,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            ticks = sessions.start_ticks(process.pid) or _NOBODYS_TICKS
            self._sessions[process] = Session(process.pid, ticks, mark)
            self._note()
            with contextlib.suppress(BrokenPipeError):
                os.write(our_gate, b"\n")
        return process

    def signal(self, process: asyncio.subprocess.Process, number: signal.Signals) -> None:
        """Send a signal to the child and to everything it has started."""
        self._session(process).signal(number)

    async def stop(self, process: asyncio.subprocess.Process, grace_s: float) -> bool:
        """SIGTERM to the child and all it has started, SIGKILL to what is left of it after `grace_s` seconds.

        Also clears away what a child that has ended by itself left behind.

        Returns:
            True when everything ended on SIGTERM, False when SIGKILL was needed.
        """
        session = self._session(process)
        session.signal(signal.SIGTERM, signal.SIGCONT)  # one that is stopped could not act on SIGTERM alone
        ended_in_time = await _have_ended(process, session, grace_s)
        if not ended_in_time:
            session.signal(signal.SIGKILL)
            await _have_ended(process, session, _KILL_WAIT_S)
        self._sessions.pop(process, None)
        self._note()
        return ended_in_time

    def reap_strays(self) -> list[int]:
        """Kill what an earlier core on this root left behind and wait for its end; returns the ids."""
        strays = read_ledger(self._path).kill_what_is_left()
        self._note()
        return strays

    def _session(self, process: asyncio.subprocess.Process) -> Session:
        # Once it has been stopped and forgotten, its number may be anybody's.
        return self._sessions.get(process) or Session(process.pid, _NOBODYS_TICKS)

    def _note(self) -> None:
        founders = {session.founder: session.founder_ticks for session in self._sessions.values()}
        # On a full disk children must still start and stop; only their safety net has holes then.
        try:
            Ledger(self._owner, founders, self._mark).write(self._path)
        except OSError as error:
            _LOG.warning("The core's children could not be noted in %s: %s", self._path, error)

    async def _have_guardian(self) -> None:
        # A task, so that children started at the same time share one guardian.
        if self._guardian is None:
            self._guardian = asyncio.create_task(self._start_guardian())
        await asyncio.shield(self._guardian)

    async def _start_guardian(self) -> None:
        self._note()
        guardians_end, our_end = os.pipe()
        # Closed with this object, or by the kernel: that is how the guardian learns of our end.
        weakref.finalize(self, os.close, our_end)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "local_core.processes.guardian", str(self._path)),
                cwd="/",
                stdin=guardians_end,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            os.close(guardians_end)
        await process.wait()


async def _have_ended(process: asyncio.subprocess.Process, session: Session, within_s: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), within_s)
    while living := session.members():
        if loop.time() >= deadline:
            return False
        # To find them is dear: meanwhile those alone are looked at.
        while loop.time() < deadline and sessions.any_lives(living):  # noqa: ASYNC110  no end tells of itself
            await asyncio.sleep(_POLL_S)
    return process.returncode is not None
