from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from edge_common.spool import OnFull, Spool, SpoolFullError
from support.spool.spooling import BLOCK_BYTES, records_of, segment_paths, small_limits
from support.waiting import wait_until


def test_records_come_back_in_order_after_a_restart(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        numbers = [spool.append(b"%d" % value) for value in range(50)]
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert records_of(spool) == {value: b"%d" % value for value in range(50)}
    assert numbers == list(range(50))


def test_numbers_go_on_after_full_drains_and_restarts(tmp_path: Path) -> None:
    numbers = []
    for _ in range(10):
        with Spool(tmp_path / "spool", small_limits()) as spool:
            numbers += list(spool.append_many([b"a", b"b", b"c"]))
            spool.release(numbers[-1])
            assert spool.statistics().records == 0
    assert numbers == list(range(30))


def test_a_drained_spool_keeps_two_files_however_much_went_through(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        for _ in range(40):
            spool.release(spool.append(b"x"))
        # One that was being made when a release gave a spare goes again.
        wait_until(lambda: spool.statistics().bytes <= 2 * 4 * BLOCK_BYTES, 10, "two files")
        assert spool.statistics().delivered == 40
    assert len(segment_paths(tmp_path / "spool")) <= 2


def test_stale_frames_of_a_recycled_segment_are_not_read_as_new(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits(2)) as spool:
        for value in range(41):
            spool.append(b"%d" % value)
            spool.release(value - 1)
    with Spool(tmp_path / "spool", small_limits(2)) as spool:
        assert records_of(spool) == {40: b"40"}
        assert spool.append(b"next") == 41


def test_a_batch_keeps_to_its_bounds_but_holds_one_record(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.append_many([b"12345"] * 10)
        assert len(spool.read(-1, 3, 1000).records) == 3
        assert len(spool.read(-1, 10, 11).records) == 2
        assert len(spool.read(-1, 10, 1).records) == 1
        batch = spool.read(9, 10, 1000)
        assert (batch.first, batch.last, batch.records) == (10, 9, ())


def test_releasing_what_was_never_taken_in_is_an_error(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.append(b"x")
        with pytest.raises(ValueError, match="never taken in"):
            spool.release(1)


def test_a_record_longer_than_a_segment_is_refused_and_the_longest_is_taken(tmp_path: Path) -> None:
    limits = small_limits()
    longest = bytes(range(256)) * 64
    with Spool(tmp_path / "spool", limits) as spool:
        spool.append(longest[: limits.max_record_bytes])
        with pytest.raises(PermanentError, match="takes"):
            spool.append(longest[: limits.max_record_bytes + 1])
        assert records_of(spool) == {0: longest[: limits.max_record_bytes]}


def test_reject_refuses_at_the_cap_and_takes_in_again_after_a_release(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits(3)) as spool:
        for value in range(12):
            spool.append(b"%d" % value)
        with pytest.raises(SpoolFullError, match="is full"):
            spool.append(b"too much")
        statistics = spool.statistics()
        assert (statistics.rejected, statistics.dropped, statistics.records) == (1, 0, 12)
        spool.release(3)
        assert spool.append(b"fits") == 12


def test_drop_oldest_counts_exactly_and_over_restarts(tmp_path: Path) -> None:
    limits = small_limits(3, OnFull.DROP_OLDEST)
    for value in range(100):
        with Spool(tmp_path / "spool", limits) as spool:
            assert spool.append(b"%d" % value) == value
            statistics = spool.statistics()
            kept = records_of(spool)
            assert list(kept) == list(range(statistics.dropped, value + 1))
            assert statistics.records + statistics.dropped == value + 1
            assert statistics.bytes <= limits.max_bytes
    with Spool(tmp_path / "spool", limits) as spool:
        assert spool.statistics().dropped >= 88


def test_only_what_was_not_delivered_counts_as_dropped(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits(2, OnFull.DROP_OLDEST)) as spool:
        for value in range(8):
            spool.append(b"%d" % value)
        spool.release(2)
        spool.append(b"8")
        statistics = spool.statistics()
        assert (statistics.delivered, statistics.dropped, statistics.records) == (3, 1, 5)


def test_every_append_of_many_threads_has_its_own_number(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits(256)) as spool, ThreadPoolExecutor(8) as threads:
        sent = [b"%d" % value for value in range(200)]
        numbers = list(threads.map(spool.append, sent))
        assert sorted(numbers) == list(range(200))
        assert records_of(spool) == dict(zip(numbers, sent, strict=True))


def test_append_after_close_is_an_error(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", small_limits())
    spool.close()
    with pytest.raises(PermanentError, match="closed"):
        spool.append(b"late")


def test_waiting_ends_with_the_record(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool, ThreadPoolExecutor(1) as threads:
        assert not spool.wait(-1, 0)
        waiting = threads.submit(spool.wait, -1, 10)
        spool.append(b"x")
        assert waiting.result()


STEPS = st.lists(
    st.one_of(
        st.lists(st.binary(max_size=6000), min_size=1, max_size=12),
        st.integers(0, 100).map(lambda percent: percent / 100),
        st.just("restart"),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(STEPS)
def test_a_spool_is_a_list_whatever_is_done_to_it(steps: list[list[bytes] | float | str]) -> None:
    """Appends, partial releases and restarts in any order leave what a plain list would hold."""
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool", small_limits(400))
        taken: list[bytes] = []
        released = 0
        for step in steps:
            if isinstance(step, list):
                assert spool.append_many(step) == range(len(taken), len(taken) + len(step))
                taken += step
            elif isinstance(step, str):
                spool.close()
                spool = Spool(Path(folder) / "spool", small_limits(400))
            elif len(taken) > released:
                released += int((len(taken) - released) * step)
                spool.release(released - 1)
            assert records_of(spool) == dict(enumerate(taken[released:], released))
            statistics = spool.statistics()
            assert statistics.next_number == statistics.released + statistics.records
        spool.close()


def test_a_spool_of_many_segments_keeps_few_files_open(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with Spool(tmp_path / "spool", small_limits()) as spool:
        for value in range(200):
            spool.append(b"%d" % value)
    before = open_files()
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert len(records_of(spool)) == 200
        assert open_files() - before <= 5
