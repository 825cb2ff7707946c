import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from edge_common.spool import OnFull, Spool
from support.spool.spooling import BLOCK_BYTES, adds_up, records_of, segment_paths, small_limits


def fail_reads(patch: pytest.MonkeyPatch, is_bad: Callable[[int, int, int], bool]) -> None:
    """Let reads of any block fail for which `is_bad(inode number, block, size)` holds."""
    real = os.pread

    def pread(descriptor: int, size_bytes: int, offset: int) -> bytes:
        inode = os.fstat(descriptor).st_ino
        first, last = offset // BLOCK_BYTES, (offset + size_bytes - 1) // BLOCK_BYTES
        for block in range(first, last + 1):
            if is_bad(inode, block, size_bytes):
                if block > first:  # as the kernel does: what comes before the bad sector is read
                    return real(descriptor, block * BLOCK_BYTES - offset, offset)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, size_bytes, offset)

    patch.setattr(os, "pread", pread)


def bad_block(patch: pytest.MonkeyPatch, path: Path, block: int) -> None:
    """One sector of a file that is gone for good."""
    inode = path.stat().st_ino
    fail_reads(patch, lambda of, at, _: (of, at) == (inode, block))


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("segment", range(3))
def test_one_bad_block_costs_one_record_over_restarts_and_its_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, segment: int, block: int
) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        for value in range(12):
            spool.append(b"%d" % value)
    bad_block(monkeypatch, segment_paths(folder)[segment], block)
    expected = {value: b"%d" % value for value in range(12) if value != segment * 4 + block}
    for _ in range(2):
        with Spool(folder, small_limits()) as spool:
            assert records_of(spool) == expected
            assert spool.statistics().damaged == 1
            assert adds_up(spool.statistics())
    bad = segment_paths(folder)[segment]
    with Spool(folder, small_limits()) as spool:
        for value in range(12, 20):
            assert spool.append(b"%d" % value) == value
        assert len(records_of(spool)) == 19
        spool.release(19)
        now = spool.statistics()
        assert (now.delivered, now.damaged, now.records) == (19, 1, 0)
        assert not bad.exists()  # it is not used again
        assert bad.name not in {path.name for path in spool._store._chain.spares}


def test_what_can_be_read_of_a_damaged_frame_is_kept_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    record = os.urandom(2 * BLOCK_BYTES)
    with Spool(folder, small_limits()) as spool:
        spool.append(record)
        spool.append(b"next")
    whole = segment_paths(folder)[0].read_bytes()
    bad_block(monkeypatch, segment_paths(folder)[0], 1)
    with Spool(folder, small_limits()) as spool:
        assert records_of(spool) == {1: b"next"}
    kept = next((folder / "quarantine").iterdir()).read_bytes()
    assert kept[:BLOCK_BYTES] == whole[:BLOCK_BYTES]
    assert kept[BLOCK_BYTES : 2 * BLOCK_BYTES] == bytes(BLOCK_BYTES)
    assert kept[2 * BLOCK_BYTES :] == whole[2 * BLOCK_BYTES : 3 * BLOCK_BYTES]


def test_a_bad_block_is_passed_over_when_its_segment_is_dropped_or_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, limits = tmp_path / "spool", small_limits(2, OnFull.DROP_OLDEST)
    with Spool(folder, limits) as spool:
        for value in range(6):
            spool.append(b"%d" % value)
    tail = segment_paths(folder)[-1]
    inode = tail.stat().st_ino
    tail.rename(tail.with_suffix(".suspect"))
    fail_reads(monkeypatch, lambda of, at, _: (of, at) == (inode, 0))
    with Spool(folder, limits) as spool:
        spool.append(b"6")
        assert records_of(spool) == {value: b"%d" % value for value in (0, 1, 2, 3, 5, 6)}
        for value in range(7, 20):
            spool.append(b"%d" % value)
        now = spool.statistics()
        assert (now.damaged, now.next_number) == (1, 20)
        assert adds_up(now)


def test_a_disk_that_gives_nothing_is_an_error_and_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        for value in range(9):
            spool.append(b"%d" % value)
        with monkeypatch.context() as patched:
            fail_reads(patched, lambda *_: True)
            with pytest.raises(TransientError, match="Input/output error"):
                spool.read(-1, 100, 100)
        assert spool.statistics().damaged == 0
        assert len(records_of(spool)) == 9
    with monkeypatch.context() as patched:
        fail_reads(patched, lambda *_: True)
        with pytest.raises(TransientError, match="Input/output error"):
            Spool(folder, small_limits())
    with Spool(folder, small_limits()) as spool:
        assert len(records_of(spool)) == 9


def test_a_sector_that_comes_back_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        for value in range(12):
            spool.append(b"%d" % value)
        with monkeypatch.context() as patched:
            bad_block(patched, segment_paths(folder)[0], 2)
            assert list(records_of(spool)) == [0, 1, *range(3, 12)]
            assert spool.statistics().damaged == 1
        assert list(records_of(spool)) == list(range(12))
        assert spool.statistics().damaged == 0


def test_another_error_than_of_the_medium_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pread(*_: object) -> bytes:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.append(b"x")
        with monkeypatch.context() as patched:
            patched.setattr(os, "pread", pread)
            with pytest.raises(TransientError, match="Cannot allocate memory"):
                spool.read(-1, 100, 100)
        assert records_of(spool) == {0: b"x"}
