"""How large an outbox may grow, noted beside its records for whoever opens it without the settings.

Owns the file `cap.json` in the folder of an outbox. It is advice: the component goes by its settings, and one
that cannot write the file says so and works. No threads.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_common.errors import EdgeError
from edge_common.files import disk_errors, read_settled, write_atomically
from edge_common.log import get_logger

CAP_NAME = "cap.json"
_VERSION = 1

_log = get_logger("outbox")


@dataclass(frozen=True, slots=True)
class Cap:
    """The bounds with which its component last opened an outbox; those of `OutboxConfig`.

    Attributes:
        max_bytes: Everything in it together.
        min_free_bytes: What stays free on the disk.
    """

    max_bytes: int
    min_free_bytes: int


def read_cap(folder: Path) -> Cap | None:
    """What the folder of an outbox says; None where it says nothing, or something that is no cap.

    Raises:
        TransientError: The disk fails.
        PermanentError: It cannot be read.
    """
    path = folder / CAP_NAME
    with disk_errors("read", path):
        content = read_settled(path)
    try:
        document = json.loads(content or b"")
        if document["version"] == _VERSION:
            return Cap(int(document["max_bytes"]), int(document["min_free_bytes"]))
    except (ValueError, TypeError, KeyError):
        pass  # rotten, or of a newer program: as good as none
    return None


def note_cap(folder: Path, cap: Cap) -> None:
    """Make `cap` durable where the folder says anything else; a disk that does not take it is logged."""
    try:
        if read_cap(folder) != cap:
            write_atomically(folder / CAP_NAME, json.dumps({"version": _VERSION, **asdict(cap)}).encode())
    except EdgeError as error:
        _log.warning("outbox_cap_not_noted", reason=error.reason)
