"""Which files are found, and when they have settled: real files and real inotify, time moved by hand."""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_common.errors import TransientError
from s3_batch_uploader.config import FolderConfig
from s3_batch_uploader.folders.events import Change, FolderEvents
from s3_batch_uploader.folders.folder import Folder
from s3_batch_uploader.folders.scan import LEAVING_PREFIX
from s3_batch_uploader.folders.watched import WatchedFolder
from support.manual_clock import ManualClock
from support.waiting import wait_until

PATH_MAX_BYTES = 4096  # linux/limits.h
SETTLE_S, RESCAN_S, WITHIN_S = 5.0, 600.0, 20.0
HOSTILE = [
    b"a\nb",
    b"\xff\xfe.jpg",
    b"..x",
    b"...",
    b" ",
    b"=cmd|calc",
    b"\x01\x7f",
    b"n" * 255,
    "한글".encode(),
]


@dataclass
class Watching:
    """Folders that are watched, their clock, and what was told of them."""

    root: Path
    clock: ManualClock
    folders: WatchedFolder
    done: set[Path] = field(default_factory=set)
    scanned: list[list[str]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def due(self) -> list[str]:
        """The names of all that are due now, when every event has been taken in."""
        self.folders.look(0)
        return [str(found.path.relative_to(self.root)) for found in iter(self.folders.take, None)]

    def due_after(self, seconds: float) -> list[str]:
        """The same, `seconds` later."""
        self.clock.advance(seconds)
        return self.due()


def flood(folder: Path) -> int:
    """More files than the kernel keeps events of, all of them unfinished ones; returns how many."""
    count = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) // 2 + 10
    for number in range(count):  # each is made and closed: two events
        os.close(os.open(folder / f"{number}.part", os.O_WRONLY | os.O_CREAT))
    return count


@contextmanager
def watching(root: Path, *, use_events: bool = True, **settings: Any) -> Iterator[Watching]:
    """Watch one folder."""
    folder = Folder.configured(FolderConfig(path=str(root), **{"settle_s": SETTLE_S, **settings}))
    clock = ManualClock()
    stop = threading.Event()
    done: set[Path] = set()
    scanned: list[list[str]] = []

    def after_scan(there: set[bytes], _: bool) -> None:  # noqa: FBT001  as it is told
        scanned.append(sorted(map(os.fsdecode, there)))

    folders = WatchedFolder(
        folder,
        rescan_interval_s=RESCAN_S,
        clock=clock,
        stop=stop,
        is_done=lambda found: found.path in done,
        identify=lambda found: os.fsencode(found.path.name),
        after_scan=after_scan,
        use_events=use_events,
    )
    try:
        yield Watching(root, clock, folders, done, scanned, stop)
    finally:
        folders.close()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder."""
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def test_a_file_is_due_once_it_has_not_changed_for_the_time_to_settle(images: Path) -> None:
    with watching(images) as one:
        one.due()
        (images / "1.jpg").write_bytes(b"half")

        assert one.due_after(0) == []
        assert one.due_after(SETTLE_S - 1) == []
        with (images / "1.jpg").open("ab") as file:
            file.write(b"whole")
        assert one.due_after(1) == []
        assert one.due_after(SETTLE_S - 0.5) == []
        assert one.due_after(0.5) == ["1.jpg"]
        assert one.due_after(RESCAN_S / 2) == []


def test_a_file_that_changes_without_any_event_settles_anew(images: Path) -> None:
    """As on a network file system, where others write."""
    (images / "1.jpg").write_bytes(b"half")
    with watching(images, use_events=False) as one:
        one.due()
        (images / "1.jpg").write_bytes(b"longer")

        assert one.due_after(SETTLE_S) == []
        assert one.due_after(SETTLE_S) == ["1.jpg"]


def test_a_file_that_is_renamed_into_place_is_due_at_once(images: Path) -> None:
    with watching(images) as one:
        one.due()
        (images / "1.jpg.part").write_bytes(b"whole")
        (images / "1.jpg.part").rename(images / "1.jpg")

        assert one.due_after(0) == ["1.jpg"]


def test_files_in_folders_that_are_made_later_are_found(images: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    (elsewhere / "3.jpg").touch()
    with watching(images) as one:
        one.due()
        (images / "cam1").mkdir()
        (images / "cam1" / "1.jpg").touch()
        one.due()
        (images / "cam1" / "2.jpg").touch()
        elsewhere.parent.rename(images / "cam2")

        one.due()
        assert sorted(one.due_after(SETTLE_S)) == ["cam1/1.jpg", "cam1/2.jpg", "cam2/deep/3.jpg"]


def test_a_folder_that_is_renamed_is_watched_under_its_new_name(images: Path) -> None:
    (images / "old").mkdir()
    with watching(images) as one:
        one.due()
        (images / "old").rename(images / "new")
        one.due()
        one.due()
        (images / "new" / "1.jpg").touch()

        one.due()
        assert one.due_after(SETTLE_S) == ["new/1.jpg"]


@pytest.mark.parametrize("use_events", [True, False])
def test_scans_alone_find_everything(images: Path, use_events: bool) -> None:  # noqa: FBT001  a parameter
    (images / "before.jpg").touch()
    with watching(images, use_events=use_events) as one:
        one.due()
        assert one.due_after(SETTLE_S) == ["before.jpg"]
        one.done.add(images / "before.jpg")
        (images / "deep").mkdir()
        (images / "deep" / "after.jpg").touch()
        one.due_after(RESCAN_S)

        assert one.due_after(SETTLE_S) == ["deep/after.jpg"]


def test_a_file_that_vanishes_before_it_is_due_is_passed_over(images: Path) -> None:
    with watching(images) as one:
        one.due()
        for name in ("1.jpg", "2.jpg"):
            (images / name).touch()
        one.due()
        (images / "1.jpg").unlink()

        assert one.due_after(SETTLE_S) == ["2.jpg"]


def test_links_pipes_and_unfinished_files_are_left_alone(images: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").touch()
    (images / "link").symlink_to(tmp_path / "secret" / "key")
    (images / "folder").symlink_to(tmp_path / "secret")
    os.mkfifo(images / "pipe")
    (images / "1.jpg.tmp").touch()
    (images / ".thumbnails").mkdir()
    (images / ".thumbnails" / "1.jpg").touch()
    with watching(images) as one:
        one.due()
        (images / "link2").symlink_to(tmp_path / "secret" / "key")
        (images / "2.jpg.part").touch()

        one.due()
        assert one.due_after(SETTLE_S) == []
        assert one.due_after(RESCAN_S) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_found(images: Path, name: bytes) -> None:
    path = images / os.fsdecode(name)
    with watching(images, exclude=[]) as one:
        one.due()
        path.touch()

        one.due()
        assert one.due_after(SETTLE_S) == [path.name]


def test_a_folder_that_is_not_there_is_said_once_and_found_when_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with watching(tmp_path / "later") as one:
        one.due()
        one.due_after(RESCAN_S)
        assert one.scanned == []
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "1.jpg").touch()
        one.due_after(RESCAN_S)

        assert one.due_after(SETTLE_S) == ["1.jpg"]
    said = capsys.readouterr().out
    assert said.count("path_not_read") == 1
    assert said.count("path_read_again") == 1


def test_a_file_that_cannot_be_looked_at_hides_no_other(
    images: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its path is longer than the kernel takes in one piece."""
    monkeypatch.chdir(images)
    deep = images
    while (left := PATH_MAX_BYTES - 200 - len(str(deep))) > 1:
        step = Path("d" * min(200, left - 1))
        step.mkdir()
        os.chdir(step)
        deep /= step
    names = [f"{number}.jpg" for number in range(20)]
    for name in (*names[:10], "n" * 255, *names[10:]):
        Path(name).touch()
    with watching(deep) as one:
        one.due()
        assert sorted(one.due_after(SETTLE_S)) == sorted(names)
        one.due_after(RESCAN_S)
    assert capsys.readouterr().out.count("path_not_read") == 1


def test_a_scan_ends_when_told_to_stop_and_nothing_is_forgotten_for_it(images: Path) -> None:
    (images / "1.jpg").touch()
    with watching(images) as one:
        one.stop.set()
        with pytest.raises(TransientError, match="told to stop"):
            one.folders.look(0)

    assert one.scanned == []


def test_a_file_that_is_refused_waits_behind_all_others_whatever_scans_find(images: Path) -> None:
    for number in range(5):
        (images / f"bad-{number}.jpg").touch()
    with watching(images) as one:
        one.folders.look(0)
        one.clock.advance(SETTLE_S)
        for _ in range(5):
            found = one.folders.take()
            assert found
            one.folders.put_aside(found)
        one.clock.advance(RESCAN_S)
        one.folders.look(0)
        (images / "good.jpg").touch()
        one.folders.look(0)

        assert len(one.folders) == 6
        due = one.due_after(SETTLE_S)
        assert due[0] == "good.jpg"
        assert sorted(due[1:]) == [f"bad-{number}.jpg" for number in range(5)]


def test_what_a_crash_left_under_a_hidden_name_gets_its_name_back(images: Path) -> None:
    (images / "cam1").mkdir()
    (images / "cam1" / f"{LEAVING_PREFIX}1.jpg").touch()
    (images / f"{LEAVING_PREFIX}2.jpg").write_bytes(b"older")
    (images / "2.jpg").write_bytes(b"newer")
    with watching(images, exclude=[]) as one:
        one.due()

        assert sorted(one.due_after(SETTLE_S)) == ["2-1.jpg", "2.jpg", "cam1/1.jpg"]
    assert one.scanned == [["1.jpg", "2-1.jpg", "2.jpg"]]
    assert (images / "2-1.jpg").read_bytes() == b"older"


def test_an_empty_folder_is_no_reason_to_forget_its_files(images: Path) -> None:
    """The disk that belongs there may not be mounted."""
    (images / "1.jpg").touch()
    with watching(images) as one:
        one.due()
        (images / "1.jpg").unlink()
        one.due_after(RESCAN_S)
        (images / "2.jpg").touch()
        one.due_after(RESCAN_S)

    assert one.scanned == [["1.jpg"], ["2.jpg"]]


def test_events_that_were_lost_are_known_to_be_lost(images: Path) -> None:
    events = FolderEvents()
    try:
        events.watch(images)
        written = flood(images)
        found = [event.change for _ in range(written) for event in events.wait(0)]
    finally:
        events.close()

    assert Change.UNKNOWN in found
    assert Change.WRITTEN in found


def test_a_folder_that_has_left_is_heard_of_no_more(images: Path, tmp_path: Path) -> None:
    (images / "cam1").mkdir()
    events = FolderEvents()
    try:
        events.watch(images / "cam1")
        (images / "cam1").rename(tmp_path / "elsewhere")
        assert [event.change for event in events.wait(0)] == [Change.UNKNOWN]
        (tmp_path / "elsewhere" / "1.jpg").touch()

        assert events.wait(0) == []
    finally:
        events.close()


def test_after_lost_events_everything_is_looked_at(images: Path) -> None:
    with watching(images) as one:
        one.due()
        flood(images)
        (images / "last.jpg").touch()

        one.due()
        wait_until(lambda: one.due() or len(one.folders) > 0, WITHIN_S, "the file is known")
        assert one.due_after(SETTLE_S) == ["last.jpg"]


def test_without_inotify_files_are_found_by_scans(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There are no descriptors left when the folders are opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as opened:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            one = opened.enter_context(watching(images))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        (images / "1.jpg").touch()
        one.due()

        assert one.due_after(SETTLE_S) == ["1.jpg"]
    assert "folders_not_watched" in capsys.readouterr().out
