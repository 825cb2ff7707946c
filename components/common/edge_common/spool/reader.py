"""Reading records by number, around what is damaged.

Owns the indexes of the segments that are read and the last decoded frame. Used under the store's lock.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from edge_common.files import disk_errors
from edge_common.spool.chain import Chain
from edge_common.spool.frame import FrameDamagedError, decode
from edge_common.spool.ledger import Ledger
from edge_common.spool.quarantine import Quarantine
from edge_common.spool.scan import gaps, scan
from edge_common.spool.segment import Entry, Segment


@dataclass(frozen=True, slots=True)
class Batch:
    """Records with consecutive numbers; record `i` of them has number `first + i`.

    Attributes:
        first: Number of the first; above the one asked for where numbers before it are released or damaged.
        last: Number of the last; `first - 1` when there is none, and then everything through `last` is done
            with.
        records: As they were appended.
    """

    first: int
    last: int
    records: tuple[bytes, ...]


class Reader:
    """Finds and decodes frames; one for each open spool."""

    def __init__(self, chain: Chain, ledger: Ledger, quarantine: Quarantine) -> None:
        self._chain = chain
        self._ledger = ledger
        self._quarantine = quarantine
        self._looked_up: Segment | None = None
        self._decoded: tuple[Entry, tuple[bytes, ...]] | None = None

    def read(self, after: int, max_records: int, max_bytes: int) -> Batch:
        """What follows record `after`, up to the bounds or the next gap, but at least one record."""
        number = max(after + 1, self._ledger.released)
        records: list[bytes] = []
        size_bytes = 0
        while number < self._ledger.next and len(records) < max_records:
            found = self._frame_at(number)
            if found is None or found[0] > number:
                if records:
                    break
                number = found[0] if found is not None else self._ledger.next
                continue
            for record in found[1]:
                if records and (size_bytes + len(record) > max_bytes or len(records) == max_records):
                    return _batch(number, records)
                records.append(record)
                size_bytes += len(record)
                number += 1
        return _batch(number, records)

    def look_up(self, segment: Segment) -> list[Entry]:
        """The frames of `segment`; what lies broken between them is noted and kept aside.

        Raises:
            TransientError: The disk fails.
            PermanentError: A frame of a newer format.
        """
        if segment.entries is None:
            end = self._chain.end_of(segment, self._ledger.next)
            with disk_errors("read", segment.path):
                found = scan(segment, end)
                for offset, size_bytes in found.broken:
                    self._quarantine.keep(segment.generation, offset, segment.read_around(offset, size_bytes))
            self._ledger.found_gaps(segment.first, end, gaps(found.entries, segment.first, end))
            segment.entries = found.entries
        self._forget_others(segment)
        return segment.entries

    def lose(self, segment: Segment, entry: Entry, frame: bytes) -> None:
        """Note that a frame is damaged, keep its bytes aside, and do not look at it again."""
        self._quarantine.keep(segment.generation, entry.offset, frame)
        self._ledger.found_gaps(entry.header.first, entry.header.last + 1, _range_of(entry))
        if segment.entries is not None:
            segment.entries.remove(entry)

    def _frame_at(self, number: int) -> tuple[int, tuple[bytes, ...]] | None:
        """The records from `number` on in the frame that has it, or in the next one after it."""
        segments = self._chain.segments
        position = max(0, bisect_right(segments, number, key=lambda segment: segment.first) - 1)
        while position < len(segments):
            segment = segments[position]
            end = self._chain.end_of(segment, self._ledger.next)
            entries = self.look_up(segment)
            at = bisect_left(entries, number, key=lambda entry: entry.header.last)
            if at == len(entries) or entries[at].header.first >= end:
                position += 1
                continue
            records = self._records_of(segment, entries[at])
            if records is not None:
                first = max(number, entries[at].header.first)
                offset = entries[at].header.first
                return first, records[first - offset : end - offset]
        return None

    def _records_of(self, segment: Segment, entry: Entry) -> tuple[bytes, ...] | None:
        if self._decoded is not None and self._decoded[0] is entry:
            return self._decoded[1]
        with disk_errors("read", segment.path):
            frame = segment.read_around(entry.offset, entry.header.frame_bytes)
        try:
            records = decode(entry.header, frame)
        except FrameDamagedError:
            self.lose(segment, entry, frame)
            return None
        self._ledger.found_records(entry.header.first, entry.header.last + 1)
        self._decoded = (entry, records)
        return records

    def _forget_others(self, segment: Segment) -> None:
        """Keep one index beside that of the active segment: a spool of gigabytes must not fill the memory."""
        if segment is self._chain.active:
            return
        if (
            self._looked_up is not None
            and self._looked_up is not segment
            and self._looked_up is not self._chain.active
        ):
            self._looked_up.entries = None
            self._looked_up.close()
        self._looked_up = segment


def _batch(end: int, records: list[bytes]) -> Batch:
    return Batch(end - len(records), end - 1, tuple(records))


def _range_of(entry: Entry) -> list[tuple[int, int]]:
    return [(entry.header.first, entry.header.last + 1)]
