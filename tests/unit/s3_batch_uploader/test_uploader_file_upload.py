"""Reading one file: what is hashed is one version of it, or nothing."""

import os
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from s3_batch_uploader.folders.opening import FileChangedError
from s3_batch_uploader.folders.scan import version_of
from s3_batch_uploader.folders.settling import Version
from s3_batch_uploader.folders.upload import hash_file

CONTENT = bytes(range(256)) * 8192  # some pieces


class Meddling(threading.Event):
    """Something that happens between two pieces of a file, and never sets the event."""

    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__()
        self._path = path
        self._content = content

    def is_set(self) -> bool:
        """Write the file in place."""
        with self._path.open("r+b") as file:
            file.write(self._content)
        return False


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file of some pieces, written a while ago."""
    path = tmp_path / "film"
    path.write_bytes(CONTENT)
    os.utime(path, (0, 0))
    return path


def standing(path: Path) -> Version:
    """Its version."""
    version = version_of(path)
    assert version
    return version


def test_a_file_that_stays_the_same_is_hashed(film: Path) -> None:
    assert hash_file(film, standing(film), threading.Event()) == sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("content", [b"x", CONTENT[::-1]])
def test_a_file_that_changes_while_it_is_read_has_no_hash(film: Path, content: bytes) -> None:
    with pytest.raises(FileChangedError):
        hash_file(film, standing(film), Meddling(film, content))


def test_a_file_that_changed_since_it_settled_is_not_read(film: Path) -> None:
    settled = standing(film)
    film.write_bytes(CONTENT)

    with pytest.raises(FileChangedError):
        hash_file(film, settled, threading.Event())


def test_a_file_that_was_replaced_by_one_that_looks_the_same_is_not_read(film: Path) -> None:
    settled = standing(film)
    film.rename(film.with_name("before"))
    film.write_bytes(CONTENT[::-1])
    os.utime(film, (0, 0))

    with pytest.raises(FileChangedError):
        hash_file(film, settled, threading.Event())


@pytest.mark.parametrize(
    "make",
    [lambda _: None, lambda path: path.symlink_to(path.with_name("before")), Path.mkdir, os.mkfifo],
    ids=["gone", "link", "folder", "pipe"],
)
def test_what_became_something_else_is_not_read(film: Path, make: Callable[[Path], None]) -> None:
    settled = standing(film)
    film.rename(film.with_name("before"))
    make(film)

    with pytest.raises(FileChangedError):
        hash_file(film, settled, threading.Event())


def test_told_to_stop_it_reads_no_further(film: Path) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(TransientError, match="told to stop"):
        hash_file(film, standing(film), stop)
