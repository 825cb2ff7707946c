"""Where every record number stands: waiting, delivered, dropped or damaged.

Owns the journal's state and the gaps known among what waits. Used under the store's lock.
"""

from collections.abc import Iterable

from edge_common.spool.journal import Journal, Released


class Ledger:
    """The numbers of one open spool.

    Attributes:
        next: Number that the next record will have.
    """

    def __init__(self, journal: Journal, next_number: int) -> None:
        self._journal = journal
        self.next = next_number
        self._gaps: list[tuple[int, int]] = []

    @property
    def state(self) -> Released:
        """What the journal holds."""
        return self._journal.state or Released()

    @property
    def released(self) -> int:
        """Every record below this number is done with."""
        return self.state.released

    def found_gaps(self, first: int, end: int, found: Iterable[tuple[int, int]]) -> None:
        """Note the gaps of the range [first, end), just looked through, beside those known before."""
        inside = [gap for gap in self._gaps if first <= gap[0] < end]
        rest = [gap for gap in self._gaps if not first <= gap[0] < end and gap[1] > self.released]
        self._gaps = sorted([*rest, *_union([*inside, *found])])

    def found_records(self, first: int, end: int) -> None:
        """The range [first, end) has been read after all: a sector may come back, and is no damage then."""
        if any(gap[0] < end and first < gap[1] for gap in self._gaps):
            outside = [
                piece
                for gap in self._gaps
                for piece in ((gap[0], min(gap[1], first)), (max(gap[0], end), gap[1]))
            ]
            self._gaps = [piece for piece in outside if piece[0] < piece[1]]

    def damaged(self, first: int, end: int) -> int:
        """How many numbers of [first, end) are known to be lost to damage."""
        return sum(max(0, min(end, gap[1]) - max(first, gap[0])) for gap in self._gaps)

    def release(self, end: int) -> None:
        """Make durable that every record below `end` is delivered save what is damaged; drop the note."""
        self._settle(end, note=b"")

    def drop(self, end: int) -> None:
        """Make durable that every record below `end` which was not released gave way to newer ones."""
        self._settle(end, dropping=True)

    def remember(self, note: bytes) -> None:
        """Make `note` durable in place of the former one."""
        self._settle(self.released, note=note)

    def confirm(self) -> None:
        """Make durable how many records were acknowledged, so that their loss would show."""
        self._settle(self.released)

    def close(self) -> None:
        """Close the journal; nothing is written."""
        self._journal.close()

    def _settle(self, end: int, *, dropping: bool = False, note: bytes | None = None) -> None:
        """Write the journal; `note` is None to keep the one there is."""
        state = self.state
        damaged = self.damaged(state.released, end)
        dropped = end - state.released - damaged if dropping else 0
        self._journal.write(
            Released(
                released=end,
                dropped=state.dropped + dropped,
                damaged=state.damaged + damaged,
                assigned=self.next,
                note=state.note if note is None else note,
            )
        )
        self._gaps = [gap for gap in self._gaps if gap[1] > end]


def _union(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((first, end))
    return joined
