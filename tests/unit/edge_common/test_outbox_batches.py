import os
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from edge_common.context import Context
from edge_common.errors import PermanentError
from edge_common.outbox import Batching, BatchOutbox, Frozen, OutboxConfig, OutboxStatistics, Parcel
from edge_common.outbox.config import MIN_MAX_BYTES, batch_shares
from edge_common.outbox.dead_letters import DEAD_FOLDER, RECORDS_FOLDER, decode
from edge_common.spool import Spool, SpoolFullError
from support.outbox.ends import IN_A_BLINK, POISON, Bucket, Mood, context_of
from support.spool.spooling import records_of
from support.waiting import wait_until

WITHIN_S = 20.0
NEVER_S = 3600.0
BATCHING = Batching(max_records=5, max_age_s=NEVER_S, max_bytes=1 << 20)


def outbox_in(
    folder: Path,
    bucket: Bucket,
    context: Context | None = None,
    batching: Batching = BATCHING,
    **settings: str,
) -> BatchOutbox:
    """An outbox that does not wait long after failures."""
    config = OutboxConfig.model_validate(
        {"folder": str(folder / "outbox"), "max_bytes": MIN_MAX_BYTES, "min_free_bytes": 0} | settings
    )
    return BatchOutbox(config, batching, bucket, context or context_of(), IN_A_BLINK)


def large(number: int) -> bytes:
    """A record of one line, 100 kB of which cannot be compressed away."""
    return b"%d " % number + os.urandom(100_000).hex().encode()


def adds_up(now: OutboxStatistics) -> bool:
    """Every record stands in one place."""
    return now.taken == now.waiting + now.delivered + now.dropped + now.damaged + now.dead


def test_a_full_batch_goes_at_once_and_the_rest_waits_for_more(tmp_path: Path) -> None:
    bucket = Bucket()
    with outbox_in(tmp_path, bucket) as outbox:
        for number in range(12):
            outbox.put(b"%d" % number)
        wait_until(lambda: outbox.statistics().delivered == 10, WITHIN_S, "two batches")
        assert outbox.statistics().waiting == 2
    assert [len(frozen.records) for frozen in bucket.frozen.values()] == [5, 5]


def test_a_batch_goes_when_it_is_old_enough(tmp_path: Path) -> None:
    bucket = Bucket()
    batching = Batching(max_records=1000, max_age_s=0.05, max_bytes=1 << 20)
    with outbox_in(tmp_path, bucket, batching=batching) as outbox:
        outbox.put(b"a")
        wait_until(lambda: bucket.records == [b"a"], WITHIN_S, "the batch")


def test_draining_does_not_wait_for_a_batch_to_fill(tmp_path: Path) -> None:
    bucket = Bucket()
    with outbox_in(tmp_path, bucket) as outbox:
        outbox.put(b"a")
        assert outbox.drain(WITHIN_S)
        assert outbox.statistics() == OutboxStatistics(1, 0, 1, 0, 0, 0, 0)
    assert bucket.records == [b"a"]


def test_draining_an_empty_outbox_is_done_at_once(tmp_path: Path) -> None:
    with outbox_in(tmp_path, Bucket()) as outbox:
        assert outbox.drain(0.0)


def test_draining_towards_a_far_end_that_is_away_says_that_something_waits(tmp_path: Path) -> None:
    with outbox_in(tmp_path, Bucket([Mood.FAIL] * 10**6)) as outbox:
        outbox.put(b"a")
        assert not outbox.drain(0.2)


def test_what_was_left_is_delivered_at_the_next_start_without_waiting_for_more(tmp_path: Path) -> None:
    bucket = Bucket()
    with outbox_in(tmp_path, bucket) as outbox:
        outbox.put(b"a")
    assert bucket.records == []
    with outbox_in(tmp_path, bucket) as outbox:
        wait_until(lambda: outbox.statistics().delivered == 1, WITHIN_S, "the leftover")
    assert bucket.records == [b"a"]


def test_the_same_bytes_are_sent_under_the_same_name_until_they_arrive(tmp_path: Path) -> None:
    bucket = Bucket([Mood.FAIL, Mood.LOSE_ANSWER, Mood.REFUSE, Mood.CRASH, Mood.LOSE_ANSWER])
    with outbox_in(tmp_path, bucket) as outbox:
        for number in range(5):
            outbox.put(b"%d" % number)
        assert outbox.drain(WITHIN_S)
    assert bucket.tries == 6
    assert len(bucket.parcels) == 1
    assert bucket.overwrites == []


def test_a_batch_whose_answer_was_lost_before_a_restart_is_sent_as_it_was(tmp_path: Path) -> None:
    """More records have come by then; they are not in it."""
    bucket = Bucket([Mood.LOSE_ANSWER] + [Mood.FAIL] * 10**6)
    batching = Batching(max_records=5, max_age_s=0.0, max_bytes=1 << 20)
    with outbox_in(tmp_path, bucket, batching=batching) as outbox:
        outbox.put(b"a")
        wait_until(lambda: bucket.records == [b"a"], WITHIN_S, "the first try")
        outbox.put(b"b")
    bucket.moods.clear()
    with outbox_in(tmp_path, bucket, batching=batching) as outbox:
        assert outbox.drain(WITHIN_S)
    assert bucket.records == [b"a", b"b"]


def test_a_record_for_nobody_becomes_a_dead_letter_and_the_others_arrive_in_order(tmp_path: Path) -> None:
    bucket = Bucket()
    with outbox_in(tmp_path, bucket) as outbox:
        for number in range(20):
            outbox.put(POISON if number in {3, 4, 11} else b"%d" % number)
        assert outbox.drain(WITHIN_S)
        now = outbox.statistics()
    assert (now.delivered, now.dead, now.waiting) == (17, 3, 0)
    assert bucket.records == [b"%d" % number for number in range(20) if number not in {3, 4, 11}]
    with Spool(
        tmp_path / "outbox" / DEAD_FOLDER, batch_shares(OutboxConfig(max_bytes=MIN_MAX_BYTES)).dead
    ) as dead:
        letters = [decode(content) for content in records_of(dead).values()]
    assert [(letter.lane, letter.number) for letter in letters] == [(RECORDS_FOLDER, n) for n in (3, 4, 11)]
    assert {(letter.record, letter.code) for letter in letters} == {(POISON, "poison")}


class Unpackable(Bucket):
    """A sink that finds the poison when it packs."""

    def prepare(self, frozen: Frozen) -> Parcel:
        """As the bucket does, without poison."""
        parcel = super().prepare(frozen)
        if POISON in parcel.body:
            raise PermanentError("it cannot be packed", code="not_json")
        return parcel


def test_a_record_that_cannot_be_packed_becomes_a_dead_letter(tmp_path: Path) -> None:
    bucket = Unpackable()
    with outbox_in(tmp_path, bucket) as outbox:
        for record in (b"a", POISON, b"b"):
            outbox.put(record)
        assert outbox.drain(WITHIN_S)
        assert outbox.statistics().dead == 1
    assert bucket.records == [b"a", b"b"]


def test_counts_survive_restarts_and_dead_letters_that_were_taken_out(tmp_path: Path) -> None:
    pictures = []
    for _ in range(3):
        with outbox_in(tmp_path, Bucket()) as outbox:
            for record in (b"a", POISON, b"b"):
                outbox.put(record)
            assert outbox.drain(WITHIN_S)
            pictures.append(outbox.statistics())
        with Spool(tmp_path / "outbox" / DEAD_FOLDER, batch_shares(OutboxConfig()).dead) as dead:
            dead.release(dead.statistics().next_number - 1)
    assert pictures[-1] == OutboxStatistics(9, 0, 6, 0, 0, 3, 0)


def test_at_the_cap_the_oldest_give_way_and_are_counted(tmp_path: Path) -> None:
    bucket = Bucket([Mood.FAIL] * 10**6)
    with outbox_in(tmp_path, bucket) as outbox:
        for number in range(60):
            outbox.put(large(number))
        before = outbox.statistics()
        bucket.moods.clear()
        assert outbox.drain(WITHIN_S)
        now = outbox.statistics()
    assert before.dropped > 10
    assert adds_up(before)
    assert adds_up(now)
    assert now.dropped == before.dropped
    arrived = [int(record.split()[0]) for record in bucket.records]
    assert arrived == sorted(set(arrived))
    # The batch that was under way when its records were dropped arrives all the same.
    assert set(range(now.dropped, 60)) <= set(arrived)


def test_at_the_cap_new_records_are_refused_where_that_is_the_policy(tmp_path: Path) -> None:
    bucket = Bucket([Mood.FAIL] * 10**6)
    with outbox_in(tmp_path, bucket, on_full="reject") as outbox:
        taken = 0
        with suppress(SpoolFullError):
            while True:
                outbox.put(large(taken))
                taken += 1
        now = outbox.statistics()
        assert (now.taken, now.rejected, now.dropped) == (taken, 1, 0)
        bucket.moods.clear()
        assert outbox.drain(WITHIN_S)
        outbox.put(b"fresh ")
    assert [int(record.split()[0]) for record in bucket.records] == list(range(taken))


class Hanging(Bucket):
    """A far end that does not answer until a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def send(self, parcel: Parcel) -> None:
        """Hang."""
        self.asked.set()
        self.let_go.wait(60)
        super().send(parcel)


def test_it_closes_while_the_sink_hangs_and_what_that_does_later_changes_nothing(tmp_path: Path) -> None:
    bucket, context = Hanging(), context_of()
    outbox = outbox_in(tmp_path, bucket, context)
    with outbox:
        outbox.put(b"a")
        drained = threading.Thread(target=outbox.drain, args=(NEVER_S,))
        drained.start()
        assert bucket.asked.wait(WITHIN_S)
        context.stop.set()
    drained.join(WITHIN_S)
    assert not drained.is_alive()
    healthy = Bucket()
    with outbox_in(tmp_path, healthy) as again:
        bucket.let_go.set()
        wait_until(lambda: bucket.records == [b"a"], WITHIN_S, "the answer that came too late")
        assert again.drain(WITHIN_S)
        assert again.statistics().delivered == 1
    assert healthy.parcels == bucket.parcels
    assert outbox.statistics().waiting == 1


def test_after_the_stop_records_are_still_taken_in_until_it_is_closed(tmp_path: Path) -> None:
    context = context_of()
    with outbox_in(tmp_path, Bucket(), context) as outbox:
        context.stop.set()
        outbox.put(b"a")
    with pytest.raises(PermanentError) as refusal:
        outbox.put(b"b")
    assert refusal.value.code == "spool_closed"
    assert outbox.statistics().taken == 1


def test_closing_an_outbox_twice_keeps_what_waits(tmp_path: Path) -> None:
    """As it is when something that it delivers to must be closed before, or after it."""
    with ExitStack() as opened:
        outbox = opened.enter_context(outbox_in(tmp_path, Bucket()))
        opened.push(outbox)
        outbox.put(b"a")
    assert outbox.statistics().waiting == 1


def test_before_it_is_entered_it_takes_nothing(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="not open"):
        outbox_in(tmp_path, Bucket()).put(b"a")


def test_the_minutes_line_carries_one_picture_of_it(tmp_path: Path) -> None:
    context = context_of()
    with outbox_in(tmp_path, Bucket(), context) as outbox:
        outbox.put(b"a")
        assert outbox.drain(WITHIN_S)
    shown = context.metrics.snapshot()
    assert {name: count for name, count in shown.items() if count} == {
        "outbox_taken": 1,
        "outbox_delivered": 1,
    }
    assert {
        f"outbox_{word}" for word in ("waiting", "dropped", "damaged", "dead", "rejected")
    } <= shown.keys()


def test_records_that_rot_while_they_wait_cost_only_themselves(tmp_path: Path) -> None:
    bucket = Bucket([Mood.FAIL] * 10**6)
    with outbox_in(tmp_path, bucket) as outbox:
        for number in range(4):
            outbox.put(b"%d" % number)
    (segment,) = (tmp_path / "outbox" / RECORDS_FOLDER).glob("*.segment")
    content = bytearray(segment.read_bytes())
    content[4096 + 50] ^= 1
    segment.write_bytes(content)
    bucket.moods.clear()
    with outbox_in(tmp_path, bucket) as outbox:
        assert outbox.drain(WITHIN_S)
        now = outbox.statistics()
    assert bucket.records == [b"0", b"2", b"3"]
    assert (now.delivered, now.damaged, now.waiting) == (3, 1, 0)


def test_a_batch_that_rots_after_it_was_sent_is_frozen_anew_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = Bucket([Mood.LOSE_ANSWER] + [Mood.FAIL] * 10**6)
    with outbox_in(tmp_path, bucket) as outbox:
        for number in range(5):
            outbox.put(b"%d" % number)
        wait_until(lambda: bucket.parcels, WITHIN_S, "the first try")
    (segment,) = (tmp_path / "outbox" / RECORDS_FOLDER).glob("*.segment")
    content = bytearray(segment.read_bytes())
    content[4096 + 50] ^= 1
    segment.write_bytes(content)
    bucket.moods.clear()
    with outbox_in(tmp_path, bucket) as outbox:
        assert outbox.drain(WITHIN_S)
        now = outbox.statistics()
    assert "frozen_batch_lost" in capsys.readouterr().out
    assert set(bucket.records) == {b"0", b"1", b"2", b"3", b"4"}
    assert (now.delivered, now.damaged) == (4, 1)


class Repacked(Bucket):
    """A newer program: it packs the same records into other bytes."""

    def prepare(self, frozen: Frozen) -> Parcel:
        """With one more line in front."""
        parcel = super().prepare(frozen)
        return Parcel(f"v2-{parcel.name}", b"v2\n" + parcel.body)


def test_a_newer_program_that_packs_differently_freezes_anew_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the older one has sent may be there twice: a person must know."""
    with outbox_in(tmp_path, Bucket([Mood.FAIL] * 10**6)) as outbox:
        for number in range(5):
            outbox.put(b"%d" % number)
        assert not outbox.drain(0.2)
    bucket = Repacked()
    with outbox_in(tmp_path, bucket) as outbox:
        assert outbox.drain(WITHIN_S)
        assert outbox.statistics().delivered == 5
    assert "frozen_batch_lost" in capsys.readouterr().out
    assert len(bucket.parcels) == 1
