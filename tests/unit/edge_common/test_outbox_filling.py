"""When a batch is due."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge_common.outbox import Batching
from edge_common.outbox.filling import Filling

MIB = 1 << 20
LANE_BYTES = 100 * MIB
BATCHING = Batching(max_records=3, max_age_s=30.0, max_bytes=1000)


def test_nothing_is_due_where_nothing_waits() -> None:
    assert Filling(BATCHING, LANE_BYTES, 0).due_in_s(5, 5, 100.0) is None


def test_a_batch_is_due_when_its_first_record_is_old_enough() -> None:
    filling = Filling(BATCHING, LANE_BYTES, 0)
    filling.put(0, 10, 100.0)
    filling.put(1, 10, 120.0)
    assert [filling.due_in_s(0, 2, now_s) for now_s in (120.0, 129.5, 130.0, 500.0)] == [10.0, 0.5, 0, 0]


def test_the_age_is_that_of_the_first_record_not_yet_delivered() -> None:
    filling = Filling(BATCHING, LANE_BYTES, 0)
    for number, now_s in enumerate((100.0, 110.0, 120.0, 125.0)):
        filling.put(number, 10, now_s)
    assert filling.due_in_s(2, 4, 126.0) == 24.0


def test_a_full_batch_is_due_at_once() -> None:
    filling = Filling(BATCHING, LANE_BYTES, 0)
    for number in range(3):
        filling.put(number, 10, 100.0)
    assert filling.due_in_s(0, 3, 100.0) == 0


def test_a_batch_of_enough_bytes_is_due_at_once() -> None:
    filling = Filling(BATCHING, LANE_BYTES, 0)
    filling.put(0, 600, 100.0)
    assert filling.due_in_s(0, 1, 100.0) == 30.0
    filling.put(1, 400, 100.0)
    assert filling.due_in_s(0, 2, 100.0) == 0
    assert filling.due_in_s(1, 2, 100.0) == 30.0


def test_a_batch_is_due_when_its_records_take_half_of_what_the_cap_allows() -> None:
    """Whatever its age: the cap would take the first of it while the rest is waited for."""
    filling = Filling(Batching(10_000, 86_400.0, MIB), 40 * 4096, 0)
    for number in range(19):
        filling.put(number, 100, 100.0)
    assert filling.due_in_s(0, 19, 100.0) == 86_400.0
    filling.put(19, 100, 100.0)
    assert filling.due_in_s(0, 20, 100.0) == 0
    assert filling.due_in_s(1, 20, 100.0) == 86_400.0


def test_leftovers_are_due_at_once_and_what_follows_is_not() -> None:
    filling = Filling(BATCHING, LANE_BYTES, 7)
    filling.put(7, 10, 100.0)
    assert filling.due_in_s(6, 8, 100.0) == 0
    assert filling.due_in_s(7, 8, 100.0) == 30.0


def test_what_is_hurried_is_due_at_once() -> None:
    filling = Filling(BATCHING, LANE_BYTES, 0)
    filling.put(0, 10, 100.0)
    filling.make_due(1)
    assert filling.due_in_s(0, 1, 100.0) == 0


def test_a_record_whose_put_has_not_returned_is_young() -> None:
    assert Filling(BATCHING, LANE_BYTES, 0).due_in_s(0, 1, 100.0) == 30.0


@given(st.integers(1, 50), st.integers(0, 200))
def test_memory_is_bounded_by_one_batch(max_records: int, waiting: int) -> None:
    filling = Filling(replace(BATCHING, max_records=max_records), LANE_BYTES, 0)
    for number in range(waiting):
        filling.put(number, 1, float(number))
    assert len(filling._arrivals) <= max_records
    assert filling._bytes == len(filling._arrivals)
    assert filling._disk_bytes == 4096 * len(filling._arrivals)
