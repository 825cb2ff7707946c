import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from edge_common.spool import OnFull, Spool, SpoolFullError
from support.spool.spooling import BLOCK_BYTES, records_of, segment_paths, small_limits
from support.waiting import wait_until

READY = "blank.ready"
SEGMENT_BYTES = 4 * BLOCK_BYTES
PREPARER = "spool-preparer"
FileSync = Callable[[int], None]


def failing_in(threads: set[str], number: int, real: FileSync) -> FileSync:
    """`real`, failing with the error `number` when one of those threads calls it."""

    def sync(descriptor: int) -> None:
        if threading.current_thread().name in threads:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    return sync


def wait_for_file(path: Path) -> None:
    """Until `path` is there."""
    wait_until(path.exists, 10, str(path))


def test_the_next_file_is_ready_before_it_is_needed_and_no_append_makes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    makers = []
    real = os.open

    def opened(path: object, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT and "blank" in str(path):
            makers.append(threading.current_thread().name)
        return real(path, flags, *rest)  # type: ignore[arg-type]  # as os.open takes it

    monkeypatch.setattr(os, "open", opened)
    with Spool(folder, small_limits()) as spool:
        for value in range(40):
            spool.append(b"%d" % value)
            wait_for_file(folder / READY)
        assert len(records_of(spool)) == 40
    assert makers == [threading.current_thread().name] + [PREPARER] * 10


def test_a_file_that_is_ready_is_kept_over_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        spool.append(b"0")
        wait_for_file(folder / READY)
        before = (folder / READY).stat()
    with Spool(folder, small_limits()) as spool:
        assert (folder / READY).stat().st_ino == before.st_ino
        assert spool.statistics().bytes == 2 * SEGMENT_BYTES
        for value in range(1, 5):
            spool.append(b"%d" % value)
        assert segment_paths(folder)[1].stat().st_ino == before.st_ino


def test_a_ready_file_of_another_size_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        spool.append(b"0")
        wait_for_file(folder / READY)
    with Spool(folder, small_limits(segment_blocks=8)) as spool:
        for value in range(1, 20):
            spool.append(b"%d" % value)
        assert list(records_of(spool)) == list(range(20))
    assert {path.stat().st_size for path in segment_paths(folder)[1:]} == {8 * BLOCK_BYTES}


@pytest.mark.parametrize("policy", OnFull)
def test_the_cap_counts_what_is_ready_and_what_is_being_made(tmp_path: Path, policy: OnFull) -> None:
    """The policy acts at the same record as if nothing were made ahead."""
    folder, limits = tmp_path / "spool", small_limits(3, policy)
    with Spool(folder, limits) as spool:
        for value in range(12):
            spool.append(b"%d" % value)
            assert spool.statistics().bytes <= limits.max_bytes
            assert sum(path.stat().st_size for path in folder.glob("*-*")) <= limits.max_bytes
            assert spool.statistics().dropped == 0
        assert spool.statistics().records == 12
        assert not (folder / READY).exists()
        if policy is OnFull.REJECT:
            with pytest.raises(SpoolFullError):
                spool.append(b"one too many")
        else:
            assert spool.append(b"12") == 12
            assert spool.statistics().dropped == 4


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_what_fails_ahead_is_no_error_until_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    folder = tmp_path / "spool"
    failing = {PREPARER}
    with monkeypatch.context() as patched, Spool(folder, small_limits()) as spool:
        patched.setattr(os, "fsync", failing_in(failing, number, os.fsync))
        for value in range(20):
            assert spool.append(b"%d" % value) == value
        failing.add(threading.current_thread().name)
        with pytest.raises(TransientError):
            spool.append(b"needs another file")
        assert not list(folder.glob("blank.*"))
    with Spool(folder, small_limits()) as spool:
        assert list(records_of(spool)) == list(range(20))


def test_closing_gives_up_the_file_in_the_making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "spool"
    begun, closing = threading.Event(), threading.Event()
    real = os.open

    def opened(path: object, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT and str(path).endswith("blank.ahead"):
            begun.set()
            assert closing.wait(10)
        return real(path, flags, *rest)  # type: ignore[arg-type]  # as os.open takes it

    spool = Spool(folder, small_limits())
    monkeypatch.setattr(os, "open", opened)
    spool.append(b"0")
    assert begun.wait(10)
    stop = spool._store.ahead.stop

    def stopping() -> None:
        stop()
        closing.set()

    monkeypatch.setattr(spool._store.ahead, "stop", stopping)
    spool.close()
    assert not list(folder.glob("blank.*"))


def test_an_append_that_needs_the_file_in_the_making_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is dropped, and no second file is made, because one is under way."""
    folder, limits = tmp_path / "spool", small_limits(2, OnFull.DROP_OLDEST)
    begun, go_on = threading.Event(), threading.Event()
    real = os.fsync

    def sync(descriptor: int) -> None:
        if threading.current_thread().name == PREPARER:
            begun.set()
            assert go_on.wait(10)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    with Spool(folder, limits) as spool:
        for value in range(4):
            spool.append(b"%d" % value)
        assert begun.wait(10)
        assert spool.statistics().bytes == limits.max_bytes
        appender = threading.Thread(target=spool.append, args=(b"4",))
        appender.start()
        wait_until(lambda: spool._store.ahead._changed._waiters, 10, "the commit waits")  # type: ignore[attr-defined]  # no public count
        go_on.set()
        appender.join()
        assert (spool.statistics().records, spool.statistics().dropped) == (5, 0)
