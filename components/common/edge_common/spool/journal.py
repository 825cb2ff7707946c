"""The release journal: through which record everything is delivered, and what was lost on the way.

Owns the file `release.journal` and its descriptor. Four copies of 4096 bytes: a write replaces the older
pair in place, both at once, so it needs no new block on a full disk, a torn one leaves the other pair, and
a rotten bit leaves a copy. Used under the store's lock.

A write that fails, or a sync that does, is not tried again on that descriptor: the next write makes a new
file.
"""

import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_common.files import disk_errors, write_atomically
from edge_common.spool.checksum import crc32c
from edge_common.spool.frame import BLOCK_BYTES, FORMAT_VERSION

JOURNAL_NAME = "release.journal"
_MAGIC = b"ESPJ"
_FIELDS = struct.Struct("<4sHHQQQQQ")
_CHECK = struct.Struct("<I")
_PAIR_BYTES = 2 * BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Released:
    """What the journal holds; record numbers are counts, so `released` is also the next unreleased number.

    Attributes:
        released: Every record below this number is delivered, dropped or damaged.
        dropped: How many of those were dropped by the policy.
        damaged: How many of those were lost to damage.
        assigned: Every record below this number was acknowledged: fewer in the segments means damage.
    """

    released: int = 0
    dropped: int = 0
    damaged: int = 0
    assigned: int = 0


class Journal:
    """The journal of one open spool; `close` when done."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL_NAME
        self._descriptor: int | None = None
        self._sequence = 0
        self.state: Released | None = None  # None until something valid was read or written

    def open(self) -> None:
        """Read the newest whole state; `state` stays None where there is none.

        Raises:
            TransientError: The disk fails.
            PermanentError: The file is not ours to read.
        """
        with disk_errors("read", self._path), suppress(FileNotFoundError):
            content = self._path.read_bytes()
            slots = (_parse(content[at : at + BLOCK_BYTES]) for at in range(0, 2 * _PAIR_BYTES, BLOCK_BYTES))
            whole = [slot for slot in slots if slot is not None]
            if whole:
                self._sequence, self.state = max(whole, key=lambda slot: slot[0])
                if len(content) == 2 * _PAIR_BYTES:
                    self._descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW)

    def write(self, state: Released) -> None:
        """Make `state` durable; on return it is on disk.

        Raises:
            TransientError: It may or may not be; nothing may be recycled because of it.
            PermanentError: The file is not ours to write.
        """
        sequence = self._sequence + 1
        pair = _format(sequence, state) * 2
        if self._descriptor is None:
            write_atomically(self._path, pair * 2)
            with disk_errors("open", self._path):
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW)
        else:
            with disk_errors("write", self._path):
                self._overwrite(self._descriptor, pair, (sequence % 2) * _PAIR_BYTES)
        self._sequence, self.state = sequence, state

    def close(self) -> None:
        """Close the file; nothing is written."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _overwrite(self, descriptor: int, content: bytes, offset: int) -> None:
        try:
            rest = memoryview(content)
            while rest:
                written = os.pwrite(descriptor, rest, offset)
                rest, offset = rest[written:], offset + written
            os.fdatasync(descriptor)
        except OSError:
            self._sequence += 1
            self.close()
            raise


def _format(sequence: int, state: Released) -> bytes:
    fields = _FIELDS.pack(
        _MAGIC,
        FORMAT_VERSION,
        0,
        sequence,
        state.released,
        state.dropped,
        state.damaged,
        state.assigned,
    )
    return (fields + _CHECK.pack(crc32c(fields))).ljust(BLOCK_BYTES, b"\0")


def _parse(block: bytes) -> tuple[int, Released] | None:
    if len(block) < _FIELDS.size + _CHECK.size:
        return None
    fields = block[: _FIELDS.size]
    magic, version, _, sequence, released, dropped, damaged, assigned = _FIELDS.unpack(fields)
    whole = magic == _MAGIC and _CHECK.unpack_from(block, _FIELDS.size)[0] == crc32c(fields)
    if not whole or version != FORMAT_VERSION:
        return None
    return sequence, Released(released, dropped, damaged, assigned)
