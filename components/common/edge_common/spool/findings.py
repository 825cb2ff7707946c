"""What a look into a spool from outside finds. Pure; frozen, so safe from any thread."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Picture:
    """A spool at one moment. Numbers and counts are of records, as in `edge_common.spool.Statistics`.

    Attributes:
        path: The folder.
        next_number: Number that the next record will have.
        released: Every record below this number is done with.
        dropped: Gave way to newer ones at the cap (ever).
        damaged: Lost to damage and passed (ever).
        missing: How many of those that wait are known to be lost; `walk` finds the rest.
        note: What the reader has noted beside its release; b"" for nothing.
        size_bytes: Of all segment files, in use, spare or in the making.
        quarantined_bytes: Of damaged frames kept aside.
        unfinished: A frame was begun and is not whole: a commit under way, or one that was cut short.
        rotten_copies: How many of the journal's four copies fail their check. All four: what was released is
            not known, and is read again.
        rotten_format: The line that names the format fails its check or is not there; opening makes it anew.
    """

    path: Path
    next_number: int
    released: int
    dropped: int
    damaged: int
    missing: int
    note: bytes
    size_bytes: int
    quarantined_bytes: int
    unfinished: bool
    rotten_copies: int
    rotten_format: bool

    @property
    def records(self) -> int:
        """How many wait, as far as is known."""
        return self.next_number - self.released - self.missing

    @property
    def delivered(self) -> int:
        """How many the reader has released (ever)."""
        return self.released - self.dropped - self.damaged


@dataclass(frozen=True, slots=True)
class Found:
    """Records of one frame that passed its checks; record `i` of them has number `first + i`.

    Attributes:
        first: Number of the first; those before it are released.
        records: As they were appended; at least one.
        frame_bytes: Of the whole frame on disk.
    """

    first: int
    records: tuple[bytes, ...]
    frame_bytes: int

    @property
    def last(self) -> int:
        """Number of the last."""
        return self.first + len(self.records) - 1


class Cause(StrEnum):
    """Why records are lost."""

    CHECKSUM = "checksum"
    """The bytes are not those that were written."""
    UNREADABLE = "unreadable"
    """The disk does not give the bytes back."""
    MISSING = "missing"
    """The file is not there."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Waiting records that are lost.

    Attributes:
        first: Number of the first.
        last: Number of the last.
        cause: What is wrong.
        segment: Name of the file; "" where it is missing.
        offset: Where in the file, in bytes; 0 without a file.
        size_bytes: How much of the file; 0 without a file.
    """

    first: int
    last: int
    cause: Cause
    segment: str = ""
    offset: int = 0
    size_bytes: int = 0
