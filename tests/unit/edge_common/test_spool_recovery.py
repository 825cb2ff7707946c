import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_common.errors import ConfigError, PermanentError, TransientError
from edge_common.spool import Spool, SpoolLimits
from edge_common.spool.checksum import crc32c
from edge_common.spool.limits import OnFull
from support.spool.spooling import BLOCK_BYTES, fill, flip, records_of, segment_paths, small_limits

OTHER_USER = 12345


@pytest.mark.parametrize("offset", [0, 10, 40, 50, 4000])
@pytest.mark.parametrize("broken", [0, 2, 5, 9])
def test_a_damaged_frame_costs_its_own_record_and_is_kept_aside(
    tmp_path: Path, offset: int, broken: int
) -> None:
    folder = tmp_path / "spool"
    fill(folder, 10)
    flip(segment_paths(folder)[broken // 4], broken % 4 * BLOCK_BYTES + offset)
    with Spool(folder, small_limits()) as spool:
        found = records_of(spool)
        assert found == {value: b"record %d" % value for value in range(10) if value != broken}
        assert spool.append(b"after") == 10
        statistics = spool.statistics()
        assert (statistics.damaged, statistics.records, statistics.next_number) == (1, 10, 11)
        spool.release(10)
        assert (spool.statistics().delivered, spool.statistics().damaged) == (10, 1)
    assert len(list((folder / "quarantine").iterdir())) == 1
    with Spool(folder, small_limits()) as spool:
        assert spool.statistics().damaged == 1


def test_a_torn_tail_is_cut_and_its_number_given_again(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 2)
    journal = (folder / "release.journal").read_bytes()
    with Spool(folder, small_limits()) as spool:
        spool.append(os.urandom(6000))
    (folder / "release.journal").write_bytes(journal)  # as before the unfinished commit
    flip(segment_paths(folder)[0], 3 * BLOCK_BYTES + 5)
    with Spool(folder, small_limits()) as spool:
        statistics = spool.statistics()
        assert (statistics.torn_tails, statistics.damaged, statistics.next_number) == (1, 0, 2)
        assert spool.append(b"again") == 2
        assert records_of(spool) == {0: b"record 0", 1: b"record 1", 2: b"again"}


def test_a_record_that_carries_a_frame_is_not_taken_for_one(tmp_path: Path) -> None:
    """The bytes of another segment inside a damaged frame do not come back as records."""
    folder = tmp_path / "spool"
    fill(folder, 1)
    stolen = segment_paths(folder)[0].read_bytes()[:BLOCK_BYTES]
    other = tmp_path / "other"
    carrier = os.urandom(BLOCK_BYTES - 48) + stolen
    with Spool(other, small_limits()) as spool:
        spool.append(carrier)
        spool.append(b"last")
    flip(segment_paths(other)[0], 20)
    with Spool(other, small_limits()) as spool:
        assert records_of(spool) == {1: b"last"}


def test_a_lost_journal_means_reading_again_not_losing(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        spool.append_many([b"a", b"b"])
        spool.release(0)
    (folder / "release.journal").write_bytes(os.urandom(16384))
    with Spool(folder, small_limits()) as spool:
        assert records_of(spool) == {0: b"a", 1: b"b"}


@pytest.mark.parametrize("block", range(4))
def test_one_rotten_block_of_the_journal_changes_nothing(tmp_path: Path, block: int) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        spool.append_many([b"a", b"b", b"c"])
        spool.release(0)
        spool.release(1)
    flip(folder / "release.journal", block * BLOCK_BYTES + 25)
    with Spool(folder, small_limits()) as spool:
        assert records_of(spool) == {2: b"c"}


def test_opening_reads_the_tail_and_not_the_whole(tmp_path: Path) -> None:
    """Every segment but the last may be unreadable noise, and opening neither notices nor minds."""
    folder = tmp_path / "spool"
    fill(folder, 41)
    for path in segment_paths(folder)[:-1]:
        path.write_bytes(os.urandom(path.stat().st_size))
    with Spool(folder, small_limits()) as spool:
        assert spool.statistics().damaged == 0
        assert records_of(spool) == {40: b"record 40"}
        assert spool.statistics().damaged == 40


def test_a_vanished_segment_costs_its_own_records(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 12)
    segment_paths(folder)[1].unlink()
    with Spool(folder, small_limits()) as spool:
        assert list(records_of(spool)) == [0, 1, 2, 3, 8, 9, 10, 11]
        assert spool.statistics().damaged == 4


def test_all_segments_gone_still_opens_and_numbers_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 12)
    for path in segment_paths(folder):
        path.unlink()
    with Spool(folder, small_limits()) as spool:
        assert spool.append(b"new") == 12
        assert spool.statistics().damaged == 12
        assert records_of(spool) == {12: b"new"}


def test_a_damaged_format_line_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 3)
    flip(folder / "format", 18)
    with Spool(folder, small_limits()) as spool:
        assert len(records_of(spool)) == 3


def test_a_newer_format_is_refused_untouched(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 3)
    line = b"edge-spool format 2"
    (folder / "format").write_bytes(line + b" crc32c %08x\n" % crc32c(line))
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    with pytest.raises(PermanentError, match="format 2"):
        Spool(folder, small_limits())
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_segments_of_another_size_are_read_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 10)
    limits = SpoolLimits(1 << 20, OnFull.REJECT, min_free_bytes=0, segment_bytes=1 << 16)
    with Spool(folder, limits) as spool:
        for value in range(10, 30):
            spool.append(b"record %d" % value)
        assert records_of(spool) == {value: b"record %d" % value for value in range(30)}
        spool.release(29)
    assert {path.stat().st_size for path in segment_paths(folder)} == {1 << 16}


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from edge_common.errors import PermanentError\n"
        "from edge_common.spool import OnFull, Spool, SpoolLimits\n"
        "try: Spool(Path(sys.argv[1]), SpoolLimits(1 << 24, OnFull.REJECT))\n"
        "except PermanentError as error: print(error.code)"
    )
    with Spool(tmp_path / "spool", small_limits()):
        answer = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "spool")],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert answer.stdout == "spool_locked\n"


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "spool").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigError, match="symbolic link"):
        Spool(tmp_path / "spool", small_limits())


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    if os.geteuid() != 0:
        pytest.skip("giving a folder to another user needs root; CI is root and runs it")
    os.chown(tmp_path / "spool", OTHER_USER, OTHER_USER)
    with pytest.raises(ConfigError, match=f"belongs to user {OTHER_USER}"):
        Spool(tmp_path / "spool", small_limits())
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_world_writable_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool").chmod(0o777)
    with pytest.raises(ConfigError, match="chmod o-w"):
        Spool(tmp_path / "spool", small_limits())
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "letter.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is no spool"):
        Spool(tmp_path / "spool", small_limits())
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["letter.txt"]


def test_bad_limits_are_told_all_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        SpoolLimits(1, OnFull.REJECT, min_free_bytes=-1, segment_bytes=5000)
    assert len(caught.value.faults) == 3


def test_a_failed_sync_acknowledges_nothing_and_the_segment_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The descriptor is not synced again, what waits moves to another file, and appending goes on."""
    synced: list[int] = []
    failing = [False]
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        if failing[0]:
            failing[0] = False
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        spool.append_many([b"a", b"b"])
        spool.append(b"c")
        spool.release(0)
        failing[0] = True
        with pytest.raises(TransientError, match="Input/output error"):
            spool.append(b"lost")
        poisoned = synced[-1]
        assert records_of(spool) == {1: b"b", 2: b"c"}
        assert spool.append(b"d") == 3
        assert synced[-1] != poisoned
        assert synced.count(poisoned) == 3
        assert records_of(spool) == {1: b"b", 2: b"c", 3: b"d"}
    assert not list(folder.glob("*.suspect"))
    with Spool(folder, small_limits()) as spool:
        assert records_of(spool) == {1: b"b", 2: b"c", 3: b"d"}


def test_a_segment_that_was_suspect_when_the_process_died_is_rewritten(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 2)
    path = segment_paths(folder)[0]
    path.rename(path.with_suffix(".suspect"))
    with Spool(folder, small_limits()) as spool:
        assert records_of(spool) == {0: b"record 0", 1: b"record 1"}
        assert spool.append(b"new") == 2
        assert not list(folder.glob("*.suspect"))
        assert records_of(spool) == {0: b"record 0", 1: b"record 1", 2: b"new"}


def test_an_unfinished_file_is_removed_at_opening(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 2)
    shutil.copy(segment_paths(folder)[0], folder / "blank.new")
    with Spool(folder, small_limits()) as spool:
        assert not (folder / "blank.new").exists()
        assert len(records_of(spool)) == 2


def test_opening_syncs_the_tail_before_anybody_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed process left in the page cache only would be read, and gone after a power cut."""
    folder = tmp_path / "spool"
    fill(folder, 2)
    synced: list[int] = []
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with Spool(folder, small_limits()):
        read = [folder / "release.journal", segment_paths(folder)[0]]
        assert synced == [path.stat().st_ino for path in read]
