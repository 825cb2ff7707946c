"""Processes of local cores: found, signalled; by id and start time, so that a reused id is never hit.

The only user of psutil in edge_cli.
"""

import contextlib
import signal
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class CoreProcess:
    """One running `python -m local_core`.

    Attributes:
        pid: Process id.
        started_at: Seconds since the epoch, as the kernel has it; with the id it names the process for ever.
        root: The core's folder.
    """

    pid: int
    started_at: float
    root: Path

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
    """Every core of this user (or all, for root) on this machine, whether it answers or not."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            root = root_argument(process.cmdline())
            if root and process.status() != psutil.STATUS_ZOMBIE:
                absolute = Path(process.cwd(), root)
                found.append(CoreProcess(process.pid, process.create_time(), absolute))
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


def exists(pid: int) -> bool:
    """Whether a process has this id now, whichever it is."""
    return psutil.pid_exists(pid)
