"""The delivery thread."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from edge_common.backoff import Backoff
from edge_common.clock import Clock, SystemClock
from edge_common.errors import PermanentError, RefusedError, TransientError
from edge_common.metrics import Metrics
from edge_common.outbox.courier import Courier, DeliveryBackoff
from edge_common.outbox.outage import Outage
from edge_common.outbox.storage import StorageClosedError
from support.manual_clock import ManualClock
from support.outbox.ends import IN_A_BLINK
from support.waiting import wait_until

WITHIN_S = 10.0
LONGEST = Backoff(initial_s=1, max_s=8, uniform=lambda _low, high: high)


class CountingClock(SystemClock):
    """Counts how often it is read."""

    reads = 0

    def monotonic_s(self) -> float:
        """The monotonic clock."""
        self.reads += 1
        return super().monotonic_s()


class Steps:
    """What the thread does: `does` each time, and counts."""

    def __init__(self, does: Callable[[], float | None]) -> None:
        self.does = does
        self.count = 0

    def __call__(self) -> float | None:
        """One step."""
        self.count += 1
        return self.does()


@contextmanager
def running(
    steps: Steps,
    clock: Clock,
    stop: threading.Event,
    metrics: Metrics | None = None,
    backoff: DeliveryBackoff = IN_A_BLINK,
) -> Iterator[Courier]:
    courier = Courier(
        "outbox",
        step=steps,
        waiting=lambda: 0,
        stop=stop,
        clock=clock,
        backoff=backoff,
        outage=Outage("outbox", clock, metrics or Metrics()),
    )
    courier.start()
    try:
        yield courier
    finally:
        courier.end()


def test_where_nothing_is_due_it_asks_once_and_not_again_until_woken() -> None:
    steps, clock = Steps(lambda: None), CountingClock()
    with running(steps, clock, threading.Event()) as courier:
        wait_until(lambda: steps.count, WITHIN_S, "the first step")
        assert not courier.wait_until(lambda: steps.count > 1, 1.2)
        assert steps.count == 1
        courier.wake()
        assert courier.wait_until(lambda: steps.count == 2, WITHIN_S)


def test_what_is_due_later_is_looked_at_then_without_a_wake() -> None:
    steps, clock = Steps(lambda: 0.05), SystemClock()
    with running(steps, clock, threading.Event()) as courier:
        assert courier.wait_until(lambda: steps.count >= 3, WITHIN_S)


@pytest.mark.parametrize(
    "error",
    [TransientError("away"), ZeroDivisionError("bug"), MemoryError(), SystemExit(1), KeyboardInterrupt()],
)
def test_nothing_that_a_step_raises_ends_the_thread(error: BaseException) -> None:
    def fail() -> float | None:
        raise error

    steps = Steps(fail)
    with running(steps, SystemClock(), threading.Event()) as courier:
        assert courier.wait_until(lambda: steps.count > 20, WITHIN_S)
        steps.does = lambda: None
        count = steps.count
        assert courier.wait_until(lambda: steps.count > count, WITHIN_S)


@pytest.mark.parametrize("does", [lambda: None, lambda: 1000.0, lambda: 0.0])
def test_it_ends_by_itself_when_the_component_is_told_to_stop(does: Callable[[], float | None]) -> None:
    stop = threading.Event()
    with running(Steps(does), SystemClock(), stop) as courier:
        stop.set()
        wait_until(lambda: not courier._thread.is_alive(), WITHIN_S, "end of the thread")


def test_a_wait_after_a_failure_ends_when_the_component_is_told_to_stop() -> None:
    def fail() -> float | None:
        raise TransientError("ask again in an hour", retry_after_s=3600)

    stop, steps = threading.Event(), Steps(fail)
    with running(steps, SystemClock(), stop) as courier:
        wait_until(lambda: steps.count, WITHIN_S, "the first step")
        stop.set()
        wait_until(lambda: not courier._thread.is_alive(), WITHIN_S, "end of the thread")
    assert steps.count == 1


def test_it_ends_when_the_storage_was_closed_meanwhile() -> None:
    def closed() -> float | None:
        raise StorageClosedError

    with running(Steps(closed), SystemClock(), threading.Event()) as courier:
        wait_until(lambda: not courier._thread.is_alive(), WITHIN_S, "end of the thread")


def times_of_tries(errors: Sequence[Exception | None], due_in_s: float = 0.0) -> list[float]:
    """When each try is made that ends so, by a clock that only waiting moves; the last one stops it."""
    clock, stop, times_s, left = ManualClock(), threading.Event(), list[float](), list(errors)

    def next_try() -> float:
        times_s.append(clock.monotonic_s())
        error = left.pop(0)
        if not left:
            stop.set()
        if error is not None:
            raise error
        return due_in_s

    with running(Steps(next_try), clock, stop, backoff=DeliveryBackoff(LONGEST, LONGEST)) as courier:
        wait_until(lambda: not courier._thread.is_alive(), WITHIN_S, "end of the thread")
    return times_s


def test_waits_double_up_to_the_cap_and_begin_again_after_a_delivery() -> None:
    away = TransientError("away")
    assert times_of_tries([away] * 5 + [None, away, None]) == [0, 1, 3, 7, 15, 23, 23, 24]


def test_a_far_end_that_asks_for_patience_gets_it_for_five_minutes_at_most() -> None:
    errors = [TransientError("busy", retry_after_s=30), TransientError("busy", retry_after_s=1e12), None]
    assert times_of_tries(errors) == [0, 30, 330]


def test_what_is_due_later_is_not_asked_for_sooner() -> None:
    assert times_of_tries([None] * 4, due_in_s=12.25) == [0, 12.25, 24.5, 36.75]


def ended_in_a_step_that_raises(error: Exception) -> int:
    """How many failed tries were counted when a step raised `error` because of the stop."""
    stop, metrics = threading.Event(), Metrics()

    def cut_short() -> float | None:
        stop.set()
        raise error

    with running(Steps(cut_short), SystemClock(), stop, metrics) as courier:
        wait_until(lambda: not courier._thread.is_alive(), WITHIN_S, "end of the thread")
    return metrics.counter("outbox_tries_failed").value


def test_a_step_that_the_stop_cuts_short_is_no_failed_try(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_in_a_step_that_raises(TransientError("told to stop before S3 has answered")) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "error",
    [RefusedError("no bucket", code="no_such_bucket"), PermanentError("not ours"), ZeroDivisionError("bug")],
)
def test_a_fault_that_a_person_must_mend_is_told_even_while_stopping(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended_in_a_step_that_raises(error) == 1
    assert "delivery_" in capsys.readouterr().out
