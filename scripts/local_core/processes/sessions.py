"""Process sessions of the Linux kernel: who belongs to one, and signals to all of them. Linux only, no state.

A session keeps its id, the process id of the leader that founded it, for as long as it has members; the
kernel gives that number to nobody else meanwhile, and may do so afterwards. So only a founder's id and start
time together name a session. What has left a session is found by its mark (`marks`).
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local_core.processes import marks

_PROC = Path("/proc")
_ENDED = frozenset("ZXx")  # proc(5), /proc/pid/stat, field 3: zombie and dead


def start_ticks(pid: int) -> int | None:
    """When process `pid` started, in clock ticks since boot; None when it has ended.

    Source: proc(5), /proc/pid/stat, field 22.
    """
    fields = _stat_fields(pid)
    return int(fields[19]) if fields and fields[0] not in _ENDED else None


@dataclass(frozen=True, slots=True)
class Session:
    """A session by the process that founded it, and the daemons that have left it.

    Attributes:
        founder: Its process id.
        founder_ticks: When it started, in clock ticks since boot.
        mark: What its processes bear in their environment; empty when they bear none.
    """

    founder: int
    founder_ticks: int
    mark: str = ""

    def members(self) -> list[int]:
        """Ids of its living processes; zombies do not count, nor does a stranger with its founder's id.

        Looks at every process of the machine, twice: milliseconds.
        """
        return sorted({*self._in_session(), *marks.bearers(self.mark)})

    def signal(self, *numbers: signal.Signals) -> list[int]:
        """Send signals to every member; returns whom they were sent to."""
        return send(self.members(), *numbers)

    def _in_session(self) -> list[int]:
        if start_ticks(self.founder) not in (self.founder_ticks, None):
            return []
        found = []
        for entry in os.scandir(_PROC):
            with contextlib.suppress(ValueError, ProcessLookupError):
                pid = int(entry.name)
                if os.getsid(pid) == self.founder and start_ticks(pid) is not None:
                    found.append(pid)
        return found


def send(pids: Iterable[int], *numbers: signal.Signals) -> list[int]:
    """Send signals to processes; returns the ids of those that were still there and take signals from us."""
    sent = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # sudo is another user's
            for number in numbers:
                os.kill(pid, number)
            sent.append(pid)
    return sent


def any_lives(pids: Iterable[int]) -> bool:
    """Whether any of the processes has not ended yet."""
    return any(start_ticks(pid) is not None for pid in pids)


def wait_for_ends(pids: Iterable[int], within_s: float) -> None:
    """Block until none of the processes lives any more, or for `within_s` seconds."""
    deadline = time.monotonic() + within_s
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
            finally:
                os.close(handle)


def boot_id() -> str:
    """What distinguishes this boot of the machine from every other."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def _stat_fields(pid: int) -> list[str]:
    # The second field is the program's name in parentheses and may itself hold anything: count from its end.
    # Gone in between: ProcessLookupError while reading, FileNotFoundError before.
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
