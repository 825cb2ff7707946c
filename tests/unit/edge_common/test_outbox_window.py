"""How many messages are under way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.outbox import Batching
from edge_common.outbox.window import Window

MIB = 1 << 20
BATCHING = Batching(max_records=3, max_age_s=30.0, max_bytes=1000)


def test_it_is_one_after_a_failure_and_doubles_with_each_success() -> None:
    window = Window(10)
    records = [b"%d" % number for number in range(10)]
    sizes = []
    for outcome in (TransientError("away"), None, None, None, None):
        sending = window.to_send(0, records)
        sizes.append(len(sending))
        window.settle(sending, [outcome] * len(sending))
        window._settled.clear()
    assert sizes == [10, 1, 2, 4, 8]


def test_what_succeeded_behind_a_failure_is_not_sent_again() -> None:
    window = Window(3)
    records = [b"a", b"b", b"c"]
    away = TransientError("away")
    assert window.settle(window.to_send(0, records), [away, None, None]) is away
    assert list(window.finished(0, records)) == []
    sending = window.to_send(0, records)
    assert sending == [(0, b"a")]
    assert window.settle(sending, [None]) is None
    assert [item for item, _ in window.finished(0, records)] == [(0, b"a"), (1, b"b"), (2, b"c")]


def test_a_record_for_nobody_is_finished_with_its_error() -> None:
    window = Window(3)
    error = PermanentError("too large", code="too_large")
    window.settle(window.to_send(5, [b"a", b"b"]), [None, error])
    assert list(window.finished(5, [b"a", b"b"])) == [((5, b"a"), None), ((6, b"b"), error)]


def test_not_one_outcome_for_each_is_a_bug_of_the_sink() -> None:
    window = Window(3)
    with pytest.raises(ValueError, match="shorter"):
        window.settle(window.to_send(0, [b"a", b"b"]), [None])


@given(st.integers(1, 12), st.lists(st.lists(st.booleans(), min_size=12, max_size=12), max_size=20))
def test_never_more_than_the_window_is_under_way_or_remembered(
    max_in_flight: int, tries: list[list[bool]]
) -> None:
    """Whatever succeeds, only a beginning is released, and each record succeeds once."""
    window, released, succeeded = Window(max_in_flight), 0, set()
    for successes in tries:
        records = [b"%d" % number for number in range(released, released + max_in_flight)]
        sending = window.to_send(released, records)
        assert 1 <= len(sending) <= max_in_flight
        outcomes: list[EdgeError | None] = []
        for (number, _), success in zip(sending, successes, strict=False):
            assert number not in succeeded
            outcomes.append(None if success else TransientError("away"))
            succeeded |= {number} if success else set()
        window.settle(sending, outcomes)
        released += len(list(window.finished(released, records)))
        assert set(range(released)) <= succeeded
        assert len(window._settled) <= max_in_flight
