"""A spool that may make no file: at the floor of free space, which is a full disk to it, or at the cap."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_common.errors import TransientError
from edge_common.spool import OnFull, Spool, SpoolFullError
from support.spool.spooling import BLOCK_BYTES, SEGMENT_BLOCKS, records_of, segment_paths, small_limits

NO_ROOM = replace(small_limits(), min_free_bytes=1 << 60)
SEGMENT_BYTES = SEGMENT_BLOCKS * BLOCK_BYTES


def with_one_file(folder: Path) -> Path:
    """A spool that nothing was ever taken into."""
    Spool(folder, small_limits()).close()
    return folder


def test_a_new_spool_has_the_file_of_its_first_segment(tmp_path: Path) -> None:
    folder = with_one_file(tmp_path / "spool")
    with Spool(folder, NO_ROOM) as spool:
        assert spool.statistics().bytes == SEGMENT_BYTES
        assert spool.append(b"first") == 0


def test_a_new_spool_without_room_opens_and_the_first_append_tells_why(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", NO_ROOM) as spool:
        assert spool.statistics().bytes == 0
        with pytest.raises(SpoolFullError, match="must stay free"):
            spool.append(b"first")


@pytest.mark.parametrize("policy", OnFull)
def test_without_room_for_a_second_file_a_drained_one_is_written_over(tmp_path: Path, policy: OnFull) -> None:
    folder = with_one_file(tmp_path / "spool")
    for start in range(3):
        with Spool(folder, replace(NO_ROOM, on_full=policy)) as spool:
            for value in range(start * 20, start * 20 + 20):
                assert spool.append(b"%d" % value) == value
                spool.release(value)
            now = spool.statistics()
        assert (now.delivered, now.dropped, now.rejected, now.damaged) == (start * 20 + 20, 0, 0, 0)
        assert now.bytes == SEGMENT_BYTES
        assert len(segment_paths(folder)) == 1


def test_what_waits_in_the_only_file_is_not_written_over(tmp_path: Path) -> None:
    folder = with_one_file(tmp_path / "spool")
    with Spool(folder, NO_ROOM) as spool:
        for value in range(SEGMENT_BLOCKS):
            spool.append(b"%d" % value)
        spool.release(SEGMENT_BLOCKS - 2)
        with pytest.raises(SpoolFullError):
            spool.append(b"too much")
        assert records_of(spool) == {SEGMENT_BLOCKS - 1: b"3"}
        spool.release(SEGMENT_BLOCKS - 1)
        assert spool.append(b"fits") == SEGMENT_BLOCKS


def test_a_drained_file_of_another_size_makes_way_at_the_cap(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits(segment_blocks=2 * SEGMENT_BLOCKS)) as spool:
        spool.release(spool.append(os.urandom(SEGMENT_BYTES)))
    (folder / "blank.ready").unlink(missing_ok=True)
    with Spool(folder, small_limits(2)) as spool:
        for value in range(1, 20):
            assert spool.append(os.urandom(2 * BLOCK_BYTES)) == value
            spool.release(value)
    assert {path.stat().st_size for path in segment_paths(folder)} == {SEGMENT_BYTES}


def test_a_drained_file_whose_sync_has_failed_makes_way_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving what waits would need a second file; where nothing waits, none is needed."""
    folder = tmp_path / "spool"
    failing = [False]
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        if failing[0]:
            failing[0] = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    def room_for_one(_: Path) -> SimpleNamespace:
        used_bytes = sum(path.stat().st_size for path in folder.glob("*-*"))
        return SimpleNamespace(f_bavail=SEGMENT_BYTES - used_bytes, f_frsize=1)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    monkeypatch.setattr(os, "statvfs", room_for_one)
    with Spool(folder, small_limits()) as spool:
        spool.release(spool.append(b"0"))
        failing[0] = True
        with pytest.raises(TransientError):
            spool.append(b"lost")
        assert spool.append(b"1") == 1
        assert records_of(spool) == {1: b"1"}
    with Spool(folder, small_limits()) as spool:
        assert records_of(spool) == {1: b"1"}
    assert len(list(folder.glob("*-*"))) == 1


def test_numbers_go_on_when_the_only_file_goes_and_the_journal_had_been_lost(tmp_path: Path) -> None:
    """The name of that file is then all that tells them."""
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        for value in range(SEGMENT_BLOCKS + 1):
            spool.append(b"%d" % value)
        spool.release(SEGMENT_BLOCKS - 1)
    for path in folder.glob("*-*0.segment"):
        path.unlink()
    (folder / "blank.ready").unlink(missing_ok=True)
    (only,) = segment_paths(folder)
    only.write_bytes(bytes(SEGMENT_BYTES))
    (folder / "release.journal").write_bytes(os.urandom(4 * BLOCK_BYTES))
    larger = small_limits(segment_blocks=2 * SEGMENT_BLOCKS)
    with Spool(folder, replace(larger, min_free_bytes=1 << 60)) as spool, pytest.raises(SpoolFullError):
        spool.append(os.urandom(SEGMENT_BYTES))
    assert segment_paths(folder) == []
    with Spool(folder, larger) as spool:
        assert spool.append(b"next") == SEGMENT_BLOCKS
