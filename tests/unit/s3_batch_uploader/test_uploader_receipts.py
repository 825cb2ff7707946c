"""Receipts: what a restart, a crash, rot and a full disk leave of them."""

import os
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import TransientError
from s3_batch_uploader.folders.receipts import Receipts, receipt
from s3_batch_uploader.folders.settling import Version
from support.small_disk import fill

VERSION = Version(10, 20, 30)


def numbered(number: int) -> bytes:
    """One receipt of many."""
    return receipt("bucket/images", Path(f"/data/{number}.jpg"), VERSION)


def with_receipts(path: Path, *numbers: int) -> None:
    """Write some, as an earlier process did."""
    receipts = Receipts.opened(path)
    for number in numbers:
        receipts.add(numbered(number))
    receipts.close()


@given(
    st.text(),
    st.binary().map(os.fsdecode),
    st.tuples(*[st.integers(0, 2**64)] * 3),
    st.text(),
    st.binary().map(os.fsdecode),
    st.tuples(*[st.integers(0, 2**64)] * 3),
)
def test_a_receipt_is_of_one_version_of_one_file_at_one_place(  # noqa: PLR0913, PLR0917  two of each
    place: str, path: str, version: tuple[int, ...], place_2: str, path_2: str, version_2: tuple[int, ...]
) -> None:
    place, place_2 = (text.replace("\0", "").encode("ascii", "replace").decode() for text in (place, place_2))
    path, path_2 = (text.replace("\0", "") for text in (path, path_2))
    one = receipt(place, Path(path), Version(*version))
    other = receipt(place_2, Path(path_2), Version(*version_2))

    same = (place, Path(path), version) == (place_2, Path(path_2), version_2)
    assert (one == other) == same


def test_receipts_survive_a_restart(tmp_path: Path) -> None:
    with_receipts(tmp_path / "receipts" / "folder", 1, 2)

    receipts = Receipts.opened(tmp_path / "receipts" / "folder")
    assert [numbered(number) in receipts for number in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize("torn_bytes", range(1, 34))
def test_a_torn_line_costs_itself_and_nothing_that_is_written_after(tmp_path: Path, torn_bytes: int) -> None:
    path = tmp_path / "receipts"
    with_receipts(path, 1, 2)
    content = path.read_bytes()
    path.write_bytes(content[:-torn_bytes])
    with_receipts(path, 3)

    receipts = Receipts.opened(path)
    assert [numbered(number) in receipts for number in (1, 2, 3)] == [True, False, True]


def test_a_damaged_line_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "receipts"
    with_receipts(path, 1, 2, 3)
    content = bytearray(path.read_bytes())
    content[40:43] = b"\xff\n\x00"
    path.write_bytes(content)

    receipts = Receipts.opened(path)
    assert [numbered(number) in receipts for number in (1, 2, 3)] == [True, False, True]


def test_the_file_stays_small_when_files_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "receipts"
    receipts = Receipts.opened(path)
    for start in range(0, 3_000, 100):
        kept = {numbered(number) for number in range(start, start + 100)}
        for digest in kept:
            receipts.add(digest)
        receipts.keep_only(kept)
    receipts.close()

    assert len(Receipts.opened(path)) <= 1_400
    assert path.stat().st_size <= 33 * 1_400
    assert numbered(2_999) in Receipts.opened(path)


def test_a_receipt_that_is_forgotten_is_gone_for_this_process(tmp_path: Path) -> None:
    receipts = Receipts.opened(tmp_path / "receipts")
    receipts.add(numbered(1))
    receipts.forget(numbered(1))
    receipts.close()

    assert numbered(1) not in receipts


def test_on_a_full_disk_receipts_hold_and_are_written_when_there_is_room(small_disk: Path) -> None:
    path = small_disk / "receipts" / "folder"
    receipts = Receipts.opened(path)
    ballast = fill(small_disk)
    with pytest.raises(TransientError, match="Make room"):
        receipts.add(numbered(1))
    with pytest.raises(TransientError):
        receipts.add(numbered(2))
    assert numbered(1) in receipts
    ballast.unlink()
    receipts.add(numbered(3))
    receipts.close()

    assert len(Receipts.opened(path)) == 3


def test_what_could_not_be_written_is_not_written_once_its_file_is_gone(small_disk: Path) -> None:
    path = small_disk / "receipts" / "folder"
    receipts = Receipts.opened(path)
    ballast = fill(small_disk)
    with pytest.raises(TransientError):
        receipts.add(numbered(1))
    receipts.keep_only(set())
    ballast.unlink()
    receipts.add(numbered(2))
    receipts.close()

    assert len(Receipts.opened(path)) == 1


def test_a_full_disk_tears_no_line(small_disk: Path) -> None:
    path = small_disk / "receipts"
    receipts = Receipts.opened(path)
    receipts.add(numbered(0))
    ballast = fill(small_disk)
    written = 0
    for number in range(1, 1_000):
        try:
            receipts.add(numbered(number))
        except TransientError:
            break
        written = number
    assert path.read_bytes().count(b"\n") * 33 == path.stat().st_size
    ballast.unlink()
    receipts.add(numbered(1_000))
    receipts.close()

    again = Receipts.opened(path)
    assert all(numbered(number) in again for number in range(written + 1))
    assert numbered(1_000) in again


@pytest.mark.parametrize("fault", ["link", "folder", "full folder"])
def test_a_file_that_cannot_be_read_is_set_aside_and_said(
    tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stands for a bad sector as well: nothing may keep files from being uploaded."""
    path = tmp_path / "receipts"
    if fault == "link":
        path.symlink_to(path)
    else:
        path.mkdir()
    if fault == "full folder":
        (path / "something").touch()
    with_receipts(path, 1)

    assert numbered(1) in Receipts.opened(path)
    said = capsys.readouterr().out
    assert said.count("receipts_set_aside") == 1
    assert f"aside={tmp_path}/receipts.unreadable" in said


def test_without_a_descriptor_left_receipts_are_read_later(tmp_path: Path) -> None:
    path = tmp_path / "receipts"
    with_receipts(path, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(TransientError):
            Receipts.opened(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert numbered(1) in Receipts.opened(path)
