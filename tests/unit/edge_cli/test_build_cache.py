"""The shelves of the build's cache: what is kept, what makes room, and what of others is left alone."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_cli.building.cache import Shelf
from edge_cli.project import PROJECT
from support.waiting import wait_until

WITHIN_S = 30.0
MAKER = """
import sys
from pathlib import Path
from edge_cli.building.cache import Shelf

with Shelf(Path(sys.argv[1]), capacity=2).place("slow") as folder:
    (folder / "x").write_text("half")
    print("making", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf", capacity=2)


@contextmanager
def _maker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, in the middle of making something; it goes on when its stdin ends."""
    command = [sys.executable, "-c", MAKER, str(folder)]
    environment = {"PYTHONPATH": str(PROJECT / "scripts")}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"making\n"
        yield process


def _put(shelf: Shelf, key: str) -> None:
    with shelf.place(key) as folder:
        (folder / "x").write_text(key)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_used_longest_ago_makes_room(shelf: Shelf, tmp_path: Path) -> None:
    for key in ("first", "second"):
        _put(shelf, key)
    assert shelf.find("first")
    _put(shelf, "third")
    assert _names(tmp_path / "shelf") == ["first", "third"]


def test_the_first_of_two_that_make_the_same_at_once_is_kept(shelf: Shelf, tmp_path: Path) -> None:
    with shelf.place("key") as second:
        with shelf.place("key") as first:
            (first / "x").write_text("first")
        (second / "x").write_text("second")
    assert (shelf.get("key") / "x").read_text() == "first"
    assert _names(tmp_path / "shelf") == ["key"]


def test_what_could_not_be_finished_is_not_there(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), shelf.place("key"):
        raise OSError("disk")
    assert shelf.find("key") is None
    assert _names(tmp_path / "shelf") == []


def test_what_a_killed_process_had_begun_goes_with_the_next(shelf: Shelf, tmp_path: Path) -> None:
    with _maker(tmp_path / "shelf") as process:
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert len(_names(tmp_path / "shelf")) == 1
    _put(shelf, "key")
    assert _names(tmp_path / "shelf") == ["key"]


def test_what_another_process_is_making_is_left_alone(shelf: Shelf, tmp_path: Path) -> None:
    with _maker(tmp_path / "shelf"):
        _put(shelf, "key")
    wait_until(lambda: shelf.find("slow"), WITHIN_S, "the other process has finished")
    assert (shelf.get("slow") / "x").read_text() == "half"
    assert _names(tmp_path / "shelf") == ["key", "slow"]
