"""The publisher's pure logic: when heartbeats are due and what they say, and what is logged of deliveries."""

from collections.abc import Mapping

import pytest

from edge_common.messages import Heartbeat, Reading, encode
from mqtt_publisher.logic import BACKLOG_LINE_EVERY_S, DeliveryLines, Heartbeats

NOW = "2026-11-22T04:26:11.123Z"
MANY = 20
NOTHING_LOST = {
    "messages_sent": 7,
    "outbox_waiting": 0,
    "outbox_dropped": 0,
    "outbox_damaged": 0,
    "outbox_dead": 0,
}


def heartbeats(every: int, *moments: tuple[int, Mapping[str, int]]) -> list[Heartbeat | None]:
    """What is due at each of these moments: readings delivered, and counters that are not `NOTHING_LOST`."""
    due = Heartbeats("core-1", every, MANY)
    return [due.next(delivered, {**NOTHING_LOST, **counts}, NOW) for delivered, counts in moments]


def test_a_heartbeat_is_due_after_every_so_many_deliveries_and_only_once() -> None:
    due = heartbeats(3, *((delivered, {}) for delivered in (0, 1, 2, 3, 3, 4, 8, 8, 9)))

    assert [heartbeat is not None for heartbeat in due] == [
        *(False, False, False),
        *(True, False, False),
        *(True, False, True),
    ]


def test_zero_means_no_heartbeat_at_all() -> None:
    assert heartbeats(0, (0, {}), (1, {}), (100, {})) == [None, None, None]


def test_a_heartbeat_says_what_waits_and_what_was_lost() -> None:
    counts = {"outbox_waiting": 4, "outbox_dropped": 3, "outbox_damaged": 2, "outbox_dead": 1}
    _, heartbeat = heartbeats(1, (0, {}), (1, counts))

    assert heartbeat == Heartbeat(
        "core-1",
        NOW,
        "degraded",
        7,
        {"readings_waiting": 4, "readings_dropped": 3, "readings_damaged": 2, "readings_dead": 1},
    )


def statuses(*moments: Mapping[str, int]) -> list[str]:
    """The status of heartbeats at these moments, each due."""
    due = heartbeats(1, (0, {}), *((count, counts) for count, counts in enumerate(moments, 1)))
    return [heartbeat.status for heartbeat in due if heartbeat is not None]


def test_a_backlog_is_degraded_for_as_long_as_it_waits() -> None:
    waiting = ({"outbox_waiting": count} for count in (MANY, MANY + 1, 0))
    assert statuses(*waiting) == ["healthy", "degraded", "healthy"]


@pytest.mark.parametrize("loss", ["outbox_dropped", "outbox_damaged", "outbox_dead", "readings_not_stored"])
def test_a_loss_is_degraded_in_the_next_heartbeat_and_no_longer(loss: str) -> None:
    assert statuses({loss: 1}, {loss: 1}, {loss: 2}) == ["degraded", "healthy", "degraded"]


def test_what_was_lost_before_this_start_is_no_news() -> None:
    _, heartbeat = heartbeats(1, (0, {"outbox_dropped": 9}), (1, {"outbox_dropped": 9}))
    assert heartbeat is not None
    assert heartbeat.status == "healthy"


def record(sequence: int, boot_id: str = "now") -> bytes:
    """A reading as the outbox holds it."""
    return encode(Reading("core-1", NOW, boot_id, sequence, {"temperature": 24.0}))


def test_each_fresh_delivery_has_a_line_and_the_backlog_one_in_all() -> None:
    lines = DeliveryLines("now", MANY)
    lines.stored(100)
    newest_of_backlog, oldest_fresh = 100 - MANY, 101 - MANY

    fresh = lines.delivered(
        [record(oldest_fresh), record(newest_of_backlog), record(100), record(100, "then")]
    )

    assert [reading.sequence for reading in fresh] == [oldest_fresh, 100]
    assert lines.backlog(0.0) == 2


def test_the_backlog_is_said_at_once_then_from_time_to_time_and_nothing_of_it_is_left_out() -> None:
    lines = DeliveryLines("now", MANY)
    said = []
    for at_s in range(0, 25, 4):
        lines.delivered([record(0, "then")])
        said.append(lines.backlog(at_s))
    said.append(lines.backlog(24 + BACKLOG_LINE_EVERY_S))

    assert said == [1, 0, 0, 3, 0, 0, 3, 0]


def test_a_delivery_that_is_no_reading_of_this_program_is_counted_all_the_same() -> None:
    lines = DeliveryLines("now", MANY)
    assert lines.delivered([b'{"of": "another version"}', b"\xff"]) == []
    assert lines.backlog(0.0) == 2
