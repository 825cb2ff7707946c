"""The release journal: through which record everything is delivered, and what was lost on the way.

Owns the file `release.journal` and its descriptor. Four copies of 4096 bytes: a write replaces the older
pair in place, both at once, so it needs no new block on a full disk, a torn one leaves the other pair, and
a rotten bit leaves a copy. Used under the store's lock.

    offset  bytes  field        (little-endian; the rest of the copy is zeros)
         0      4  magic        b"ESPJ"
         4      2  version      1
         6      2  note_bytes   how long the note is, at most 1024; 0 for none
         8      8  sequence     of two whole copies the higher one counts
        16      8  released     see `Released`
        24      8  dropped
        32      8  damaged
        40      8  assigned
        48      4  check        CRC32C of bytes 0 to 47 and of the note
        52         note         the reader's own bytes

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
from edge_common.spool.sectors import read_around

JOURNAL_NAME = "release.journal"
MAX_NOTE_BYTES = 1024
COPIES = 4  # of one block each
_MAGIC = b"ESPJ"
_FIELDS = struct.Struct("<4sHHQQQQQ")
_CHECK = struct.Struct("<I")
_NOTE_OFFSET = _FIELDS.size + _CHECK.size
_PAIR_BYTES = COPIES // 2 * BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Released:
    """What the journal holds; record numbers are counts, so `released` is also the next unreleased number.

    Attributes:
        released: Every record below this number is delivered, dropped or damaged.
        dropped: How many of those were dropped by the policy.
        damaged: How many of those were lost to damage.
        assigned: Every record below this number was acknowledged: fewer in the segments means damage.
        note: What the reader wants to find again; b"" for nothing.
    """

    released: int = 0
    dropped: int = 0
    damaged: int = 0
    assigned: int = 0
    note: bytes = b""


class Journal:
    """The journal of one open spool; `close` when done."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL_NAME
        self._descriptor: int | None = None
        self._sequence = 0
        self.state: Released | None = None  # None until something valid was read or written

    def open(self, probe: Path) -> None:
        """Read the newest whole state; `state` stays None where there is none.

        Args:
            probe: Another file, to tell an unreadable copy from a disk that gives nothing.

        Raises:
            TransientError: The disk fails.
            PermanentError: The file is not ours to read.
        """
        with disk_errors("read", self._path), suppress(FileNotFoundError):
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW)
            content, _ = read_around(self._descriptor, COPIES * BLOCK_BYTES, 0, probe)
            slots = (parse_copy(content[at : at + BLOCK_BYTES]) for at in range(0, len(content), BLOCK_BYTES))
            whole = [slot for slot in slots if slot is not None]
            if whole:
                self._sequence, self.state = max(whole, key=lambda slot: slot[0])
            if not whole or len(content) != COPIES * BLOCK_BYTES:
                self.close()
        if self._descriptor is not None and self.state is not None:
            self._settle(self._descriptor, self.state)

    def write(self, state: Released) -> None:
        """Make `state` durable; on return it is on disk.

        Raises:
            TransientError: It may or may not be; nothing may be recycled because of it.
            PermanentError: The file is not ours to write.
        """
        sequence = self._sequence + 1
        if self._descriptor is None:
            write_atomically(self._path, _format(sequence, state) * COPIES)
            with disk_errors("open", self._path):
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW)
        else:
            with disk_errors("write", self._path):
                self._overwrite(self._descriptor, sequence, state)
        self._sequence, self.state = sequence, state

    def close(self) -> None:
        """Close the file; nothing is written."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _settle(self, descriptor: int, state: Released) -> None:
        """Bring to disk what was read: it is about to be acted on, and may stand in the page cache only.

        A process may have been killed before its sync, or gone on without after a failed one; so the pair is
        written again, and a torn write of the same bytes does no harm.
        """
        try:
            _write_pair(descriptor, self._sequence, state)
        except OSError:
            self.close()
            self.write(state)

    def _overwrite(self, descriptor: int, sequence: int, state: Released) -> None:
        try:
            _write_pair(descriptor, sequence, state)
        except OSError:
            self._sequence += 1
            self.close()
            raise


def _write_pair(descriptor: int, sequence: int, state: Released) -> None:
    rest, offset = memoryview(_format(sequence, state) * 2), (sequence % 2) * _PAIR_BYTES
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written
    os.fdatasync(descriptor)


def _format(sequence: int, state: Released) -> bytes:
    fields = _FIELDS.pack(
        _MAGIC,
        FORMAT_VERSION,
        len(state.note),
        sequence,
        state.released,
        state.dropped,
        state.damaged,
        state.assigned,
    )
    return b"".join((fields, _CHECK.pack(crc32c(state.note, crc32c(fields))), state.note)).ljust(
        BLOCK_BYTES, b"\0"
    )


def parse_copy(block: bytes) -> tuple[int, Released] | None:
    """The sequence and the state in one copy; None where its check fails."""
    if len(block) < _NOTE_OFFSET:
        return None
    fields = block[: _FIELDS.size]
    magic, version, note_bytes, sequence, released, dropped, damaged, assigned = _FIELDS.unpack(fields)
    note = block[_NOTE_OFFSET : _NOTE_OFFSET + note_bytes]
    whole = magic == _MAGIC and _CHECK.unpack_from(block, _FIELDS.size)[0] == crc32c(note, crc32c(fields))
    if not whole or version != FORMAT_VERSION:
        return None
    return sequence, Released(released, dropped, damaged, assigned, note)
