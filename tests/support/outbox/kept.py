"""An outbox on disk as a component leaves it, made by the product's own storage."""

from pathlib import Path

from edge_common.clock import SystemClock
from edge_common.errors import PermanentError
from edge_common.outbox.cap import Cap, note_cap
from edge_common.outbox.config import OutboxConfig, Shares, batch_shares, message_shares
from edge_common.outbox.dead_letters import RECORDS_FOLDER
from edge_common.outbox.storage import Storage

MIB = 1 << 20


def open_outbox(folder: Path, *, two_lanes: bool = False, max_bytes: int = 4 * MIB) -> Storage:
    """The storage of a component's outbox; close it. Its parent exists."""
    # Without validation: a test's folder may be longer than a setting may be.
    config = OutboxConfig.model_construct(folder=str(folder), max_bytes=max_bytes, min_free_bytes=0)
    storage = Storage(config, _shares(config, two_lanes=two_lanes), SystemClock())
    note_cap(folder, Cap(max_bytes, 0))
    return storage


def reading(number: int) -> bytes:
    """A reading's payload."""
    return (
        b'{"device_id":"core-1","timestamp":"2026-11-22T04:26:11.%03dZ","boot_id":"b","sequence":%d,'
        b'"sensors":{"temperature":24.5}}' % (number % 1000, number)
    )


def keep(folder: Path, count: int, dead: dict[int, str], released: int = 0) -> Path:
    """An outbox with one lane, closed.

    Args:
        folder: The work folder; made when it is not there.
        count: So many readings were put.
        dead: Number -> code of those that were given up, from 0 on, without a gap.
        released: So many are done with, those given up among them.

    Returns:
        The outbox.
    """
    folder.mkdir(parents=True, exist_ok=True)
    storage = open_outbox(folder / "outbox")
    storage.lanes[RECORDS_FOLDER].append_many([reading(number) for number in range(count)])
    for number, code in dead.items():
        storage.give_up(RECORDS_FOLDER, number, reading(number), PermanentError(f"it is {code}", code=code))
    if released:
        storage.release(RECORDS_FOLDER, released - 1)
    storage.close()
    return folder / "outbox"


def _shares(config: OutboxConfig, *, two_lanes: bool) -> Shares:
    return message_shares(config) if two_lanes else batch_shares(config)
