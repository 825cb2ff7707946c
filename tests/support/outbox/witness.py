"""The oracle of the outbox's trials: what was put and what has arrived, as told by pipe, socket or log.

It knows nothing of files until `judge` opens the outbox with a far end that is well.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from edge_common.clock import SystemClock
from edge_common.errors import EdgeError, PermanentError
from edge_common.outbox import Frozen, Parcel
from support.outbox.bench import Bench
from support.outbox.ends import POISON


def record_of(serial: int, *, poisoned: bool, size_bytes: int) -> bytes:
    """A record that names itself."""
    return b"%d %s%s" % (serial, POISON if poisoned else b"good", b"." * size_bytes)


def serial_of(record: bytes) -> int:
    """The serial number of a record."""
    return int(record.split(b" ", 1)[0])


def putting(serial: int) -> bytes:
    """The line before `put` is called."""
    return b"I %d\n" % serial


def put(serial: int, *, poisoned: bool) -> bytes:
    """The line once `put` has returned."""
    return b"P %d %d\n" % (serial, poisoned)


def arrived(name: str, records: Sequence[bytes]) -> bytes:
    """The line by which the far end takes a parcel; a message is a parcel of one without a name."""
    return b"F %s %s\n" % (name.encode() or b"-", b",".join(b"%d" % serial_of(record) for record in records))


def repeating(count: int) -> bytes:
    """The line after which so many messages may come again: answers were lost, or the outbox restarts."""
    return b"L %d\n" % count


def parcel_of(frozen: Frozen) -> Parcel:
    """All of it in the name and the body."""
    stamp = frozen.frozen_at.isoformat()
    return Parcel(f"{frozen.first}-{frozen.last}-{stamp}", b"\n".join(frozen.records))


@dataclass
class Witness:
    """What is known of one outbox over all its deaths.

    Attributes:
        asked: Serial numbers whose `put` was called.
        good: Those whose `put` has returned.
        poison: The same of records that no far end takes.
        parcels: Serial numbers under each name.
        messages: Serial numbers of messages in the order of arrival.
        may_repeat: How many messages may have arrived more than once, for reasons that were told.
        faults: What is broken.
    """

    asked: set[int] = field(default_factory=set)
    good: set[int] = field(default_factory=set)
    poison: set[int] = field(default_factory=set)
    parcels: dict[str, tuple[int, ...]] = field(default_factory=dict)
    messages: list[int] = field(default_factory=list)
    may_repeat: int = 0
    faults: list[str] = field(default_factory=list)

    def hear(self, said: bytes) -> None:
        """Take in whole lines; what a death cut short was not said."""
        for line in said.split(b"\n")[:-1]:
            word, first, *rest = line.split()
            if word == b"I":
                self.asked.add(int(first))
            elif word == b"P":
                (self.poison if rest[0] == b"1" else self.good).add(int(first))
            elif word == b"L":
                self.may_repeat += int(first)
            else:
                self._take(first.decode(), tuple(map(int, rest[0].split(b","))))

    def judge(self, folder: Path, *, batches: bool, may_repeat: int) -> list[str]:
        """Let a far end that is well have the rest; every promise that is broken.

        Args:
            folder: The outbox.
            batches: Which kind.
            may_repeat: How many messages may have arrived more than once, beside those that were told of.
        """
        try:
            bench = Bench(folder, self, SystemClock(), batches=batches)
        except EdgeError as error:
            return [f"cannot be opened: {error}"]
        try:
            bench.deliver_all()
            letters = Counter((letter.lane, letter.number) for letter in bench.letters())
            dead = {serial_of(letter.record) for letter in bench.letters()}
            overflown = bench.storage._dead_letters.statistics().dropped  # their store is bounded
            now = bench.storage.statistics()
        finally:
            bench.close()
        here = Counter(self.messages)
        for serials in self.parcels.values():
            here.update(serials)
        twice = {serial: count for serial, count in here.items() if count > 1}
        repeats = sum(here.values()) - len(here)
        settled = len(here.keys() - self.poison) + now.dead
        wrong = {
            "lost": self.good - here.keys(),
            "never put": here.keys() - self.asked,
            "twice": twice if repeats > (0 if batches else may_repeat + self.may_repeat) else {},
            "poison lost": len(self.poison - dead) > overflown,
            "poison arrived": self.poison & here.keys(),
            "dead but good": dead & self.good,
            "letters doubled": {letter for letter, count in letters.items() if count > 1},
            "dead is miscounted": now.dead != len(letters) + overflown,
            "does not add up": now.taken != sum(astuple(now)[1:6]),
            "still there": now.waiting + now.dropped + now.damaged,
            "taken is miscounted": now.taken != settled,
        }
        return [*self.faults, *(f"{fault}: {what} ({now})" for fault, what in wrong.items() if what)]

    def prepare(self, frozen: Frozen) -> Parcel:
        """As the far end in the trial does."""
        return parcel_of(frozen)

    def send(self, sent: Any) -> Any:
        """Take everything but poison."""
        if isinstance(sent, Parcel):
            if POISON in sent.body:
                raise PermanentError("there is poison in it", code="poison")
            self._take(sent.name, tuple(map(serial_of, sent.body.split(b"\n"))))
            return None
        return [self._take_message(record) for record in sent]

    def _take_message(self, record: bytes) -> EdgeError | None:
        if POISON in record:
            return PermanentError("there is poison in it", code="poison")
        self.messages.append(serial_of(record))
        return None

    def _take(self, name: str, serials: tuple[int, ...]) -> None:
        if name == "-":
            self.messages += serials
        elif self.parcels.setdefault(name, serials) != serials:
            self.faults.append(f"{name} was sent with other bytes")
