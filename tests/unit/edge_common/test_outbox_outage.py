"""What a person is told while deliveries fail."""

import pytest

from edge_common.errors import PermanentError, RefusedError, TransientError
from edge_common.metrics import Metrics
from edge_common.outbox.outage import Outage
from support.manual_clock import ManualClock

AWAY = TransientError("the far end is away. Wait.")
SKEWED = TransientError("the clock is off. Look at it.", code="clock_skew")
NO_BUCKET = RefusedError("no such bucket. Make it.", code="no_such_bucket")
NO_GRANT = RefusedError("access denied. Grant it.", code="access_denied")


class Told:
    """An outage, a clock, and the events that were logged."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.clock = ManualClock()
        self.metrics = Metrics()
        self.outage = Outage("outbox", self.clock, self.metrics)
        self._capsys = capsys

    def fails(self, error: BaseException, times: int = 1, waiting: int = 1) -> None:
        """The same again and again, a second apart."""
        for _ in range(times):
            self.outage.failed(error, waiting)
            self.clock.advance(1.0)

    def lines(self) -> list[str]:
        """Since asked last."""
        return self._capsys.readouterr().out.splitlines()

    def events(self) -> list[str]:
        """The second word of each line."""
        return [line.split()[1] for line in self.lines()]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


def test_a_day_without_the_far_end_is_two_lines(told: Told) -> None:
    told.fails(AWAY, 1000)
    told.outage.over(waiting=17)
    failing, recovered = told.lines()
    assert "delivery_failing" in failing
    assert AWAY.reason in failing
    assert "delivery_recovered" in recovered
    assert "after_s=1000 " in recovered
    assert "waiting=17" in recovered
    assert told.metrics.snapshot() == {"outbox_tries_failed": 1000, "outbox_tries_crashed": 0}


def test_a_success_without_a_failure_before_it_is_silent(told: Told) -> None:
    told.outage.over(0)
    told.outage.over(0)
    assert told.lines() == []


def test_what_is_refused_is_told_with_its_advice_once_for_each_code(told: Told) -> None:
    told.fails(NO_BUCKET, 3)
    told.fails(NO_GRANT, 3)
    told.fails(NO_BUCKET, 3)
    told.outage.over(0)
    lines = told.lines()
    assert [line.split()[1] for line in lines] == [
        "delivery_refused",
        "delivery_refused",
        "delivery_recovered",
    ]
    assert "no such bucket. Make it." in lines[0]
    assert "access denied. Grant it." in lines[1]


def test_what_is_refused_again_after_it_went_well_is_told_again(told: Told) -> None:
    told.fails(NO_BUCKET)
    told.outage.over(0)
    told.clock.advance(30)
    told.fails(NO_BUCKET)
    assert told.events() == ["delivery_refused", "delivery_recovered", "delivery_refused"]


def test_one_thing_refused_between_others_that_are_taken_is_not_a_storm_of_lines(told: Told) -> None:
    for _ in range(60):
        told.fails(NO_BUCKET)
        told.outage.over(0)
    assert told.events() == ["delivery_refused", "delivery_recovered"] * 2


def test_another_cause_in_the_middle_of_an_outage_is_told(told: Told) -> None:
    told.fails(AWAY, 100)
    told.fails(SKEWED, 100)
    told.fails(AWAY, 100)
    lines = told.lines()
    assert [line.split()[1] for line in lines] == ["delivery_failing"] * 2
    assert SKEWED.reason in lines[1]


def test_causes_that_take_turns_are_a_line_each_and_not_at_once(told: Told) -> None:
    for _ in range(20):
        told.fails(AWAY)
        told.fails(SKEWED)
    assert told.events() == ["delivery_failing"] * 2
    told.outage.over(0)
    assert told.events() == ["delivery_recovered"]


def test_an_outage_that_turns_into_a_refusal_is_told_as_both(told: Told) -> None:
    told.fails(AWAY, 5)
    told.fails(NO_GRANT, 5)
    assert told.events() == ["delivery_failing", "delivery_refused"]


def test_a_storm_of_short_failures_is_not_a_storm_of_lines(told: Told) -> None:
    for _ in range(60):
        told.fails(AWAY)
        told.outage.over(0)
    assert told.events() == ["delivery_failing", "delivery_recovered"] * 2


def test_a_long_outage_soon_after_a_short_one_is_still_told(told: Told) -> None:
    told.fails(AWAY)
    told.outage.over(0)
    told.fails(AWAY, 100)
    assert told.events() == ["delivery_failing", "delivery_recovered", "delivery_failing"]


def test_a_bug_is_told_with_its_type_and_place_and_counted(told: Told) -> None:
    def buggy() -> None:
        raise ZeroDivisionError("by nothing")

    for _ in range(3):
        with pytest.raises(ZeroDivisionError) as bug:
            buggy()
        told.outage.failed(bug.value, 5)
    (line,) = told.lines()
    assert line.startswith("ERROR delivery_crashed")
    assert "kind=ZeroDivisionError" in line
    assert "test_outbox_outage.py:" in line
    assert told.metrics.snapshot()["outbox_tries_crashed"] == 3


def test_a_folder_that_is_not_ours_any_more_is_told(told: Told) -> None:
    told.fails(PermanentError("cannot write it", code="disk"), 3)
    assert told.events() == ["delivery_failing"]
