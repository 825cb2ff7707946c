"""Child processes that never outlive the core, however the core ends.

Each child leads a session of its own, so that stopping it reaches whatever it started. Should the core be
killed, the kernel kills the child (`setpriv --pdeathsig`, part of util-linux); whatever survives even that
(a grandchild) is found by `reap_strays` at the next start, through the ledger of process ids and start times.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

_SETPRIV = shutil.which("setpriv")
_KILL_WAIT_S = 5.0


class Children:
    """Starts, stops and remembers the children of one core.

    Args:
        ledger: JSON file of process id -> start time, rewritten at every start and end of a child.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._start_times: dict[int, float] = {}

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
        guarded = [_SETPRIV, "--pdeathsig", "KILL", "--", *argv] if _SETPRIV else list(argv)
        process = await asyncio.create_subprocess_exec(
            *guarded,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        with contextlib.suppress(psutil.NoSuchProcess):
            self._start_times[process.pid] = psutil.Process(process.pid).create_time()
        self._write_ledger()
        return process

    async def stop(self, process: asyncio.subprocess.Process, grace_s: float) -> bool:
        """SIGTERM to the child's whole session, SIGKILL to what is left of it after `grace_s` seconds.

        Returns:
            True when everything ended on SIGTERM, False when SIGKILL was needed.
        """
        _signal_session(process.pid, signal.SIGTERM)
        ended_in_time = await _session_ended(process, grace_s)
        if not ended_in_time:
            _signal_session(process.pid, signal.SIGKILL)
            await _session_ended(process, _KILL_WAIT_S)
        self._start_times.pop(process.pid, None)
        self._write_ledger()
        return ended_in_time

    def reap_strays(self) -> list[int]:
        """Kill what an earlier core on this root left behind; returns the ids of what was still there."""
        strays = []
        for pid, start_time in _read_ledger(self._ledger).items():
            members = _session_members(pid)
            leader_is_ours = any(p.pid == pid and abs(p.create_time() - start_time) < 1 for p in members)
            leader_is_gone = all(p.pid != pid for p in members)
            if members and (leader_is_ours or leader_is_gone):
                strays += [p.pid for p in members]
                _signal_session(pid, signal.SIGKILL)
        self._write_ledger()
        return strays

    def _write_ledger(self) -> None:
        self._ledger.parent.mkdir(parents=True, exist_ok=True)
        new = self._ledger.with_suffix(".new")
        new.write_text(json.dumps(self._start_times))
        new.replace(self._ledger)


def _read_ledger(ledger: Path) -> dict[int, float]:
    # A torn or foreign ledger means only that there is nothing to reap by it.
    try:
        return {int(pid): float(start) for pid, start in json.loads(ledger.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _session_members(leader_pid: int) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == leader_pid and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def _signal_session(leader_pid: int, number: signal.Signals) -> None:
    for member in _session_members(leader_pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(number)


async def _session_ended(process: asyncio.subprocess.Process, within_s: float) -> bool:
    deadline = asyncio.get_running_loop().time() + within_s
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), within_s)
    while _session_members(process.pid):
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(0.02)
    return process.returncode is not None
