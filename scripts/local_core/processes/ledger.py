"""The file in which a core notes whom it has started, so that others can end them when it is killed."""

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_core.processes import marks, sessions
from local_core.processes.sessions import Session

_KILL_WAIT_S = 5.0
_MAX_PASSES = 3  # a process may have started another one while we looked


@dataclass(frozen=True, slots=True)
class Owner:
    """The core that wrote a ledger: its process id and start time."""

    pid: int
    start_ticks: int


@dataclass(slots=True)
class Ledger:
    """What a ledger file says.

    Attributes:
        owner: The core that wrote it; None when nothing is known.
        founders: Process id of each session's founder -> its start time in clock ticks since boot.
        mark: What every process bears that has come from the core; empty when nothing is known.
    """

    owner: Owner | None = None
    founders: dict[int, int] = field(default_factory=dict)
    mark: str = ""

    def write(self, path: Path) -> None:
        """Replace the file at once; a reader sees the old one or the new one."""
        text = json.dumps(
            {
                "boot_id": sessions.boot_id(),
                "owner": [self.owner.pid, self.owner.start_ticks] if self.owner else None,
                "founders": {str(pid): ticks for pid, ticks in self.founders.items()},
                "mark": self.mark,
            }
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)

    def kill_what_is_left(self) -> list[int]:
        """SIGKILL to what lives of the core's children; returns the ids of those processes.

        Blocks until they have ended: a broker on its way out still holds the port that the next one wants.
        """
        killed = []
        for _ in range(_MAX_PASSES):
            left = sessions.send(self._living(), signal.SIGKILL)
            if not left:
                break
            sessions.wait_for_ends(left, _KILL_WAIT_S)
            killed += left
        return killed

    def _living(self) -> set[int]:
        in_sessions = {
            pid for founder, ticks in self.founders.items() for pid in Session(founder, ticks).members()
        }
        return in_sessions | set(marks.bearers(self.mark))


def read_ledger(path: Path) -> Ledger:
    """The ledger at `path`; an empty one when it is missing, damaged or of an earlier boot of the machine."""
    try:
        content: Mapping[str, Any] = json.loads(path.read_text())
        if content["boot_id"] != sessions.boot_id():
            return Ledger()
        owner = Owner(*content["owner"]) if content["owner"] else None
        founders = {int(pid): int(ticks) for pid, ticks in content["founders"].items()}
        return Ledger(owner, founders, str(content.get("mark", "")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # Nothing can be ended by such a file, and nothing else depends on it.
        return Ledger()
