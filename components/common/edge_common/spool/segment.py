"""One segment: a file of fixed size that frames are written into, one after the other, in place.

Owns the file's name, its descriptor and the rule that a descriptor is never used for writing again once a
write or a sync on it has failed. Knows nothing of other segments. Used under the store's lock, except `write`
and `sync`, which only the thread that commits calls.

A name is `GENERATION-FIRST.segment` (16 hex digits, 20 decimal digits): the listing of the folder alone
gives the order of the segments and the range of records in each, and no damaged block can take a segment's
place away.
"""

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge_common.files import sync_folder
from edge_common.log import get_logger, limited
from edge_common.spool.frame import Header
from edge_common.spool.journal import JOURNAL_NAME
from edge_common.spool.sectors import read_around

_NAME = re.compile(r"([0-9a-f]{16})-([0-9]{20})\.(segment|suspect)")
_COUNTER_SHIFT = 32
_SAID_EVERY_S = 60.0
_log = get_logger("spool")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a frame stands in its segment."""

    offset: int
    header: Header


@dataclass(slots=True, eq=False)
class Segment:
    """A segment; whoever made it closes it.

    Attributes:
        path: The file.
        generation: Grows with every use of any segment; see `next_generation`.
        first: Number of its first record.
        size_bytes: Fixed when it was made.
        descriptor: Open while it is written or read; None otherwise, for there may be thousands of segments.
        suspect: A write or sync has failed: never written or synced again, and superseded before anything
            new is acknowledged.
        has_bad_sector: Some of it could not be read: it is not used again for new records.
        end_bytes: Where the next frame goes.
        entries: Its frames in order, or None while they are not looked up.
    """

    path: Path
    generation: int
    first: int
    size_bytes: int
    descriptor: int | None = None
    suspect: bool = False
    has_bad_sector: bool = False
    end_bytes: int = 0
    entries: list[Entry] | None = field(default=None)

    def write(self, offset: int, content: bytes) -> None:
        """Write `content` in place.

        Raises:
            OSError: Some of it may be written; the segment is suspect from now on.
            RuntimeError: It is suspect already.
        """
        self._require_trust()
        try:
            rest = memoryview(content)
            while rest:
                written = os.pwrite(self._open(), rest, offset)
                rest, offset = rest[written:], offset + written
        except OSError:
            self.distrust()
            raise

    def sync(self) -> None:
        """Bring what was written to disk.

        Raises:
            OSError: Nothing may be believed; the segment is suspect from now on.
            RuntimeError: It is suspect already: a second sync may succeed with the bytes gone.
        """
        self._require_trust()
        try:
            os.fdatasync(self._open())
        except OSError:
            self.distrust()
            raise

    def distrust(self) -> None:
        """Mark the file suspect, by name too, so that the next process on the same page cache knows.

        The name need not reach the disk: where it does not, the page cache did not survive either, and what
        is read then is what the disk holds.
        """
        self.suspect = True
        marked = self.path.with_suffix(".suspect")
        with suppress(
            OSError
        ):  # a disk that has just failed may refuse this as well; the flag holds for this process
            self.path.rename(marked)
            self.path = marked

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Up to `size_bytes` from `offset`; fewer at the end of the file.

        Raises:
            OSError: The disk fails.
        """
        return os.pread(self._open(), size_bytes, offset)

    def read_around(self, offset: int, size_bytes: int) -> bytes:
        """As `read`, but blocks that cannot be read are zeros, which pass no check; it is said in the log.

        Raises:
            OSError: The disk gives nothing at all.
        """
        probe = self.path.with_name(JOURNAL_NAME)
        content, unreadable_blocks = read_around(self._open(), size_bytes, offset, probe)
        if unreadable_blocks:
            self.has_bad_sector = True
            _log.warning(
                "sector_unreadable",
                file=str(self.path),
                offset=offset,
                blocks=unreadable_blocks,
                **limited("sector_unreadable", _SAID_EVERY_S),
            )
        return content

    def close(self) -> None:
        """Close the file; nothing is written, and reading opens it again."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _open(self) -> int:
        if self.descriptor is None:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW)
        return self.descriptor

    def _require_trust(self) -> None:
        if self.suspect:
            raise RuntimeError(f"{self.path.name} is suspect and may not be written or synced again")


def next_generation(latest: int) -> int:
    """A generation above `latest`: a counter in the upper 32 bits, random in the lower ones.

    Random, so that no record can carry a frame made to look like one of its own segment.
    """
    return ((latest >> _COUNTER_SHIFT) + 1) << _COUNTER_SHIFT | secrets.randbits(_COUNTER_SHIFT)


def parse_name(name: str) -> tuple[int, int, bool] | None:
    """Generation, first record and whether suspect; None for what is no segment's name."""
    match = _NAME.fullmatch(name)
    return (int(match[1], 16), int(match[2]), match[3] == "suspect") if match else None


def open_segment(path: Path) -> Segment:
    """The segment at `path`, whose name is a segment's; it is opened when it is read.

    Raises:
        OSError: It is not there.
        ValueError: It is no segment's name.
    """
    parsed = parse_name(path.name)
    if parsed is None:
        raise ValueError(f"{path.name} is no segment's name")
    generation, first, suspect = parsed
    return Segment(path, generation, first, path.stat(follow_symlinks=False).st_size, suspect=suspect)


def adopt(source: Path, generation: int, first: int) -> Segment:
    """Make a blank or recycled file the segment of `generation`: its name is on disk before it is used.

    Raises:
        OSError: The disk fails; the file is gone.
    """
    path = source.with_name(segment_name(generation, first))
    source.rename(path)
    try:
        sync_folder(path.parent)
        segment = open_segment(path)
    except OSError:
        with suppress(OSError):  # what stays is empty, and superseded by the next generation
            path.unlink()
        raise
    segment.entries = []
    return segment


def segment_name(generation: int, first: int) -> str:
    """The name of a segment that can be trusted."""
    return f"{generation:016x}-{first:020d}.segment"
