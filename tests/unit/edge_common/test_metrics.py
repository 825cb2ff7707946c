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


def test_gauges_follow_the_counters_under_their_own_name() -> None:
    metrics = Metrics()
    now = {"taken": 3, "waiting": 1}
    metrics.gauges("outbox", lambda: now)
    metrics.counter("b").add()
    assert list(metrics.snapshot().items()) == [("b", 1), ("outbox_taken", 3), ("outbox_waiting", 1)]
    now["waiting"] = 0
    assert metrics.snapshot()["outbox_waiting"] == 0


def test_gauges_given_again_replace_the_former_ones() -> None:
    metrics = Metrics()
    metrics.gauges("outbox", lambda: {"taken": 1})
    metrics.gauges("outbox", lambda: {"waiting": 2})
    assert metrics.snapshot() == {"outbox_waiting": 2}


def test_gauges_need_a_fixed_word_too() -> None:
    with pytest.raises(ValueError, match="names no counter"):
        Metrics().gauges("a/b", dict)
