"""Credentials that end again and again, also in the middle of an upload, and a token exchange with bad days.

Time is a clock that only waiting moves: every wait counts in full, the work itself counts nothing, and a call
that is left without an answer counts as the time-out of the product. So 200 expiries, hours of a device's
life, take seconds, and calls a minute and seconds until it goes on are exact.
"""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from edge_common.retry import Backoff, retry
from edge_common.s3 import Placed, Timeouts
from support.figures import Figure
from support.manual_clock import ClockEvent, ManualClock
from support.outbox_ends import IN_A_BLINK, context_of
from support.s3_bench import PART_BYTES, Bench, bench, hex_of
from support.s3_credentials import Temper, TokenExchangeDouble
from support.s3_store import REGION, running_store
from support.s3_uploading import put_readings, table_of, uploading
from support.spooling import seeded, trial_seed

WINDOW_S = 60.0
RESUME_WITHIN_S = 5.0
# An answer without an end takes seconds that this clock does not count.
FAILURES = [temper for temper in Temper if temper not in {Temper.GIVE, Temper.TRICKLE}]


class Device:
    """One uploader's days: what it puts, and how long each took from valid credentials on.

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

    def put_small(self) -> None:
        """Put a small object, waiting as long as it takes."""
        body = self._chance.randbytes(200)
        self.hashes.add(hex_of(body))
        self._insist(partial(self._bed.put, body))

    def put_large_that_outlives_its_credentials(self) -> None:
        """Put a file of two parts; its credentials end between them."""
        self._path.write_bytes(self._chance.randbytes(PART_BYTES + 1000))
        self.hashes.add(hex_of(self._path.read_bytes()))
        expired: list[int] = []

        def expire_once(there_bytes: int, _: int) -> None:
            if not expired:
                expired.append(there_bytes)
                self.lose_credentials()

        self._insist(partial(self._bed.put_file, self._path, expire_once))

    def lose_credentials(self) -> None:
        """All credentials end, and the next calls for new ones may fail."""
        self._bed.expire()
        self._valid_s = self._clock.monotonic_s()
        self._bed.tokens.next(*self._chance.choices(FAILURES, k=self._chance.choice((0, 0, 0, 1, 2, 3))))

    def _insist(self, put: Callable[[], Placed]) -> None:
        retry(
            partial(self._once, put),
            stop=ClockEvent(self._clock),
            clock=self._clock,
            backoff=Backoff(initial_s=0.5, max_s=15.0, uniform=self._chance.uniform),
        )
        self.resumed_after_s.append(self._clock.monotonic_s() - self._valid_s)

    def _once(self, put: Callable[[], Placed]) -> Placed:
        tokens = self._bed.tokens
        calls, silences = len(tokens.calls_s), tokens.silences
        try:
            return put()
        except TransientError:
            self._clock.advance(Timeouts().credentials_s * (tokens.silences - silences))
            if len(tokens.calls_s) > calls:
                self._valid_s = self._clock.monotonic_s()
            raise


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
        device.put_small()
        for number in range(expiries):
            clock.advance(chance.uniform(*pause_s))
            if number % 20 == 0:
                device.put_large_that_outlives_its_credentials()
            else:
                device.lose_credentials()
                device.put_small()
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
