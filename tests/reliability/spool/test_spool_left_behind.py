"""What stands in the folder at one moment: a copy of it is what a process that is killed then leaves."""

import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from edge_common.spool import OnFull, Spool, SpoolLimits
from support.spool.spooling import BLOCK_BYTES, records_of, segment_paths, small_limits

MIB = 1 << 20


def left_behind(folder: Path) -> Spool:
    """The spool that the next process would find if this one were killed now."""
    copy = folder.with_name("left-behind")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("blank.*"))  # they come and go
    return Spool(copy, small_limits())


def test_a_note_is_there_when_remember_returns(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.append(b"reading")
        spool.remember(b"sending 0")
        with left_behind(tmp_path / "spool") as next_one:
            assert next_one.note == b"sending 0"


def test_a_release_is_there_when_it_returns(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.append_many([b"a", b"b"])
        spool.remember(b"sending 0")
        spool.release(0)
        with left_behind(tmp_path / "spool") as next_one:
            assert (next_one.note, records_of(next_one)) == (b"", {1: b"b"})


def test_many_records_are_acknowledged_with_the_last_of_their_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records that no one frame takes are written as several: none of the calls is done before the last."""
    real = os.fdatasync
    done_at: list[bool] = []
    with Spool(tmp_path / "spool", small_limits()) as spool, ThreadPoolExecutor(1) as threads:
        appending: Future[range] = Future()

        def fdatasync(descriptor: int) -> None:
            real(descriptor)
            done_at.append(bool(wait([appending], 0.1).done))

        monkeypatch.setattr(os, "fdatasync", fdatasync)
        records = [os.urandom(3 * BLOCK_BYTES) for _ in range(4)]

        def append() -> None:
            appending.set_result(spool.append_many(records))

        threads.submit(append).result(10)
        spool.append(b"behind them all")
    assert done_at[:4] == [False] * 4
    assert done_at[-1]


def test_what_is_kept_of_damage_is_bounded(tmp_path: Path) -> None:
    """Forty frames of 60 kB rot; all are counted, a part of them is kept."""
    limits = SpoolLimits(64 * MIB, OnFull.REJECT, min_free_bytes=0, segment_bytes=MIB // 16)
    folder = tmp_path / "spool"
    with Spool(folder, limits) as spool:
        for _ in range(40):
            spool.append(os.urandom(60_000))
    for path in segment_paths(folder):
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
    with Spool(folder, limits) as spool:
        assert records_of(spool) == {}
        assert spool.statistics().damaged == 40
    kept = sum(path.stat().st_size for path in (folder / "quarantine").iterdir())
    assert 0 < kept <= MIB
