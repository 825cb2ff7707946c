"""Outboxes against what they were given, while the far end fails, clocks jump and the process dies."""

import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from edge_common.errors import EdgeError
from edge_common.spool import OnFull
from support.figures import Figure
from support.manual_clock import ManualClock
from support.outbox.bench import WINDOW, Bench
from support.outbox.ends import POISON, Broker, Bucket, Mood

SEQUENCES = 100
SEQUENCES_RELEASE = 5_000
STEPS = 40
EPOCH = datetime.fromisoformat("1970-01-01")  # where a board without a battery starts
MOODS = st.lists(st.sampled_from(Mood), max_size=5)
SIZES = st.sampled_from((1, 30, 3_000, 9_000))
WALL_CLOCKS = st.datetimes(min_value=EPOCH, timezones=st.just(UTC))


class OutboxOnDisk(RuleBasedStateMachine):
    """What both kinds must keep to."""

    batches: ClassVar[bool]
    on_full = OnFull.REJECT
    segments = 60

    @initialize()
    def start(self) -> None:
        """An empty folder."""
        self.home = Path(tempfile.mkdtemp(dir="/dev/shm"))
        self.lives = 0
        self.clock = ManualClock()
        self.bucket, self.broker = Bucket(), Broker()
        self.taken: list[bytes] = []
        self.maybe: set[bytes] = set()
        self.serial = 0
        self.bench = self._open()

    @rule(count=st.integers(1, 6), size=SIZES, poisoned=st.booleans())
    def put(self, count: int, size: int, poisoned: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """Records that differ from all before; the first may be poison."""
        for number in range(count):
            record = self._record(size, poisoned=poisoned and number == 0)
            self.bench.put(record)
            self.taken.append(record)

    @rule(moods=MOODS, steps=st.integers(1, 8), hurried=st.booleans())
    def deliver(self, moods: list[Mood], steps: int, hurried: bool) -> None:  # noqa: FBT001  the same
        """The delivery thread comes to some of it."""
        self._mood(moods)
        if hurried:
            self.bench.hurry()
        for _ in range(steps):
            with suppress(EdgeError, ZeroDivisionError):
                self.bench.step()

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        """On both clocks."""
        self.clock.advance(seconds)

    @rule(wall_clock=WALL_CLOCKS)
    def the_wall_clock_jumps(self, wall_clock: datetime) -> None:
        """Decades, forwards or backwards."""
        self.clock._now = wall_clock

    @rule()
    def restart(self) -> None:
        """An orderly stop and a new start."""
        self.bench.close()
        self.bench = self._open()

    @rule(before_call=st.integers(0, 12), moods=MOODS, size=SIZES, poisoned=st.booleans())
    def die(self, before_call: int, moods: list[Mood], size: int, poisoned: bool) -> None:  # noqa: FBT001  the same
        """The process dies between two durable steps of a put and of some deliveries."""
        self._mood(moods)
        record = self._record(size, poisoned=poisoned)

        def work() -> None:
            self.maybe.add(record)
            self.bench.put(record)
            self.maybe.discard(record)
            self.taken.append(record)
            self.bench.hurry()
            while True:
                with suppress(EdgeError, ZeroDivisionError):
                    if self.bench.step() is None:
                        return

        self.lives += 1
        self.bench.die(work, before_call, self.home / str(self.lives))
        shutil.rmtree(self.home / str(self.lives - 1))
        self.bench = self._open()

    @invariant()
    def everything_stands_in_one_place(self) -> None:
        """Conservation."""
        if not hasattr(self, "bench"):
            return
        now = self.bench.storage.statistics()
        assert now.taken == now.waiting + now.delivered + now.dropped + now.damaged + now.dead
        assert min(now.waiting, now.delivered, now.dropped, now.damaged, now.dead) >= 0
        assert now.taken - len(self.taken) in range(len(self.maybe) + 1)

    @rule()
    def the_far_end_is_well_for_a_while(self) -> None:
        """Liveness: everything leaves, and is where it belongs."""
        self._mood([])
        self.bench.deliver_all()
        self.judge()

    def judge(self) -> None:
        """Nothing lost, nothing twice, everything in order."""
        now = self.bench.storage.statistics()
        arrived = self._arrived()
        poison = {record for record in self.taken if record.startswith(POISON)}
        letters = self.bench.letters()
        assert now.waiting == now.dropped == now.damaged == 0
        assert now.dead == len({(letter.lane, letter.number) for letter in letters}) == len(letters)
        assert now.delivered == now.taken - now.dead
        assert set(self.taken) - poison <= set(arrived)
        assert set(arrived) <= (set(self.taken) - poison) | self.maybe
        assert poison <= {letter.record for letter in letters} <= poison | self.maybe
        self._judge_repeats(arrived)

    def _judge_repeats(self, arrived: list[bytes]) -> None:
        raise NotImplementedError

    def _arrived(self) -> list[bytes]:
        return self.bucket.records if self.batches else self.broker.records

    def _mood(self, moods: list[Mood]) -> None:
        self.bucket.moods = list(moods)
        self.broker.moods = list(moods)

    def _record(self, size: int, *, poisoned: bool) -> bytes:
        self.serial += 1
        return b"%s%010d %s" % (POISON if poisoned else b"", self.serial, b"x" * size)

    def _open(self) -> Bench:
        return Bench(
            self.home / str(self.lives),
            self.bucket if self.batches else self.broker,
            self.clock,
            batches=self.batches,
            on_full=self.on_full,
            segments=self.segments,
            max_in_flight=WINDOW,
        )

    def teardown(self) -> None:
        """Give everything back."""
        if hasattr(self, "bench"):
            self.bench.close()
            shutil.rmtree(self.home)


class Batches(OutboxOnDisk):
    """Each record exactly once and in order, over any number of restarts and deaths."""

    batches = True

    def _judge_repeats(self, arrived: list[bytes]) -> None:
        assert self.bucket.overwrites == []
        assert arrived == sorted(set(arrived))


class Messages(OutboxOnDisk):
    """Each record at least once; repeats only after a restart, and at most a window of each lane."""

    batches = False

    def __init__(self) -> None:
        super().__init__()
        self.starts = 0
        self.lost_answers = 0

    def _open(self) -> Bench:
        self.starts += 1
        return super()._open()

    def _mood(self, moods: list[Mood]) -> None:
        self.lost_answers += moods.count(Mood.LOSE_ANSWER) + moods.count(Mood.CRASH) * WINDOW
        super()._mood(moods)

    def _judge_repeats(self, arrived: list[bytes]) -> None:
        assert len(arrived) - len(set(arrived)) <= 2 * WINDOW * (self.starts - 1) + self.lost_answers


class SmallBatches(Batches):
    """With a cap that is soon reached, the oldest give way, also while they are being sent."""

    on_full = OnFull.DROP_OLDEST
    segments = 3

    def judge(self) -> None:
        """What is missing was dropped, by number: the oldest of each moment."""
        now = self.bench.storage.statistics()
        poison = {record for record in self.taken if record.startswith(POISON)}
        missing = set(self.taken) - poison - set(self._arrived())
        unburied = poison - {letter.record for letter in self.bench.letters()}
        assert now.waiting == now.damaged == 0
        assert len(missing) + len(unburied) <= now.dropped
        assert set(self._arrived()) <= (set(self.taken) - poison) | self.maybe
        assert self.bucket.overwrites == []
        for frozen in self.bucket.frozen.values():
            numbers = [record.removeprefix(POISON) for record in frozen.records]
            assert numbers == sorted(numbers)


MACHINES: list[type[OutboxOnDisk]] = [Batches, Messages, SmallBatches]


def trial(machine: type[OutboxOnDisk], sequences: int, figure: Figure) -> None:
    """Run the sequences."""
    run_state_machine_as_test(
        machine, settings=settings(max_examples=sequences, stateful_step_count=STEPS, deadline=None)
    )
    figure("outbox, model with restarts and deaths", sequences=sequences, lost=0, twice=0)


@pytest.mark.parametrize("machine", MACHINES)
def test_no_sequence_of_failures_and_deaths_loses_or_doubles_a_record(
    machine: type[OutboxOnDisk], figure: Figure
) -> None:
    trial(machine, SEQUENCES, figure)


@pytest.mark.release
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("machine", MACHINES)
def test_no_sequence_of_thousands_loses_or_doubles_a_record(
    machine: type[OutboxOnDisk], figure: Figure
) -> None:
    trial(machine, SEQUENCES_RELEASE, figure)
