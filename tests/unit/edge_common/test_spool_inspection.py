"""A look into a spool from outside: true, harmless, and steady while the spool is at work."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from edge_common.errors import PermanentError, TransientError
from edge_common.spool import OnFull, Spool, recovery
from edge_common.spool.checksum import crc32c
from edge_common.spool.findings import Cause, Damage, Found
from edge_common.spool.inspection import holder, is_spool, look, walk
from edge_common.spool.scan import Scan, scan
from edge_common.spool.segment import Segment
from support.spool.spooling import BLOCK_BYTES, fill, flip, segment_paths, small_limits

RECORDS_WRITTEN = 1000  # some 250 segments begun while somebody looks


def found_in(folder: Path) -> dict[int, bytes]:
    """Every whole record that waits, by number."""
    pieces = [piece for piece in walk(look(folder)) if isinstance(piece, Found)]
    return {number: record for piece in pieces for number, record in enumerate(piece.records, piece.first)}


def damage_in(folder: Path) -> list[Damage]:
    """Everything that is lost."""
    return [piece for piece in walk(look(folder)) if isinstance(piece, Damage)]


def as_on_disk(folder: Path) -> dict[str, Any]:
    """Content, size, mode and times of all files, those of reading left out."""
    paths = [folder, *folder.rglob("*")]
    return {
        str(path): (
            path.lstat().st_mtime_ns,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in paths
    }


def test_picture_agrees_with_the_spool_itself(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits(segments=4, on_full=OnFull.DROP_OLDEST)) as spool:
        for value in range(30):
            spool.append(b"record %d" % value)
        spool.release(20)
        spool.remember(b"sending 21 to 25")
        own, seen = spool.statistics(), look(folder)
    assert own.dropped > 0
    assert (seen.records, seen.next_number, seen.released) == (own.records, own.next_number, own.released)
    assert (seen.dropped, seen.damaged, seen.delivered) == (own.dropped, own.damaged, own.delivered)
    assert (seen.note, seen.size_bytes) == (b"sending 21 to 25", own.bytes)
    assert (seen.rotten_copies, seen.rotten_format, seen.unfinished) == (0, False, False)


def test_walk_gives_every_waiting_record_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 11)
    with Spool(folder, small_limits()) as spool:
        spool.release(4)
    assert found_in(folder) == {value: b"record %d" % value for value in range(5, 11)}


def test_frame_that_is_released_in_part_gives_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()) as spool:
        spool.append_many([b"a", b"b", b"c"])
        spool.release(0)
    assert found_in(folder) == {1: b"b", 2: b"c"}


def test_looking_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 11)
    flip(segment_paths(folder)[1], 50)
    before = as_on_disk(folder)
    assert len(damage_in(folder)) == 1
    assert as_on_disk(folder) == before


def test_component_can_start_while_somebody_looks(tmp_path: Path) -> None:
    """It would be refused while anybody held so much as a shared lock."""
    folder = tmp_path / "spool"
    fill(folder, 11)
    walked = walk(look(folder))
    next(walked)
    with Spool(folder, small_limits()) as spool:
        assert spool.append(b"more") == 11
    walked.close()


@pytest.mark.parametrize("offset", [0, 10, 40, 50, 4000])
@pytest.mark.parametrize("broken", [0, 2, 5, 7, 9])
def test_damaged_frame_is_reported_with_its_place(tmp_path: Path, offset: int, broken: int) -> None:
    folder = tmp_path / "spool"
    fill(folder, 11)
    segment = segment_paths(folder)[broken // 4]
    flip(segment, broken % 4 * BLOCK_BYTES + offset)
    (damage,) = damage_in(folder)
    assert (damage.first, damage.last, damage.cause) == (broken, broken, Cause.CHECKSUM)
    assert (damage.segment, damage.offset) == (segment.name, broken % 4 * BLOCK_BYTES)
    assert found_in(folder) == {value: b"record %d" % value for value in range(11) if value != broken}


@pytest.mark.parametrize("offset", [0, 2 * BLOCK_BYTES, 3 * BLOCK_BYTES])
def test_sector_that_cannot_be_read_costs_its_own_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: int
) -> None:
    folder = tmp_path / "spool"
    fill(folder, 6)
    bad = segment_paths(folder)[0].stat().st_ino
    pread = os.pread

    def failing(descriptor: int, size_bytes: int, at: int) -> bytes:
        if os.fstat(descriptor).st_ino == bad and at <= offset < at + size_bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(descriptor, size_bytes, at)

    monkeypatch.setattr(os, "pread", failing)
    (damage,) = damage_in(folder)
    lost = offset // BLOCK_BYTES
    assert (damage.first, damage.last, damage.cause) == (lost, lost, Cause.UNREADABLE)
    assert list(found_in(folder)) == [value for value in range(6) if value != lost]


def test_disk_that_gives_nothing_is_an_error_and_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    fill(folder, 6)
    picture = look(folder)

    def failing(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(TransientError, match="cannot read"):
        list(walk(picture))


def test_damage_behind_the_release_is_not_reported(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 3)
    with Spool(folder, small_limits()) as spool:
        spool.release(0)
    flip(segment_paths(folder)[0], 50)
    assert damage_in(folder) == []


def test_missing_segment_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 12)
    segment_paths(folder)[0].unlink()
    assert damage_in(folder) == [Damage(0, 3, Cause.MISSING)]
    assert look(folder).missing == 4
    segment_paths(folder)[0].unlink()
    segment_paths(folder)[0].unlink()
    assert damage_in(folder) == [Damage(0, 11, Cause.MISSING)]
    assert look(folder).records == 0


def test_truncated_segment_costs_what_was_cut_off(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 12)
    os.truncate(segment_paths(folder)[1], 2 * BLOCK_BYTES + 100)
    (damage,) = damage_in(folder)
    assert (damage.first, damage.last) == (6, 7)
    os.truncate(segment_paths(folder)[2], 0)
    assert [(damage.first, damage.last) for damage in damage_in(folder)] == [(6, 7), (8, 11)]


def test_unfinished_frame_at_the_end_is_no_damage(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 2)
    journal = (folder / "release.journal").read_bytes()
    with Spool(folder, small_limits()) as spool:
        spool.append(os.urandom(6000))
    (folder / "release.journal").write_bytes(journal)  # as before the unfinished commit
    flip(segment_paths(folder)[0], 3 * BLOCK_BYTES + 5)
    picture = look(folder)
    assert (picture.unfinished, picture.records, damage_in(folder)) == (True, 2, [])


def test_rotten_journal_and_format_are_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 5)
    flip(folder / "release.journal", BLOCK_BYTES + 25)
    flip(folder / "format", 18)
    picture = look(folder)
    assert (picture.rotten_copies, picture.rotten_format, picture.records) == (1, True, 5)
    (folder / "release.journal").unlink()
    picture = look(folder)
    assert (picture.rotten_copies, picture.released, picture.records) == (4, 0, 5)


def test_newer_format_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 1)
    line = b"edge-spool format 2"
    (tmp_path / "spool" / "format").write_bytes(line + b" crc32c %08x\n" % crc32c(line))
    with pytest.raises(PermanentError, match="format 2") as refused:
        look(tmp_path / "spool")
    assert refused.value.code == "newer_format"


def test_what_is_no_spool_is_told_apart(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    assert is_spool(tmp_path / "spool")
    assert not is_spool(tmp_path / "other")
    with pytest.raises(PermanentError, match="cannot read"):
        is_spool(tmp_path / "absent")


def test_holder_is_known_while_the_spool_is_open(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits()):
        assert holder(folder) == os.getpid()
    assert holder(folder) is None


def test_suspect_segment_is_read_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    fill(folder, 6)
    last = segment_paths(folder)[-1]
    last.rename(last.with_suffix(".suspect"))
    assert len(found_in(folder)) == 6


def test_segment_recycled_under_the_walk_is_not_called_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits(segments=2, on_full=OnFull.DROP_OLDEST)) as spool:
        for value in range(8):
            spool.append(b"record %d" % value)
        walked = walk(look(folder))
        assert isinstance(next(walked), Found)
        spool.release(3)
        for value in range(8, 12):  # into the file that the walk has open
            spool.append(b"record %d" % value)
        pieces = list(walked)
    assert not any(isinstance(piece, Damage) for piece in pieces)
    assert pieces[-1].last == 7


def test_segments_released_after_the_journal_was_read_are_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    fill(folder, 12)
    with Spool(folder, small_limits()) as spool:
        choose = recovery.sort_out

        def overtaken(path: Path, released: int) -> tuple[list[Path], list[Path]]:
            monkeypatch.undo()
            spool.release(8)
            return choose(path, released)

        monkeypatch.setattr("edge_common.spool.standing.sort_out", overtaken)
        picture = look(folder)
    assert (picture.released, picture.missing) == (9, 0)


def test_last_segment_recycled_under_the_look_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    with Spool(folder, small_limits(segments=2)) as spool:
        for value in range(4):
            spool.append(b"record %d" % value)
        spool.release(0)

        def overtaken(opened: Segment, end_number: int | None) -> Scan:
            monkeypatch.undo()
            for value in range(4, 12):
                spool.release(value - 1)
                spool.append(b"record %d" % value)
            return scan(opened, end_number)

        monkeypatch.setattr("edge_common.spool.inspection.scan", overtaken)
        picture = look(folder)
    assert (picture.missing, picture.next_number) == (0, 12)


def test_frame_that_was_only_being_written_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit, and the next one, end while the look is past the frame."""
    folder = tmp_path / "spool"
    fill(folder, 4)
    segment = segment_paths(folder)[0]
    whole = segment.read_bytes()
    flip(segment, 2 * BLOCK_BYTES + 50)

    def overtaken(opened: Segment, end_number: int | None) -> Scan:
        monkeypatch.undo()
        found = scan(opened, end_number)
        segment.write_bytes(whole)
        return found

    monkeypatch.setattr("edge_common.spool.inspection.scan", overtaken)
    picture = look(folder)
    assert (picture.records, picture.missing) == (4, 0)


@pytest.mark.parametrize("policy", list(OnFull))
def test_looks_at_a_spool_at_work_never_find_damage(tmp_path: Path, policy: OnFull) -> None:
    """A writer and a reader at full speed, segments recycled every few commits."""
    folder = tmp_path / "spool"
    stop = threading.Event()
    with Spool(folder, small_limits(segments=4, on_full=policy)) as spool:

        def work() -> None:
            value = 0
            while not stop.is_set():
                for _ in range(7):
                    spool.append(b"record %d" % value)
                    value += 1
                if policy is OnFull.REJECT or value % 3 == 0:
                    spool.release(value - 2)

        worker = threading.Thread(target=work)
        worker.start()
        try:
            while look_and_check(folder) < RECORDS_WRITTEN:
                pass
        finally:
            stop.set()
            worker.join()


def look_and_check(folder: Path) -> int:
    """One look and walk; gives the number that the next record has."""
    picture = look(folder)
    assert picture.missing == 0
    for piece in walk(picture):
        assert isinstance(piece, Found), piece
        assert list(piece.records) == [b"record %d" % number for number in range(piece.first, piece.last + 1)]
    return picture.next_number
