"""Both ends of the way compared: what the ledger says is what happened, whatever the order it is told in."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from edge_cli.demo.reconcile import Balance, Ledger, ReadingId

READINGS = st.builds(ReadingId, st.sampled_from(["a", "b"]), st.integers(0, 20))


def _ledger(stored: list[ReadingId], published: list[ReadingId], arrived: list[ReadingId]) -> Balance:
    ledger = Ledger()
    for reading in stored:
        ledger.stored(reading)
    for reading in published:
        ledger.published(reading)
    for reading in arrived:
        ledger.arrived(reading)
    return ledger.balance()


def _run(count: int, boot_id: str = "a") -> list[ReadingId]:
    return [ReadingId(boot_id, sequence) for sequence in range(count)]


def test_nothing_is_lost_when_everything_that_was_stored_arrived() -> None:
    balance = _ledger(_run(5), _run(5), _run(5))
    assert balance == Balance(produced=5, delivered=5, waiting=0, duplicated=0)
    assert balance.lost == 0


def test_reading_that_is_stored_and_not_published_waits_and_is_not_lost() -> None:
    balance = _ledger(_run(5), _run(3), _run(3))
    assert (balance.waiting, balance.lost) == (2, 0)


def test_reading_that_the_core_took_and_that_did_not_arrive_is_lost() -> None:
    balance = _ledger(_run(5), _run(5), _run(3))
    assert (balance.waiting, balance.lost) == (0, 2)


def test_reading_that_arrived_waits_no_more_whatever_the_log_says() -> None:
    """Of a backlog the publisher logs the sum; and an answer of the core may be lost on its way."""
    balance = _ledger(_run(5), [], _run(5))
    assert (balance.delivered, balance.waiting, balance.lost) == (5, 0, 0)


def test_number_that_neither_end_has_seen_is_a_loss_without_a_trace() -> None:
    seen = [ReadingId("a", 0), ReadingId("a", 2), ReadingId("a", 5)]
    balance = _ledger(seen, seen, seen)
    assert (balance.produced, balance.delivered, balance.lost) == (6, 3, 3)


def test_sequences_of_each_start_of_the_publisher_are_counted_apart() -> None:
    both = _run(3, "first start") + _run(2, "second start")
    assert _ledger(both, both, both).produced == 5


def test_second_arrival_of_a_reading_is_a_duplicate_and_no_second_delivery() -> None:
    balance = _ledger(_run(2), [], [*_run(2), ReadingId("a", 1), ReadingId("a", 1)])
    assert (balance.delivered, balance.duplicated) == (2, 2)


def test_reading_that_arrives_before_its_log_line_is_read_counts_as_produced() -> None:
    balance = _ledger([], [], _run(2))
    assert (balance.produced, balance.lost) == (2, 0)


@given(stored=st.lists(READINGS), published=st.lists(READINGS), arrived=st.lists(READINGS))
def test_account_always_adds_up(
    stored: list[ReadingId], published: list[ReadingId], arrived: list[ReadingId]
) -> None:
    balance = _ledger(stored, published, arrived)
    assert balance.produced == balance.delivered + balance.waiting + balance.lost
    assert balance.delivered + balance.duplicated == len(arrived)
    assert balance.waiting >= 0
    assert balance.lost >= 0
    assert balance.produced >= len({*stored, *published, *arrived})


@given(stored=st.lists(READINGS), arrived=st.lists(READINGS), order=st.randoms())
def test_account_does_not_depend_on_the_order_of_the_news(
    stored: list[ReadingId], arrived: list[ReadingId], order: Random
) -> None:
    before = _ledger(stored, stored, arrived)
    order.shuffle(stored)
    order.shuffle(arrived)
    assert _ledger(stored, stored, arrived) == before
