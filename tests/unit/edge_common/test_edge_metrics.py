import threading

import pytest

from edge_common.metrics import Metrics


def test_counts_of_many_threads_add_up() -> None:
    counter = Metrics().counter("readings_published")

    def count() -> None:
        for _ in range(5_000):
            counter.add()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 40_000


def test_same_name_is_the_same_counter() -> None:
    metrics = Metrics()
    metrics.counter("messages_sent").add(2)
    metrics.counter("messages_sent").add(3)
    assert metrics.snapshot() == {"messages_sent": 5}


def test_snapshot_shows_counters_that_never_counted_in_the_order_they_were_made() -> None:
    metrics = Metrics()
    metrics.counter("b")
    metrics.counter("a").add()
    assert list(metrics.snapshot().items()) == [("b", 0), ("a", 1)]


def test_snapshot_does_not_change_afterwards() -> None:
    metrics = Metrics()
    counter = metrics.counter("a")
    snapshot = metrics.snapshot()
    counter.add()
    assert snapshot == {"a": 0}


def test_counter_never_goes_back() -> None:
    with pytest.raises(ValueError, match="only grows"):
        Metrics().counter("a").add(-1)


@pytest.mark.parametrize("name", ["", "a/b", "Sent", "a-b", "_a", "a__b", "a_", "1a", "a b", "a\n"])
def test_name_that_is_no_fixed_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="names no counter"):
        Metrics().counter(name)
