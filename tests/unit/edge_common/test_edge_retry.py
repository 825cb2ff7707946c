import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.clock import SystemClock
from edge_common.errors import PermanentError, TransientError
from edge_common.retry import Backoff, retry
from support.manual_clock import ClockEvent, ManualClock

LONGEST = Backoff(initial_s=1, max_s=8, uniform=lambda _low, high: high)


def failing(times: int, error: Exception | None = None) -> Callable[[], str]:
    """A call that fails `times` times and then answers."""
    outcomes: Iterator[Exception | None] = iter([error or TransientError("not now")] * times)

    def call() -> str:
        if (failure := next(outcomes, None)) is not None:
            raise failure
        return "answer"

    return call


def test_call_that_succeeds_is_made_once() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock)
    assert retry(failing(0), stop=stop, clock=clock) == "answer"
    assert stop.waits_s == []


def test_waits_double_up_to_the_cap() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock)
    assert retry(failing(6), stop=stop, clock=clock, backoff=LONGEST) == "answer"
    assert stop.waits_s == [1, 2, 4, 8, 8, 8]


def test_permanent_error_is_not_tried_again() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock)
    with pytest.raises(PermanentError):
        retry(failing(1, PermanentError("never")), stop=stop, clock=clock)
    assert stop.waits_s == []


def test_foreign_exception_passes_through_at_once() -> None:
    clock = ManualClock()
    with pytest.raises(OSError, match="foreign"):
        retry(failing(1, OSError("foreign")), stop=ClockEvent(clock), clock=clock)


def test_stop_during_a_wait_raises_the_last_error() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock, set_after=3)
    with pytest.raises(TransientError, match="not now"):
        retry(failing(99), stop=stop, clock=clock, backoff=LONGEST)
    assert stop.waits_s == [1, 2, 4]


def test_one_try_is_made_even_when_already_stopping() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock)
    stop.set()
    assert retry(failing(0), stop=stop, clock=clock) == "answer"
    with pytest.raises(TransientError):
        retry(failing(1), stop=stop, clock=clock)
    assert stop.waits_s == []


def test_real_stop_event_ends_a_wait_of_an_hour() -> None:
    stop = threading.Event()
    an_hour = Backoff(initial_s=3600, max_s=3600, uniform=lambda _low, high: high)
    with pytest.raises(TransientError):
        retry(
            failing(99),
            stop=stop,
            clock=SystemClock(),
            backoff=an_hour,
            on_failure=lambda _error, _delay_s: threading.Timer(0.05, stop.set).start(),
        )


def test_no_try_begins_after_the_deadline() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock)
    backoff = Backoff(initial_s=1, max_s=8, deadline_s=10, uniform=lambda _low, high: high)
    with pytest.raises(TransientError):
        retry(failing(99), stop=stop, clock=clock, backoff=backoff)
    assert stop.waits_s == [1, 2, 4]  # 7 s have passed; the next wait would end at 15 s


def test_far_end_that_asks_for_patience_gets_it() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock)
    retry(failing(1, TransientError("busy", retry_after_s=30)), stop=stop, clock=clock, backoff=LONGEST)
    assert stop.waits_s == [30]


def test_far_end_cannot_silence_a_device_for_more_than_an_hour() -> None:
    clock = ManualClock()
    stop = ClockEvent(clock)
    retry(failing(1, TransientError("busy", retry_after_s=1e12)), stop=stop, clock=clock, backoff=LONGEST)
    assert stop.waits_s == [300]


def test_every_failure_that_a_wait_follows_is_told() -> None:
    clock = ManualClock()
    told: list[float] = []
    retry(
        failing(3),
        stop=ClockEvent(clock),
        clock=clock,
        backoff=LONGEST,
        on_failure=lambda _error, delay_s: told.append(delay_s),
    )
    assert told == [1, 2, 4]


@given(failures=st.integers(1, 10_000), initial_s=st.floats(0.001, 60), factor=st.floats(1, 1000))
def test_wait_lies_between_zero_and_the_cap(failures: int, initial_s: float, factor: float) -> None:
    backoff = Backoff(initial_s=initial_s, max_s=initial_s * factor)
    assert 0 <= backoff.delay_s(failures) <= backoff.max_s


def test_jitter_is_full() -> None:
    """Both ends of the range are reached, or a fleet would come back in step."""
    shortest = Backoff(initial_s=1, max_s=8, uniform=lambda low, _high: low)
    assert shortest.delay_s(3) == 0
    assert LONGEST.delay_s(3) == 4


@pytest.mark.parametrize(("initial_s", "max_s"), [(0, 1), (-1, 1), (2, 1)])
def test_policy_that_makes_no_sense_is_refused(initial_s: float, max_s: float) -> None:
    with pytest.raises(ValueError, match="initial_s <= max_s"):
        Backoff(initial_s=initial_s, max_s=max_s)
