"""Credentials that end again and again, also in the middle of an upload, and a token exchange with bad days.

Time is a clock that only waiting moves: every wait counts in full, the work itself counts nothing, and a call
that is left without an answer counts as the time-out of the product. So 200 expiries, hours of a device's
life, take seconds, and calls a minute and seconds until it goes on are exact.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from edge_common.outbox import DEFAULT_BACKOFF, Courier, DeliveryBackoff, Outage
from edge_common.s3 import Placed, Timeouts
from support.figures import Figure
from support.manual_clock import ManualClock
from support.outbox.ends import IN_A_BLINK, context_of
from support.s3.bench import PART_BYTES, Bench, bench, hex_of
from support.s3.credentials import Temper, TokenExchangeDouble
from support.s3.store import REGION, running_store
from support.s3.uploading import put_readings, table_of, uploading
from support.spool.spooling import seeded, trial_seed

TRIAL_DEADLINE_S = 1500.0
WINDOW_S = 60.0
RESUME_WITHIN_S = 5.0
# An answer without an end takes seconds that this clock does not count.
FAILURES = [temper for temper in Temper if temper not in {Temper.GIVE, Temper.TRICKLE}]


class Device:
    """One uploader's days: what it puts, and how long each took from valid credentials on.

    `step` is for the product's delivery thread, which waits and tries again.

    Args:
        bed: A gateway whose clock is `clock`.
        clock: Moved by waiting only.
        chance: What goes wrong next.
        path: Where it keeps its large file.
    """

    def __init__(self, bed: Bench, clock: ManualClock, chance: random.Random, path: Path) -> None:
        self._bed = bed
        self._clock = clock
        self._chance = chance
        self._path = path
        self.hashes: set[str] = set()
        self.resumed_after_s: list[float] = []
        self._valid_s = 0.0
        self._puts: Iterator[Callable[[], Placed]] = iter(())
        self._put: Callable[[], Placed] | None = None

    def plan(self, expiries: int, pause_s: tuple[float, float]) -> None:
        """What is to be done: one put, then one for each end of its credentials, with pauses in between.

        Args:
            expiries: How often they end.
            pause_s: Seconds between two ends, from and to.
        """
        self._puts = self._days(expiries, pause_s)

    def step(self) -> float | None:
        """Put what is next; it stops the component when nothing is left."""
        self._put = self._put or next(self._puts, None)
        if self._put is None:
            self._bed.stop.set()
            return None
        tokens = self._bed.tokens
        calls, silences = len(tokens.calls_s), tokens.silences
        try:
            self._put()
        except TransientError:
            self._clock.advance(Timeouts().credentials_s * (tokens.silences - silences))
            if len(tokens.calls_s) > calls:
                self._valid_s = self._clock.monotonic_s()
            raise
        self.resumed_after_s.append(self._clock.monotonic_s() - self._valid_s)
        self._put = None
        return 0.0

    def _days(self, expiries: int, pause_s: tuple[float, float]) -> Iterator[Callable[[], Placed]]:
        yield self._small()
        for number in range(expiries):
            self._clock.advance(self._chance.uniform(*pause_s))
            if number % 20 == 0:
                yield self._large_that_outlives_its_credentials()
            else:
                self._lose_credentials()
                yield self._small()

    def _small(self) -> Callable[[], Placed]:
        body = self._chance.randbytes(200)
        self.hashes.add(hex_of(body))
        return partial(self._bed.put, body)

    def _large_that_outlives_its_credentials(self) -> Callable[[], Placed]:
        """A file of two parts; its credentials end between them."""
        self._path.write_bytes(self._chance.randbytes(PART_BYTES + 1000))
        self.hashes.add(hex_of(self._path.read_bytes()))
        expired: list[int] = []

        def expire_once(there_bytes: int, _: int) -> None:
            if not expired:
                expired.append(there_bytes)
                self._lose_credentials()

        return partial(self._bed.put_file, self._path, expire_once)

    def _lose_credentials(self) -> None:
        """All credentials end, and the next calls for new ones may fail."""
        self._bed.expire()
        self._valid_s = self._clock.monotonic_s()
        self._bed.tokens.next(*self._chance.choices(FAILURES, k=self._chance.choice((0, 0, 0, 1, 2, 3))))


def deliver_all(device: Device, bed: Bench, clock: ManualClock, chance: random.Random) -> None:
    """Let the product's delivery thread do everything, with its own waits, drawn from `chance`."""
    backoff = DeliveryBackoff(
        replace(DEFAULT_BACKOFF.transient, uniform=chance.uniform),
        replace(DEFAULT_BACKOFF.refused, uniform=chance.uniform),
    )
    courier = Courier(
        "device",
        step=device.step,
        waiting=lambda: 1,
        stop=bed.stop,
        clock=clock,
        backoff=backoff,
        outage=Outage("device", clock, bed.metrics),
    )
    courier.start()
    try:
        assert bed.stop.wait(TRIAL_DEADLINE_S)
    finally:
        courier.end()
    assert bed.count("device_tries_crashed") == 0


@pytest.mark.parametrize(
    ("pause_s", "resumes_within_s"),
    [
        pytest.param((60, 120), RESUME_WITHIN_S, id="one a minute"),
        pytest.param((0, 30), WINDOW_S, id="one after the other"),
    ],
)
@pytest.mark.parametrize(
    "expiries", [200, pytest.param(5_000, marks=[pytest.mark.release, pytest.mark.timeout(1800)])]
)
def test_expiries_lose_nothing_and_flood_nobody(
    tmp_path: Path, figure: Figure, expiries: int, pause_s: tuple[float, float], resumes_within_s: float
) -> None:
    seed, clock = trial_seed(), ManualClock()
    print(f"SEED={seed}")  # noqa: T201  to replay a failure
    chance = seeded(seed)
    with running_store() as store, bench(store, clock=clock) as bed:
        device = Device(bed, clock, chance, tmp_path / "image.jpg")
        device.plan(expiries, pause_s)
        deliver_all(device, bed, clock, chance)
        arrived = {hex_of(store.body(key)) for key in store.listing()}
        overwritten = store.counts()["objects_overwritten"]
        calls_s = bed.tokens.calls_s

    a_minute = max(sum(start <= called < start + WINDOW_S for called in calls_s) for start in calls_s)
    figure(
        f"credentials, pauses of {pause_s[0]} to {pause_s[1]} s",
        expiries=expiries,
        in_mid_upload=expiries // 20,
        lost=len(device.hashes - arrived),
        overwritten=overwritten,
        token_calls=len(calls_s),
        token_calls_a_minute=a_minute,
        resumed_after_s=round(max(device.resumed_after_s), 1),
    )
    assert arrived == device.hashes
    assert overwritten == 0
    assert a_minute <= 6
    assert round(max(device.resumed_after_s), 6) <= resumes_within_s


def test_outbox_delivers_every_reading_through_expiries_by_itself(tmp_path: Path) -> None:
    count, context = 200, context_of()
    with running_store() as store, TokenExchangeDouble() as tokens:
        environment = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": store.url, **tokens.environment}
        with uploading(tmp_path / "outbox", context, 10, IN_A_BLINK, environment) as (outbox, _):
            for part, failures in enumerate(([], [Temper.SILENT])):
                put_readings(outbox, context.clock, range(part * 100, part * 100 + 100))
                assert outbox.drain(60)
                store.refuse_tokens(tokens.expire())
                tokens.next(*failures)
            put_readings(outbox, context.clock, range(count, count + 1))
            assert outbox.drain(60)
            statistics = outbox.statistics()
        store.save_to(tmp_path / "arrived")

    assert table_of(tmp_path / "arrived") == [
        (context.clock.boot_id, sequence) for sequence in range(count + 1)
    ]
    assert statistics.delivered == statistics.taken == count + 1
    assert len(tokens.calls_s) <= 6
