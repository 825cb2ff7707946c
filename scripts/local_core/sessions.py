"""Process sessions of the Linux kernel: who belongs to one, and signals to all of them. Linux only, no state.

A session keeps its id, the process id of the leader that founded it, for as long as it has members; the
kernel gives that number to nobody else meanwhile. So a founder's id and start time name a session for ever.
"""

import contextlib
import os
import signal
from pathlib import Path

_PROC = Path("/proc")
_ENDED = frozenset("ZXx")  # proc(5), /proc/pid/stat, field 3: zombie and dead


def start_ticks(pid: int) -> int | None:
    """When process `pid` started, in clock ticks since boot; None when it has ended.

    Source: proc(5), /proc/pid/stat, field 22.
    """
    fields = _stat_fields(pid)
    return int(fields[19]) if fields and fields[0] not in _ENDED else None


def members(leader_pid: int) -> list[int]:
    """Ids of the living processes in the session that `leader_pid` founded; zombies do not count."""
    found = []
    for entry in os.scandir(_PROC):
        with contextlib.suppress(ValueError, ProcessLookupError):
            pid = int(entry.name)
            if os.getsid(pid) == leader_pid and start_ticks(pid) is not None:
                found.append(pid)
    return found


def signal_all(leader_pid: int, number: signal.Signals) -> list[int]:
    """Send a signal to every member; returns whom it was sent to."""
    sent = []
    for pid in members(leader_pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            sent.append(pid)
    return sent


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
