"""The file in which a core notes whom it has started, so that others can end them when it is killed."""

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_core import sessions
from local_core.sessions import Session


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
    """

    owner: Owner | None = None
    founders: dict[int, int] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Replace the file at once; a reader sees the old one or the new one."""
        text = json.dumps(
            {
                "boot_id": sessions.boot_id(),
                "owner": [self.owner.pid, self.owner.start_ticks] if self.owner else None,
                "founders": {str(pid): ticks for pid, ticks in self.founders.items()},
            }
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)

    def kill_sessions(self) -> list[int]:
        """SIGKILL to what lives in the sessions it names; returns the ids of those processes."""
        return [
            pid
            for founder, ticks in self.founders.items()
            for pid in Session(founder, ticks).signal(signal.SIGKILL)
        ]


def read_ledger(path: Path) -> Ledger:
    """The ledger at `path`; an empty one when it is missing, damaged or of an earlier boot of the machine."""
    try:
        content: Mapping[str, Any] = json.loads(path.read_text())
        if content["boot_id"] != sessions.boot_id():
            return Ledger()
        owner = Owner(*content["owner"]) if content["owner"] else None
        return Ledger(owner, {int(pid): int(ticks) for pid, ticks in content["founders"].items()})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # Nothing can be ended by such a file, and nothing else depends on it.
        return Ledger()
