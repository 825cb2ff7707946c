from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_common.s3.fetch_limit import FetchLimit


def calls_when_asked_at(times_s: list[float]) -> list[float]:
    """The calls that the limit lets through, of somebody who asks at these times."""
    limit = FetchLimit()
    made = []
    for now_s in times_s:
        if limit.wait_s(now_s) == 0:
            limit.note(now_s)
            made.append(now_s)
    return made


def calls_of_the_impatient(until_s: float) -> list[float]:
    """The calls of somebody who calls as soon as it is allowed, from 0 s on."""
    limit, now_s, made = FetchLimit(), 0.0, []
    while now_s < until_s:
        limit.note(now_s)
        made.append(now_s)
        now_s += limit.wait_s(now_s)
    return made


@given(st.lists(st.floats(0, 100), max_size=300).map(sorted))
def test_no_minute_has_more_than_six_calls(times_s: list[float]) -> None:
    made = calls_when_asked_at(times_s)

    assert all(later - earlier >= 60 for earlier, later in zip(made, made[6:], strict=False))


def test_the_impatient_never_wait_longer_than_seventeen_seconds() -> None:
    made = calls_of_the_impatient(3600)

    assert max(later - earlier for earlier, later in pairwise(made)) == 17
    assert all(later - earlier >= 60 for earlier, later in zip(made, made[6:], strict=False))


def test_what_begins_to_work_within_ten_seconds_is_found_within_five() -> None:
    gaps_s = [later - earlier for earlier, later in pairwise(calls_of_the_impatient(11))]

    assert sum(gaps_s) == 10
    assert max(gaps_s) <= 5


def test_first_call_and_the_first_after_a_quiet_minute_wait_for_nothing() -> None:
    limit = FetchLimit()
    assert limit.wait_s(0.0) == 0

    for now_s in (0.0, 1.0, 5.0, 10.0):
        limit.note(now_s)

    assert limit.wait_s(70.0) == 0
