"""Processes of local cores: found, signalled; by id and start time, so that a reused id is never hit.

The only user of psutil in edge_cli.
"""

import contextlib
import os
import signal
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil

from edge_cli.errors import CommandError


@dataclass(frozen=True, slots=True)
class CoreProcess:
    """One running `python -m local_core`.

    Attributes:
        pid: Process id.
        started_at: Seconds since the epoch, as the kernel has it; with the id it names the process for ever.
        root: The core's folder.
        user: Who runs it.
        is_ours: This user may ask it and end it.
    """

    pid: int
    started_at: float
    root: Path
    user: str
    is_ours: bool

    def is_running(self) -> bool:
        """Still the same process, and not merely a zombie that nobody has waited for."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started_at and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal unless the process has gone."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.is_running():
                psutil.Process(self.pid).send_signal(number)


def core_processes() -> list[CoreProcess]:
    """Every core on this machine that the system shows to this user, whether it answers or not."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            root = root_argument(process.cmdline())
            if root and process.status() != psutil.STATUS_ZOMBIE:
                # Where another user's process stands is not told; `edge core up` names the whole path.
                absolute = Path(root) if Path(root).is_absolute() else Path(process.cwd(), root)
                is_ours = os.geteuid() in {0, process.uids().effective}
                user = process.username()
                found.append(CoreProcess(process.pid, process.create_time(), absolute, user, is_ours))
    return found


def root_argument(command_line: list[str]) -> str | None:
    """The `--root` of a command line that runs a core; None when it runs something else.

    >>> root_argument(["python3", "-m", "local_core", "--root", "a/core"])
    'a/core'
    >>> root_argument(["setpriv", "--pdeathsig", "TERM", "--", "python3", "-m", "local_core", "--root=/b"])
    '/b'
    >>> root_argument(["grep", "local_core"]) is None
    True
    """
    if ("-m", "local_core") not in pairwise(command_line):
        return None
    for word, following in zip(command_line, [*command_line[1:], ""], strict=True):
        if word == "--root":
            return following or None
        if word.startswith("--root="):
            return word.removeprefix("--root=")
    return None


def core_on(root: Path) -> CoreProcess | None:
    """The process of the core on `root`; None when there is none."""
    wanted = root.resolve()
    return next((core for core in core_processes() if core.root.resolve() == wanted), None)


def refuse_another_users(root: Path) -> None:
    """Refuse a core that only another user may ask.

    Raises:
        CommandError: The core on `root` runs as another user; the text says how to ask it.
    """
    core = core_on(root)
    if core is not None and not core.is_ours:
        raise CommandError(
            f"The core on {root} runs as {core.user} (process {core.pid}). Use sudo to run this command."
        )


def exists(pid: int) -> bool:
    """Whether a process has this id now, whichever it is."""
    return psutil.pid_exists(pid)
