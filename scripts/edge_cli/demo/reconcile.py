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
    """The account at one moment: produced = delivered + waiting + lost.

    Attributes:
        produced: Readings that were made.
        delivered: Different readings that arrived.
        waiting: Readings that the publisher has stored and, as far as its log says, not handed over yet.
        duplicated: Arrivals beyond the first of each reading.
    """

    produced: int
    delivered: int
    waiting: int
    duplicated: int

    @property
    def lost(self) -> int:
        """Neither arrived nor waiting on the device: while the demo runs, they may still be on their way."""
        return self.produced - self.delivered - self.waiting


class Ledger:
    """Collects what either end says, in any order; used by one thread."""

    def __init__(self) -> None:
        self._stored: set[ReadingId] = set()
        self._published: set[ReadingId] = set()
        self._arrivals: Counter[ReadingId] = Counter()

    def stored(self, reading: ReadingId) -> None:
        """The publisher logged that it is safe on its disk."""
        self._stored.add(reading)

    def published(self, reading: ReadingId) -> None:
        """The publisher logged that the core took it."""
        self._published.add(reading)

    def arrived(self, reading: ReadingId) -> None:
        """It arrived in the cloud."""
        self._arrivals[reading] += 1

    def balance(self) -> Balance:
        """The account as far as it is known now."""
        delivered = set(self._arrivals)
        seen = self._stored | self._published | delivered
        return Balance(
            produced=len(seen) + _gaps(seen),
            delivered=len(delivered),
            waiting=len(self._stored - self._published - delivered),
            duplicated=self._arrivals.total() - len(delivered),
        )


def _gaps(seen: set[ReadingId]) -> int:
    last: dict[str, int] = {}
    for reading in seen:
        last[reading.boot_id] = max(reading.sequence, last.get(reading.boot_id, -1))
    return sum(highest + 1 for highest in last.values()) - len(seen)
