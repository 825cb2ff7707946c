"""When readings are due at a fixed interval, and how many were missed."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mqtt_publisher.logic import Ticks


def test_work_shorter_than_the_interval_misses_nothing() -> None:
    ticks = Ticks(5, start_s=100)
    assert ticks.after(100.3) == (105, 0)
    assert ticks.after(109.9) == (110, 0)


def test_work_longer_than_the_interval_misses_the_ticks_that_passed_meanwhile() -> None:
    ticks = Ticks(5, start_s=100)
    assert ticks.after(112) == (115, 2)
    assert ticks.after(115.2) == (120, 0)


def test_tick_that_is_due_just_now_is_not_missed() -> None:
    assert Ticks(5, start_s=100).after(105) == (105, 0)


def test_tick_is_given_once_however_often_it_is_asked_for() -> None:
    ticks = Ticks(5, start_s=100)
    assert [ticks.after(100)[0] for _ in range(3)] == [105, 110, 115]


@given(
    interval_s=st.floats(0.01, 86_400),
    start_s=st.floats(0, 1e8),
    works_s=st.lists(st.floats(0, 1e5), min_size=1, max_size=30),
)
def test_every_tick_is_either_given_or_missed(
    interval_s: float, start_s: float, works_s: list[float]
) -> None:
    ticks = Ticks(interval_s, start_s)
    given_s, missed_in_all = [start_s], 0
    for work_s in works_s:
        now_s = given_s[-1] + work_s
        tick_s, missed = ticks.after(now_s)
        assert tick_s >= now_s
        assert missed >= 0
        given_s.append(tick_s)
        missed_in_all += missed
        assert math.isclose(tick_s, start_s + (len(given_s) - 1 + missed_in_all) * interval_s)
    assert all(earlier < later for earlier, later in pairwise(given_s))
