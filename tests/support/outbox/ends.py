"""Far ends of outboxes that do what a test tells them, and a context to run an outbox in."""

import hashlib
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from edge_common.backoff import Backoff
from edge_common.clock import Clock, SystemClock
from edge_common.context import Context, Mode
from edge_common.errors import EdgeError, PermanentError, RefusedError, TransientError
from edge_common.metrics import Metrics
from edge_common.outbox import DeliveryBackoff, Frozen, Parcel

POISON = b"poison"  # a record that holds it is never taken
IN_A_BLINK = DeliveryBackoff(Backoff(0.001, 0.005), Backoff(0.001, 0.005))


def context_of(clock: Clock | None = None, stop: threading.Event | None = None) -> Context:
    """What a component would be given."""
    return Context(
        name="com.example.Tested",
        thing_name="core-1",
        stop=stop or threading.Event(),
        mode=Mode.RUN,
        dry_run=False,
        metrics=Metrics(),
        clock=clock or SystemClock(),
    )


class Mood(Enum):
    """What the far end does with what it is sent next."""

    TAKE = auto()
    FAIL = auto()
    REFUSE = auto()
    LOSE_ANSWER = auto()
    CRASH = auto()


def _raise(mood: Mood) -> None:
    match mood:
        case Mood.FAIL:
            raise TransientError("the far end is away. Wait.")
        case Mood.REFUSE:
            raise RefusedError("no such bucket. Make it.", code="no_such_bucket")
        case Mood.LOSE_ANSWER:
            raise TransientError("the connection was cut. Wait.")
        case Mood.CRASH:
            raise ZeroDivisionError("a bug in the sink")
        case Mood.TAKE:
            return


@dataclass
class Bucket:
    """A far end for batches, which outlives restarts; its `moods` are used up one by one, then it takes all.

    Attributes:
        moods: What becomes of the next tries.
        parcels: What it has: the body of each name.
        frozen: The records of each name, as they were frozen.
        overwrites: Names that were sent again with other bytes.
        tries: How often something was sent.
    """

    moods: list[Mood] = field(default_factory=list)
    parcels: dict[str, bytes] = field(default_factory=dict)
    frozen: dict[str, Frozen] = field(default_factory=dict)
    overwrites: list[str] = field(default_factory=list)
    tries: int = 0

    def prepare(self, frozen: Frozen) -> Parcel:
        """The records, one for each line, under a name of their range and their SHA-256."""
        body = b"\n".join((frozen.frozen_at.isoformat().encode(), *frozen.records))
        name = f"{frozen.first}-{frozen.last}-{hashlib.sha256(body).hexdigest()[:16]}"
        self.frozen[name] = frozen
        return Parcel(name, body)

    def send(self, parcel: Parcel) -> None:
        """Do as the next mood says; poison is refused for ever in any mood that would take it."""
        self.tries += 1
        mood = self.moods.pop(0) if self.moods else Mood.TAKE
        if mood in {Mood.TAKE, Mood.LOSE_ANSWER}:
            if POISON in parcel.body:
                raise PermanentError("there is poison in it", code="poison")
            if self.parcels.setdefault(parcel.name, parcel.body) != parcel.body:
                self.overwrites.append(parcel.name)
        _raise(mood)

    @property
    def records(self) -> list[bytes]:
        """Every record that has arrived, in the order of arrival."""
        return [record for body in self.parcels.values() for record in body.split(b"\n")[1:]]


@dataclass
class Broker:
    """A far end for messages, which outlives restarts; moods are for single messages.

    Attributes:
        moods: What becomes of the next messages.
        records: Everything that has arrived, in order, as often as it has.
        most_at_once: The largest number of messages sent together.
    """

    moods: list[Mood] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    most_at_once: int = 0

    def send(self, records: Sequence[bytes]) -> list[EdgeError | None]:
        """One outcome for each, as the next moods say."""
        self.most_at_once = max(self.most_at_once, len(records))
        return [self._take(record) for record in records]

    def _take(self, record: bytes) -> EdgeError | None:
        mood = self.moods.pop(0) if self.moods else Mood.TAKE
        if mood in {Mood.TAKE, Mood.LOSE_ANSWER}:
            if POISON in record:
                return PermanentError("there is poison in it", code="poison")
            self.records.append(record)
        try:
            _raise(mood)
        except EdgeError as error:
            return error
        return None

    @property
    def repeated(self) -> int:
        """How many arrivals were repeats."""
        return sum(count - 1 for count in Counter(self.records).values())
