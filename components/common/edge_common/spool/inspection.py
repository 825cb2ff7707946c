"""A look into a spool from outside: it reads, changes nothing and takes no lock.

Owns reading what another process may be writing at this moment, or what lies in a copy of the folder. A lock,
even a shared one for an instant, would refuse a component that starts just then, so there is none; what the
writer does meanwhile is recognised instead:

- Released and dropped segments are renamed before they are written over. Bytes that fail their check are
  damaged only when the file still has its name afterwards; else the segment has gone, and the walk goes on
  with what waits now.
- A commit under way is an unfinished frame at the end of the last segment. Commits follow one another, so
  what looks broken before a whole frame is read once more before it is called damaged.
- The journal is synced before any bytes go. It is read between two looks at the names of the segments, and
  is true of them when both are the same.

Runs in its caller's thread; nothing stays open between two calls, or after a walk has been closed.
"""

import os
from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge_common.spool.blank import BLANK_NAMES
from edge_common.spool.findings import Cause, Damage, Found, Picture
from edge_common.spool.folder import FORMAT_NAME
from edge_common.spool.frame import FrameDamagedError, decode
from edge_common.spool.quarantine import QUARANTINE_NAME
from edge_common.spool.scan import Scan, gaps, scan
from edge_common.spool.segment import Entry, Segment, open_segment, parse_name
from edge_common.spool.standing import (
    MAX_TRIES,
    Standing,
    first_of,
    format_is_rotten,
    reading,
    segment_names,
    take,
    too_fast,
)

_LOCKS = Path("/proc/locks")  # proc_locks(5)


class _GoneError(Exception):
    """The segment that was being read is released, dropped or superseded."""


def is_spool(path: Path) -> bool:
    """Whether the folder `path` holds a spool.

    Raises:
        TransientError: The disk fails.
        PermanentError: It is no folder, or not this user's to read.
    """
    with reading(path):
        return any(entry.name == FORMAT_NAME or parse_name(entry.name) for entry in path.iterdir())


def holder(path: Path) -> int | None:
    """Process id of whoever has the spool open; None when nobody has, as far as this system tells.

    Asks the kernel's list of locks instead of trying the lock, see the module. A process in another container
    does not show.

    Raises:
        TransientError: The disk fails.
        PermanentError: It is not this user's to read.
    """
    with reading(path):
        status = path.stat()
        locks = _LOCKS.read_text() if _LOCKS.exists() else ""
    inode = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in locks.splitlines():
        fields = line.split()
        if inode in fields and "FLOCK" in fields and "->" not in fields:
            return int(fields[fields.index(inode) - 1])
    return None


def look(path: Path) -> Picture:
    """One picture of the spool in the folder `path`; reads the journal, the names and the last segment.

    Raises:
        TransientError: The disk fails, or the spool changes faster than it can be looked at.
        PermanentError: It is not this user's to read, or its format is newer than this program.
    """
    with reading(path):
        rotten_format = format_is_rotten(path)
        for _ in range(MAX_TRIES):
            standing = take(path)
            try:
                tail = _look_at_tail(standing.segments[-1]) if standing.segments else None
            except (_GoneError, FileNotFoundError):
                continue
            return _picture(path, standing, tail, rotten_format=rotten_format)
    raise too_fast(path)


def walk(picture: Picture) -> Generator[Found | Damage, None, None]:
    """Read everything that waits in a picture and is still there, oldest first, and check every frame.

    What the reader releases meanwhile may be left out; what arrives after the picture is.

    Raises:
        TransientError: The disk fails, or the spool changes faster than it can be read.
        PermanentError: It is not this user's to read, or holds a frame of a newer format.
    """
    number, stop = picture.released, picture.next_number
    with reading(picture.path):
        while number < stop:
            standing = take(picture.path)
            segments = standing.segments
            number = max(number, standing.journal.released)
            at = bisect_right(segments, number, key=first_of) - 1
            sealed = at + 1 < len(segments)
            end = min(first_of(segments[at + 1]), stop) if sealed else stop
            if at < 0 and number < end:
                yield Damage(number, end - 1, Cause.MISSING)
            elif number < end:
                try:
                    for piece in _walk_segment(segments[at], number, end, sealed=sealed):
                        yield piece
                        number = piece.last + 1
                except (_GoneError, FileNotFoundError):
                    continue
            number = max(number, end)


def _picture(path: Path, standing: Standing, tail: Scan | None, *, rotten_format: bool) -> Picture:
    journal, segments = standing.journal, standing.segments
    entries = tail.entries if tail is not None else []
    tail_first = first_of(segments[-1]) if segments else journal.released
    end = entries[-1].header.last + 1 if entries else tail_first
    next_number = max(end, journal.released, journal.assigned)
    oldest = first_of(segments[0]) if segments else next_number
    lost = gaps(entries, max(tail_first, journal.released), next_number) if segments else []
    return Picture(
        path=path,
        next_number=next_number,
        released=journal.released,
        dropped=journal.dropped,
        damaged=journal.damaged,
        missing=max(0, oldest - journal.released) + sum(stop - start for start, stop in lost),
        note=journal.note,
        size_bytes=_size_bytes(path / name for name in (*segment_names(path), *BLANK_NAMES)),
        quarantined_bytes=_size_bytes((path / QUARANTINE_NAME).glob("*")),
        unfinished=tail is not None and tail.torn is not None and next_number == end,
        rotten_copies=standing.rotten_copies,
        rotten_format=rotten_format,
    )


def _walk_segment(path: Path, number: int, end: int, *, sealed: bool) -> Iterator[Found | Damage]:
    """The records from `number` up to `end` of the segment at `path`, and what is damaged among them."""
    with _opened(path) as segment:
        offset = 0
        for entry in _scan(segment, end if sealed else None).entries:
            start, stop = min(entry.header.first, end), min(entry.header.last + 1, end)
            if number < start:
                yield _damage(segment, number, start - 1, offset, entry.offset - offset)
                number = start
            offset = entry.offset + entry.header.frame_bytes
            if number < stop:
                yield _read_frame(segment, entry, number, stop)
                number = stop
        if number < end:
            yield _damage(segment, number, end - 1, offset, segment.size_bytes - offset)


def _read_frame(segment: Segment, entry: Entry, number: int, end: int) -> Found | Damage:
    """The records from `number` up to `end`, all of one frame."""
    header = entry.header
    try:
        records = decode(header, segment.read_around(entry.offset, header.frame_bytes))
    except FrameDamagedError:
        return _damage(segment, number, end - 1, entry.offset, header.frame_bytes)
    return Found(number, records[number - header.first : end - header.first], header.frame_bytes)


def _damage(segment: Segment, first: int, last: int, offset: int, size_bytes: int) -> Damage:
    """What to call records that were not found, at a place where the disk gave something for every sector.

    Raises:
        _GoneError: The file has been given away meanwhile, so that nothing can be said of them.
    """
    cause = Cause.CHECKSUM
    try:
        segment.read(offset, size_bytes)
    except OSError:
        cause = Cause.UNREADABLE
    if not segment.path.exists():
        raise _GoneError
    return Damage(first, last, cause, segment.path.name, offset, size_bytes)


def _look_at_tail(path: Path) -> Scan:
    with _opened(path) as segment:
        found = _scan(segment, None)
        if not path.exists():
            raise _GoneError
        return found


def _scan(segment: Segment, end_number: int | None) -> Scan:
    """The frames of a segment; of the last one, `end_number` None, without what is only being written."""
    found = scan(segment, end_number)
    while end_number is None and found.broken:
        again = scan(segment, end_number)
        if again.broken == found.broken:
            break
        found = again
    return found


@contextmanager
def _opened(path: Path) -> Iterator[Segment]:
    """The segment at `path` for reading only; by itself it would open for writing too."""
    segment = open_segment(path)
    segment.descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        yield segment
    finally:
        segment.close()


def _size_bytes(paths: Iterable[Path]) -> int:
    """Of all those files that are still there."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
