import os
from contextlib import suppress
from pathlib import Path

import pytest

from edge_common.outbox import LIVE_RECORDS, MessageOutbox, OutboxConfig, OutboxStatistics
from edge_common.outbox.config import MIN_MAX_BYTES, message_shares
from edge_common.outbox.dead_letters import BACKLOG_FOLDER, DEAD_FOLDER, LIVE_FOLDER, decode
from edge_common.spool import Spool, SpoolFullError
from support.outbox.ends import IN_A_BLINK, POISON, Broker, Mood, context_of
from support.spool.spooling import records_of
from support.waiting import wait_until

WITHIN_S = 20.0
AWAY = [Mood.FAIL] * 10**6


def outbox_in(folder: Path, broker: Broker, max_in_flight: int = 10, **settings: str) -> MessageOutbox:
    """An outbox that does not wait long after failures."""
    config = OutboxConfig.model_validate(
        {"folder": str(folder / "outbox"), "max_bytes": MIN_MAX_BYTES, "min_free_bytes": 0} | settings
    )
    return MessageOutbox(config, broker, max_in_flight, context_of(), IN_A_BLINK)


def numbered(count: int, start: int = 0) -> list[bytes]:
    """Records that differ."""
    return [b"%d" % number for number in range(start, start + count)]


def test_messages_arrive_once_and_in_order(tmp_path: Path) -> None:
    broker = Broker()
    with outbox_in(tmp_path, broker, 1) as outbox:
        for record in numbered(LIVE_RECORDS):
            outbox.put(record)
        assert outbox.drain(WITHIN_S)
        assert outbox.statistics() == OutboxStatistics(20, 0, 20, 0, 0, 0, 0)
    assert broker.records == numbered(LIVE_RECORDS)


def test_a_fresh_reading_waits_behind_the_live_lane_only_however_long_the_outage(tmp_path: Path) -> None:
    broker = Broker(list(AWAY))
    with outbox_in(tmp_path, broker, 1) as outbox:
        for record in numbered(300):
            outbox.put(record)
    broker.moods.clear()
    with Spool(tmp_path / "outbox" / LIVE_FOLDER, message_shares(OutboxConfig()).lanes[LIVE_FOLDER]) as live:
        assert list(records_of(live).values()) == numbered(LIVE_RECORDS)
        live.release(9)
    with outbox_in(tmp_path, broker := Broker(list(AWAY)), 1) as outbox:
        outbox.put(b"fresh")
        broker.moods.clear()
        assert outbox.drain(WITHIN_S)
    assert broker.records == [*numbered(10, 10), b"fresh", *numbered(280, 20)]


def test_at_most_the_window_is_under_way_at_once(tmp_path: Path) -> None:
    broker = Broker()
    with outbox_in(tmp_path, broker, 7) as outbox:
        for record in numbered(100):
            outbox.put(record)
        assert outbox.drain(WITHIN_S)
    assert broker.most_at_once <= 7
    assert sorted(broker.records, key=int) == numbered(100)


def test_what_succeeded_behind_a_failure_is_not_repeated(tmp_path: Path) -> None:
    with outbox_in(tmp_path, Broker(list(AWAY))) as outbox:
        for record in numbered(15):
            outbox.put(record)
    broker = Broker([Mood.TAKE, Mood.FAIL, Mood.TAKE, Mood.REFUSE, Mood.TAKE, Mood.FAIL])
    with outbox_in(tmp_path, broker, 5) as outbox:
        assert outbox.drain(WITHIN_S)
    assert broker.most_at_once == 5  # else nothing has succeeded behind a failure
    assert sorted(broker.records, key=int) == numbered(15)


def test_a_message_for_nobody_becomes_a_dead_letter_and_those_around_it_arrive(tmp_path: Path) -> None:
    broker = Broker()
    records = [POISON + b" %d" % number if number % 7 == 3 else b"%d" % number for number in range(50)]
    with outbox_in(tmp_path, broker, 10) as outbox:
        for record in records:
            outbox.put(record)
        assert outbox.drain(WITHIN_S)
        now = outbox.statistics()
    poison = [record for record in records if POISON in record]
    assert (now.taken, now.delivered, now.dead) == (50, 50 - len(poison), len(poison))
    assert sorted(broker.records, key=int) == [record for record in records if POISON not in record]
    with Spool(tmp_path / "outbox" / DEAD_FOLDER, message_shares(OutboxConfig()).dead) as dead:
        letters = [decode(content) for content in records_of(dead).values()]
    assert {letter.record for letter in letters} == set(poison)
    assert {letter.lane for letter in letters} <= {LIVE_FOLDER, BACKLOG_FOLDER}


def test_large_messages_overflow_into_the_backlog_rather_than_be_dropped(tmp_path: Path) -> None:
    broker = Broker(list(AWAY))
    with outbox_in(tmp_path, broker) as outbox:
        for _ in range(10):
            outbox.put(os.urandom(150_000))
        now = outbox.statistics()
        broker.moods.clear()
        assert outbox.drain(WITHIN_S)
    assert (now.taken, now.waiting, now.rejected, now.dropped) == (10, 10, 0, 0)
    assert len(broker.records) == 10


def test_the_live_lanes_overflow_is_no_refusal(tmp_path: Path) -> None:
    """Only what the backlog refuses is refused to the caller, and counted."""
    with outbox_in(tmp_path, Broker(list(AWAY)), on_full="reject") as outbox:
        taken = 0
        with suppress(SpoolFullError):
            while True:
                outbox.put(os.urandom(150_000))
                taken += 1
        now = outbox.statistics()
    assert (now.taken, now.rejected) == (taken, 1)
    assert taken > 10


class Wrong(Broker):
    """A sink with a bug: it forgets an outcome, until it is mended."""

    is_wrong = True

    def send(self, records: object) -> list[None]:  # type: ignore[override]  # wrong on purpose
        """Nothing arrives."""
        if self.is_wrong:
            return []
        super().send(records)  # type: ignore[arg-type]  # what comes are records
        return [None] * len(records)  # type: ignore[arg-type]  # the same


def test_a_sink_that_forgets_an_outcome_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = Wrong()
    with outbox_in(tmp_path, broker) as outbox:
        outbox.put(b"a")
        said = []

        def told() -> bool:
            said.append(capsys.readouterr().out)
            return "delivery_crashed" in "".join(said)

        wait_until(told, WITHIN_S, "the bug in the log")
        assert outbox.statistics().waiting == 1
        broker.is_wrong = False
        assert outbox.drain(WITHIN_S)
    assert broker.records == [b"a"]


def test_two_outboxes_of_one_component_count_under_their_own_names(tmp_path: Path) -> None:
    context = context_of()
    config = OutboxConfig(folder=str(tmp_path / "alarms"), max_bytes=MIN_MAX_BYTES)
    with (
        MessageOutbox(config, Broker(), 1, context, name="alarms") as alarms,
        MessageOutbox(config.model_copy(update={"folder": str(tmp_path / "readings")}), Broker(), 1, context),
    ):
        alarms.put(b"a")
        assert alarms.drain(WITHIN_S)
        shown = context.metrics.snapshot()
    assert (shown["alarms_taken"], shown["outbox_taken"]) == (1, 0)
