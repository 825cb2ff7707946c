"""Both ends of the way compared: what the ledger says is what happened, whatever the order it is told in."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from edge_cli.demo.reconcile import Balance, Ledger, ReadingId

READINGS = st.builds(ReadingId, st.sampled_from(["a", "b"]), st.integers(0, 20))


def _ledger(accepted: list[ReadingId], refused: list[ReadingId], arrived: list[ReadingId]) -> Balance:
    ledger = Ledger()
    for reading in accepted:
        ledger.accepted(reading)
    for reading in refused:
        ledger.refused(reading)
    for reading in arrived:
        ledger.arrived(reading)
    return ledger.balance()


def _run(count: int, boot_id: str = "a") -> list[ReadingId]:
    return [ReadingId(boot_id, sequence) for sequence in range(count)]


def test_nothing_is_lost_when_everything_that_was_published_arrived() -> None:
    assert _ledger(_run(5), [], _run(5)) == Balance(
        produced=5, delivered=5, lost=0, duplicated=0, lost_with_notice=0
    )


def test_reading_that_the_core_took_and_that_did_not_arrive_is_lost_silently() -> None:
    balance = _ledger(_run(5), [], _run(3))
    assert (balance.lost, balance.lost_with_notice, balance.lost_silently) == (2, 0, 2)


def test_reading_that_the_publisher_reported_is_lost_with_notice() -> None:
    balance = _ledger(_run(3), [ReadingId("a", 3)], _run(3))
    assert (balance.produced, balance.lost, balance.lost_silently) == (4, 1, 0)


def test_reading_reported_as_not_published_that_arrived_all_the_same_is_not_lost() -> None:
    """A publish may time out at the publisher although the core has taken it."""
    balance = _ledger([], _run(1), _run(1))
    assert (balance.produced, balance.delivered, balance.lost) == (1, 1, 0)


def test_reading_taken_on_a_second_attempt_is_the_cores_to_deliver() -> None:
    balance = _ledger(_run(1), _run(1), [])
    assert (balance.lost_with_notice, balance.lost_silently) == (0, 1)


def test_number_that_neither_end_has_seen_is_a_loss_without_a_trace() -> None:
    seen = [ReadingId("a", 0), ReadingId("a", 2), ReadingId("a", 5)]
    balance = _ledger(seen, [], seen)
    assert (balance.produced, balance.delivered, balance.lost_silently) == (6, 3, 3)


def test_sequences_of_each_start_of_the_publisher_are_counted_apart() -> None:
    both = _run(3, "first start") + _run(2, "second start")
    assert _ledger(both, [], both).produced == 5


def test_second_arrival_of_a_reading_is_a_duplicate_and_no_second_delivery() -> None:
    balance = _ledger(_run(2), [], [*_run(2), ReadingId("a", 1), ReadingId("a", 1)])
    assert (balance.delivered, balance.duplicated) == (2, 2)


def test_reading_that_arrives_before_its_log_line_is_read_counts_as_produced() -> None:
    balance = _ledger([], [], _run(2))
    assert (balance.produced, balance.lost) == (2, 0)


@given(accepted=st.lists(READINGS), refused=st.lists(READINGS), arrived=st.lists(READINGS))
def test_account_always_adds_up(
    accepted: list[ReadingId], refused: list[ReadingId], arrived: list[ReadingId]
) -> None:
    balance = _ledger(accepted, refused, arrived)
    assert balance.produced == balance.delivered + balance.lost
    assert balance.delivered + balance.duplicated == len(arrived)
    assert 0 <= balance.lost_with_notice <= balance.lost
    assert balance.produced >= len({*accepted, *refused, *arrived})


@given(accepted=st.lists(READINGS), arrived=st.lists(READINGS), order=st.randoms())
def test_account_does_not_depend_on_the_order_of_the_news(
    accepted: list[ReadingId], arrived: list[ReadingId], order: Random
) -> None:
    before = _ledger(accepted, [], arrived)
    order.shuffle(accepted)
    order.shuffle(arrived)
    assert _ledger(accepted, [], arrived) == before
