"""Finding the frames of one segment, and what lies broken between them. Reads; changes nothing."""

from dataclasses import dataclass

from edge_common.spool.frame import (
    BLOCK_BYTES,
    HEADER_BYTES,
    FrameDamagedError,
    Header,
    begins_frame,
    check,
    read_header,
)
from edge_common.spool.segment import Entry, Segment


@dataclass(frozen=True, slots=True)
class Scan:
    """What stands in a segment.

    Attributes:
        entries: The whole frames, in order.
        end_bytes: Where the last of them ends.
        broken: (offset, size in bytes) of each stretch that lies before a whole frame and is none.
        torn: (offset, size in bytes) of what was begun after the last whole frame; None when nothing was.
    """

    entries: list[Entry]
    end_bytes: int
    broken: list[tuple[int, int]]
    torn: tuple[int, int] | None


def scan(segment: Segment, end_number: int | None) -> Scan:
    """Look for frames block by block, skipping whole ones.

    Args:
        segment: The one to look through.
        end_number: Number after the last record it was given: the search ends there, and only headers are
            read, because a payload is checked whenever it is read. None for the tail, whose end nobody
            knows: then every frame is checked whole and the search goes to the end of the file.

    Raises:
        OSError: The disk gives nothing at all; a sector that cannot be read is no frame.
        PermanentError: A frame of a newer format.
    """
    entries: list[Entry] = []
    broken: list[tuple[int, int]] = []
    offset = end = 0
    expected = segment.first
    torn: tuple[int, int] | None = None
    while offset < segment.size_bytes and (end_number is None or expected < end_number):
        block = segment.read_around(offset, HEADER_BYTES)
        header = read_header(block, segment.generation)
        if header is None or header.first < expected or not _whole(segment, offset, header, end_number):
            if offset == end and begins_frame(block, segment.generation):
                torn = (offset, header.frame_bytes if header else BLOCK_BYTES)
            offset += BLOCK_BYTES
            continue
        if offset > end:
            broken.append((end, offset - end))
        entries.append(Entry(offset, header))
        expected = header.last + 1
        offset = end = offset + header.frame_bytes
        torn = None
    return Scan(entries, end, broken, torn)


def gaps(entries: list[Entry], first: int, end: int) -> list[tuple[int, int]]:
    """Ranges (first, end) of record numbers in [first, end) that no frame holds."""
    missing = []
    for entry in entries:
        if entry.header.first > first:
            missing.append((first, entry.header.first))
        first = max(first, entry.header.last + 1)
    if first < end:
        missing.append((first, end))
    return missing


def _whole(segment: Segment, offset: int, header: Header, end_number: int | None) -> bool:
    if offset + header.frame_bytes > segment.size_bytes:
        return False
    if end_number is not None:
        return header.first < end_number
    try:
        check(header, segment.read_around(offset, header.frame_bytes))
    except FrameDamagedError:
        return False
    return True
