"""Deleting and moving files that others write, rename and replace at the worst moment."""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_batch_uploader.folders import leaving
from s3_batch_uploader.folders.leaving import FileInUseError, delete, move, put_back
from s3_batch_uploader.folders.opening import FileChangedError
from s3_batch_uploader.folders.scan import LEAVING_PREFIX, version_of
from s3_batch_uploader.folders.settling import Version

Leave = Callable[[Path, Version], None]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file in a folder of its own."""
    path = tmp_path / "images" / "1.jpg"
    path.parent.mkdir()
    path.write_bytes(b"uploaded")
    return path


@pytest.fixture(params=["delete", "move"])
def leave(request: pytest.FixtureRequest, tmp_path: Path) -> Leave:
    """Either way of leaving."""
    if request.param == "delete":
        return delete
    return lambda path, version: move(path, version, tmp_path / "done" / path.name)


def standing(path: Path) -> Version:
    """Its version."""
    version = version_of(path)
    assert version
    return version


def at_the_last_moment(path: Path, happens: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
    """Let something happen between the last look at `path` and its renaming."""
    rename = Path.rename

    def late(self: Path, target: Path) -> Path:
        if self == path:
            happens()
        return rename(self, target)

    patch.setattr(Path, "rename", late)


def test_what_was_uploaded_leaves(image: Path, leave: Leave) -> None:
    leave(image, standing(image))

    assert list(image.parent.iterdir()) == []


def test_a_file_that_somebody_has_open_for_writing_stays(image: Path, leave: Leave) -> None:
    with image.open("ab") as writer:
        with pytest.raises(FileInUseError):
            leave(image, standing(image))
        writer.write(b", and more")

    assert image.read_bytes() == b"uploaded, and more"
    leave(image, standing(image))
    assert not image.exists()


def test_a_renamed_file_that_its_writer_still_has_open_stays(image: Path, leave: Leave) -> None:
    """As a log that was rotated."""
    rotated = image.with_name("2.jpg")
    with image.open("ab"):
        image.rename(rotated)
        with pytest.raises(FileInUseError):
            leave(rotated, standing(rotated))

    assert rotated.exists()


def test_a_file_that_somebody_is_reading_leaves(image: Path, leave: Leave) -> None:
    with image.open("rb") as reader:
        leave(image, standing(image))

        assert reader.read() == b"uploaded"


def test_a_file_that_replaced_the_uploaded_one_at_the_last_moment_stays(
    image: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newer = tmp_path / "newer"
    newer.write_bytes(b"newer")
    settled = standing(image)
    at_the_last_moment(image, lambda: newer.replace(image), monkeypatch)

    with pytest.raises(FileChangedError):
        leave(image, settled)
    assert [path.read_bytes() for path in image.parent.iterdir()] == [b"newer"]
    assert image.exists()


def test_two_files_that_came_at_the_last_moment_stay_both(
    image: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newer = tmp_path / "newer"
    newer.write_bytes(b"newer")
    settled = standing(image)
    look = version_of
    at_the_last_moment(image, lambda: newer.replace(image), monkeypatch)

    def looked(path: Path) -> Version | None:
        image.write_bytes(b"newest")
        return look(path)

    monkeypatch.setattr(leaving, "version_of", looked)
    with pytest.raises(FileChangedError):
        leave(image, settled)

    assert image.read_bytes() == b"newest"
    assert image.with_name("1-1.jpg").read_bytes() == b"newer"


def test_a_writer_that_comes_at_the_last_moment_keeps_its_file(
    image: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's signal to the holder of the lease does no harm either."""
    settled = standing(image)

    def somebody_wants_to_write() -> None:
        with suppress(BlockingIOError):
            os.close(os.open(image, os.O_WRONLY | os.O_NONBLOCK))

    at_the_last_moment(image, somebody_wants_to_write, monkeypatch)
    with pytest.raises(FileInUseError):
        leave(image, settled)
    assert image.read_bytes() == b"uploaded"


def test_where_the_system_gives_no_leases_that_is_said_and_files_leave(
    image: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on files of another user."""
    control = fcntl.fcntl

    def without_leases(descriptor: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETLEASE:
            raise PermissionError(13, "Permission denied")
        return control(descriptor, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", without_leases)
    monkeypatch.setattr(leaving, "_HOUR_S", 0.0)
    leave(image, standing(image))

    assert not image.exists()
    assert capsys.readouterr().out.count("writers_not_seen") == 1


def test_a_file_that_cannot_be_moved_stays_as_it_is(image: Path, tmp_path: Path) -> None:
    (tmp_path / "done").touch()
    settled = standing(image)

    with pytest.raises(OSError, match="done"):
        move(image, settled, tmp_path / "done" / "1.jpg")
    assert list(image.parent.iterdir()) == [image]
    assert standing(image) == settled


@pytest.mark.parametrize("name", ["1.jpg", "n" * 255, "한" * 85, "\udcff.jpg"])
def test_a_file_gets_its_name_back_as_far_as_the_hidden_one_has_room(image: Path, name: str) -> None:
    path = image.rename(image.with_name(name))
    hidden = path.rename(path.with_name(leaving._leaving_name(name)))

    assert hidden.name.startswith(LEAVING_PREFIX)
    back = put_back(hidden)
    assert back.read_bytes() == b"uploaded"
    assert os.fsencode(name).endswith(os.fsencode(back.name))
    assert back.name == name or len(os.fsencode(back.name)) > 240


def test_a_crash_between_two_names_leaves_one_file(image: Path) -> None:
    hidden = image.with_name(f"{LEAVING_PREFIX}1.jpg")
    os.link(image, hidden)

    assert put_back(hidden) == image
    assert list(image.parent.iterdir()) == [image]


def test_what_a_crash_left_under_the_hidden_name_is_not_replaced(image: Path) -> None:
    image.with_name(f"{LEAVING_PREFIX}1.jpg").write_bytes(b"never uploaded")

    delete(image, standing(image))
    assert [path.read_bytes() for path in image.parent.iterdir()] == [b"never uploaded"]


def test_without_hard_links_a_file_gets_its_name_back_all_the_same(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    hidden = image.rename(image.with_name(f"{LEAVING_PREFIX}1.jpg"))

    assert put_back(hidden) == image


@given(st.sets(st.integers(0, 40)))
def test_a_name_that_is_not_taken_is_found_whichever_are(taken: set[int]) -> None:
    """By its number; 0 is the name itself."""
    names = {"1.jpg" if number == 0 else f"1-{number}.jpg" for number in taken}
    asked = []

    def lexists(path: Path) -> bool:
        asked.append(path)
        return path.name in names

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os.path, "lexists", lexists)
        found = leaving._free(Path("/done/1.jpg"))

    assert found.name not in names
    assert len(asked) <= 14
