"""Both ends of the way compared, reading by reading; pure.

The producer's end is what the publisher logged about each reading; the cloud's end is what a client of the
broker received. A reading is `(boot_id, sequence)`; sequences of one boot id begin at 0 and have no gaps, so
a number that neither end has seen, below one that was seen, is a reading that was lost without a word.
"""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingId:
    """Names a reading for ever, on one device: which start of the publisher, which number within it."""

    boot_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The account at one moment.

    Attributes:
        produced: Readings that were made.
        delivered: Different readings that arrived.
        lost: Readings that did not arrive (or have not yet): produced = delivered + lost.
        duplicated: Arrivals beyond the first of each reading.
        lost_with_notice: Of those lost, the ones that the publisher itself reported as not published.
        not_taken: Readings that were never made, because publishing the one before took longer than the
            interval; they are not among those produced.
    """

    produced: int
    delivered: int
    lost: int
    duplicated: int
    lost_with_notice: int
    not_taken: int = 0

    @property
    def lost_silently(self) -> int:
        """Readings that vanished although the core had taken them, or without any trace."""
        return self.lost - self.lost_with_notice


class Ledger:
    """Collects what either end says, in any order; used by one thread."""

    def __init__(self) -> None:
        self._accepted: set[ReadingId] = set()
        self._refused: set[ReadingId] = set()
        self._arrivals: Counter[ReadingId] = Counter()
        self._not_taken = 0

    def accepted(self, reading: ReadingId) -> None:
        """The publisher logged that the core took it."""
        self._accepted.add(reading)

    def refused(self, reading: ReadingId) -> None:
        """The publisher logged that the core did not take it."""
        self._refused.add(reading)

    def not_taken(self, count: int) -> None:
        """The publisher logged that it made no reading at so many ticks."""
        self._not_taken += count

    def arrived(self, reading: ReadingId) -> None:
        """It arrived in the cloud."""
        self._arrivals[reading] += 1

    def balance(self) -> Balance:
        """The account as far as it is known now."""
        delivered = set(self._arrivals)
        seen = self._accepted | self._refused | delivered
        produced = len(seen) + _gaps(seen)
        return Balance(
            produced=produced,
            delivered=len(delivered),
            lost=produced - len(delivered),
            duplicated=self._arrivals.total() - len(delivered),
            # One that was refused at first and taken on a later attempt is the core's to deliver.
            lost_with_notice=len(self._refused - self._accepted - delivered),
            not_taken=self._not_taken,
        )


def _gaps(seen: set[ReadingId]) -> int:
    last: dict[str, int] = {}
    for reading in seen:
        last[reading.boot_id] = max(reading.sequence, last.get(reading.boot_id, -1))
    return sum(highest + 1 for highest in last.values()) - len(seen)
