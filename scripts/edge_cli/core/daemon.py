"""Starts and stops the daemon `python -m local_core`.

The daemon leads a session of its own: Ctrl-C in the terminal does not reach it, and it outlives the command.
Its log is `<root>/logs/greengrass.log`; what it says on stderr while it starts is kept in memory: the
disk may be the very reason why it cannot start.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from edge_cli.core.processes import CoreProcess, core_on, refuse_another_users
from edge_cli.core.status import CoreStatus
from edge_cli.errors import CommandError
from local_core.control import request
from local_core.errors import CoreError
from local_core.layout import Layout
from local_core.settings import CoreSettings

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 40.0  # above the nucleus's 15 s for shutdown scripts and 5 s from SIGTERM to SIGKILL
_DOWN_ANSWER_TIMEOUT_S = 5.0
_KILL_TIMEOUT_S = 5.0


def status(root: Path) -> CoreStatus:
    """What the core on `root` says of itself.

    Raises:
        CommandError: It is another user's.
        CoreError: No core runs there, or it did not answer.
    """
    return cast("CoreStatus", ask(root, "status"))


def ask(root: Path, command: str, **arguments: Any) -> dict[str, Any]:
    """Give the core on `root` a control command and wait for its answer.

    Args:
        root: The core's folder.
        command: As `local_core.control.request` takes it.
        **arguments: The command's.

    Raises:
        CommandError: It is another user's.
        CoreError: No core runs there, it did not answer, or it refused.
    """
    try:
        return request(root, command, **arguments)
    except CoreError:
        refuse_another_users(root)
        raise


def start(settings: CoreSettings, *, tied: bool = False) -> CoreStatus:
    """Start a core and wait until everything listens.

    Args:
        settings: What the core is started with; its root is made when it is not there.
        tied: The core gets SIGTERM from the kernel when this process dies, however it dies (Linux's
            setpriv; without it the core is as independent as ever).

    Returns:
        The core's status when it is ready.

    Raises:
        CommandError: It ended instead, with its own message; or it was not ready within START_TIMEOUT_S.
    """
    ready, ready_for_core = os.pipe()
    with os.fdopen(os.memfd_create("stderr"), "w+b") as stderr:
        process = subprocess.Popen(
            [*_tie(tied=tied), *_command_line(settings, ready_for_core)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            cwd="/",
            start_new_session=True,
            pass_fds=(ready_for_core,),
        )
        os.close(ready_for_core)
        try:
            with os.fdopen(ready, "rb") as lines:
                line = _ready_line(lines.fileno(), time.monotonic() + START_TIMEOUT_S)
        except KeyboardInterrupt:
            _end(process)
            raise
        if line:
            process.returncode = 0  # it lives on without us: no warning that nobody waited for it
            return cast("CoreStatus", json.loads(line))
        _end(process)
        stderr.seek(0)
        raise CommandError(_last_words(settings.root, stderr.read().decode(errors="replace").strip()))


def _last_words(root: Path, said: str) -> str:
    """Why a core did not start, as it said so itself on stderr."""
    log = Layout(root).logs / "greengrass.log"
    if not said:
        return f"The core on {root} was not ready within {START_TIMEOUT_S:g} s and said nothing. See {log}."
    if "Traceback (most recent call last)" in said:
        return f"The core on {root} failed unexpectedly: {said.splitlines()[-1]}. All of it: {log}"
    return said.removeprefix("error: ")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _command_line(settings: CoreSettings, ready_fd: int) -> list[str]:
    return [
        *(sys.executable, "-m", "local_core"),
        *("--root", str(settings.root)),
        *("--thing", settings.thing_name),
        *("--region", settings.region),
        *("--flavor", settings.flavor.value),
        *("--mqtt-port", str(settings.mqtt_port)),
        *("--s3-port", str(settings.s3_port)),
        *(["--interpolate-component-configuration"] if settings.interpolate_component_configuration else []),
        *("--ready-fd", str(ready_fd)),
    ]


def _tie(*, tied: bool) -> Sequence[str]:
    setpriv = shutil.which("setpriv") if tied else None
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()


def _ready_line(fd: int, deadline: float) -> bytes:
    """One line; nothing when the other end was closed without one or the deadline has passed."""
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(fd, 65536) if readable else b""
        if not chunk:
            return b""
        line += chunk
    return line


class Ending(StrEnum):
    """How a core was brought down."""

    NOT_RUNNING = "not_running"
    STOPPED = "stopped"  # it ended by itself when asked
    KILLED = "killed"  # it did not end in time


@dataclass(frozen=True, slots=True)
class Stop:
    """What `stop` did.

    Attributes:
        ending: How the core ended.
        pid: Its process id; None when there was no core.
        seconds: From the request until the process was gone.
    """

    ending: Ending
    pid: int | None
    seconds: float


def stop(root: Path, *, timeout_s: float = STOP_TIMEOUT_S) -> Stop:
    """Ask the core on `root` to end and wait until its process is gone; SIGKILL as the last resort.

    Args:
        root: The core's folder.
        timeout_s: Seconds from the request to SIGKILL.

    Raises:
        CommandError: It is another user's; or even SIGKILL did not end it (it hangs in the kernel).
    """
    refuse_another_users(root)
    core = core_on(root)
    if core is None:
        return Stop(Ending.NOT_RUNNING, None, 0.0)
    started = time.monotonic()
    try:
        request(root, "down", timeout_s=min(_DOWN_ANSWER_TIMEOUT_S, timeout_s))
    except CoreError:
        # It does not answer, or is on its way down already: SIGTERM asks for the same.
        core.send(signal.SIGTERM)
    ending = Ending.STOPPED
    if not _gone(core, timeout_s):
        core.send(signal.SIGKILL)
        ending = Ending.KILLED
        if not _gone(core, _KILL_TIMEOUT_S):
            raise CommandError(f"The core on {root} (process {core.pid}) does not end even on SIGKILL.")
    return Stop(ending, core.pid, time.monotonic() - started)


def _gone(core: CoreProcess, within_s: float) -> bool:
    try:
        exit_notice = os.pidfd_open(core.pid)
    except ProcessLookupError:
        return True
    try:
        # Readable once the process has ended. Opened before the check, it cannot be a successor's.
        return not core.is_running() or bool(select.select([exit_notice], [], [], within_s)[0])
    finally:
        os.close(exit_notice)
