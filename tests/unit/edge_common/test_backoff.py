import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.backoff import Backoff


@given(failures=st.integers(1, 10_000), initial_s=st.floats(0.001, 60), factor=st.floats(1, 1000))
def test_wait_lies_between_zero_and_the_cap(failures: int, initial_s: float, factor: float) -> None:
    backoff = Backoff(initial_s=initial_s, max_s=initial_s * factor)
    assert 0 <= backoff.delay_s(failures) <= backoff.max_s


def test_longest_waits_double_up_to_the_cap() -> None:
    longest = Backoff(initial_s=1, max_s=8, uniform=lambda _low, high: high)
    assert [longest.delay_s(failures) for failures in range(1, 7)] == [1, 2, 4, 8, 8, 8]


def test_jitter_is_full() -> None:
    """Both ends of the range are reached, or a fleet would come back in step."""
    shortest = Backoff(initial_s=1, max_s=8, uniform=lambda low, _high: low)
    assert [shortest.delay_s(failures) for failures in (1, 3, 6)] == [0, 0, 0]


@pytest.mark.parametrize(("initial_s", "max_s"), [(0, 1), (-1, 1), (2, 1)])
def test_policy_that_makes_no_sense_is_refused(initial_s: float, max_s: float) -> None:
    with pytest.raises(ValueError, match="initial_s <= max_s"):
        Backoff(initial_s=initial_s, max_s=max_s)
