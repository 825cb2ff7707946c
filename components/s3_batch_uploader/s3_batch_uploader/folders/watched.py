"""Which file of a folder is to be uploaded next: what the kernel says of it, and what has settled.

Owns the watches and the waiting files; changes nothing on disk but what a crash left under a hidden name.
Events only make it faster: a scan at start, whenever events were lost, and every so often finds whatever
there is. Used by one thread.
"""

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_common.clock import Clock
from edge_common.log import get_logger, limited
from s3_batch_uploader.folders.events import Change, FolderEvent, FolderEvents
from s3_batch_uploader.folders.folder import Folder
from s3_batch_uploader.folders.leaving import put_back
from s3_batch_uploader.folders.scan import LEAVING_PREFIX, Walk, version_of
from s3_batch_uploader.folders.settling import Settling, Version

_SAID_BY_THE_SCAN = {errno.ENOENT, errno.ENOTDIR, errno.EACCES}
_HOUR_S = 3600.0

_log = get_logger("folders")


@dataclass(frozen=True, slots=True)
class Found:
    """One version of one file.

    Attributes:
        path: Absolute.
        version: What it was when it was last looked at.
    """

    path: Path
    version: Version


class WatchedFolder:
    """The files of one folder, each as it settles; close it. Nothing is looked at before the first `look`.

    Args:
        folder: Which one.
        rescan_interval_s: From one scan to the next.
        clock: Measures settling.
        stop: Ends a scan with a TransientError when set.
        is_done: Whether nothing is left to be done with a file.
        identify: A few bytes that stand for a file in what `after_scan` is told.
        after_scan: Told of every wanted file when a scan has been through the folder, and whether it has seen
            all of it. Not of none at all: the disk that belongs there may not be mounted.
        use_events: False: scans alone find files.
    """

    def __init__(  # noqa: PLR0913  wiring; every one has its own place in the loop
        self,
        folder: Folder,
        *,
        rescan_interval_s: float,
        clock: Clock,
        stop: threading.Event,
        is_done: Callable[[Found], bool],
        identify: Callable[[Found], bytes],
        after_scan: Callable[[set[bytes], bool], None],
        use_events: bool = True,
    ) -> None:
        self._folder = folder
        self._rescan_interval_s = rescan_interval_s
        self._clock = clock
        self._stop = stop
        self._is_done = is_done
        self._identify = identify
        self._after_scan = after_scan
        self._settling = Settling()
        self._aside = Settling()  # files that were refused
        self._scan_due_s = clock.monotonic_s()
        self._unread: dict[Path, str] = {}
        self._events = _opened_events() if use_events else None
        self._nothing = threading.Event()  # never set: waits in place of events

    def __len__(self) -> int:
        """How many files wait."""
        return len(self._settling) + len(self._aside)

    def look(self, timeout_s: float) -> None:
        """Take in what has happened; wait for `timeout_s` at most while nothing does and no file is due.

        Raises:
            TransientError: Told to stop in the middle of it.
            EdgeError: `after_scan` raised it.
        """
        if self._clock.monotonic_s() >= self._scan_due_s:
            self._scan()
        for event in self._wait(timeout_s):
            self._take_in(event)

    def take(self) -> Found | None:
        """The file that has been due for longest, if it is still what it was; None when none is due."""
        now_s = self._clock.monotonic_s()
        while taken := self._settling.take(now_s) or self._aside.take(now_s):
            found = Found(*taken)
            if looked_at(found.path) == found.version:
                return found
            self.look_again(found)
        return None

    def look_again(self, found: Found) -> bool:
        """The file has changed: it settles anew, if it is still there; returns whether it is."""
        version = looked_at(found.path)
        if version is None:
            return False
        self.put_back(replace(found, version=version), after_s=self._folder.settle_s)
        return True

    def put_back(self, found: Found, *, after_s: float) -> None:
        """Take `found` again in `after_s` seconds, unless it changes before."""
        self._settling.saw(found.path, found.version, self._clock.monotonic_s() + after_s)

    def put_aside(self, found: Found) -> None:
        """Take `found` again when no other file is due: it shall keep none of them waiting."""
        self._aside.saw(found.path, found.version, self._clock.monotonic_s())

    def close(self) -> None:
        """Watch nothing any more."""
        if self._events is not None:
            self._events.close()

    def _wait(self, timeout_s: float) -> list[FolderEvent]:
        settled_s = (self._settling.next_due_s, self._aside.next_due_s)
        due_s = min((self._scan_due_s, *(due_s for due_s in settled_s if due_s is not None)))
        timeout_s = min(timeout_s, max(0.0, due_s - self._clock.monotonic_s()))
        if self._events is None:
            self._nothing.wait(timeout_s)
            return []
        return self._events.wait(timeout_s)

    def _take_in(self, event: FolderEvent) -> None:
        if event.change is Change.UNKNOWN:
            self._scan_due_s = self._clock.monotonic_s()
            return
        if event.path.name.startswith(LEAVING_PREFIX):
            return
        folder = self._folder
        relative = str(event.path.relative_to(folder.root))
        if event.change is Change.FOLDER:
            if folder.patterns.want_folder(relative):
                for path, standing in self._walk(event.path):
                    self._saw(Found(path, standing), folder.settle_s)
        elif folder.patterns.want_file(relative) and (version := looked_at(event.path)):
            after_s = 0.0 if event.change is Change.RENAMED else folder.settle_s
            self._saw(Found(event.path, version), after_s)

    def _scan(self) -> None:
        walk = self._walk(self._folder.root)
        there = {self._scanned(Found(path, version)) for path, version in walk}
        for leaving in walk.left_behind:
            try:
                path = put_back(leaving)
                version = version_of(path)
            except OSError as error:
                walk.unread[leaving] = error.strerror or str(error)
                continue
            if version:
                there.add(self._scanned(Found(path, version)))
        self._say_unread(walk.unread)
        if not walk.is_empty:
            self._after_scan(there, not walk.unread)
        self._scan_due_s = self._clock.monotonic_s() + self._rescan_interval_s

    def _walk(self, start: Path) -> Walk:
        return Walk(self._folder.root, self._folder.patterns, self._watch, self._stop, start)

    def _say_unread(self, unread: dict[Path, str]) -> None:
        for path in unread.keys() - self._unread.keys():
            _log.warning("path_not_read", path=str(path), reason=unread[path])
        for path in self._unread.keys() - unread.keys():
            _log.info("path_read_again", path=str(path))
        self._unread = unread

    def _scanned(self, found: Found) -> bytes:
        self._saw(found, self._folder.settle_s)
        return self._identify(found)

    def _saw(self, found: Found, after_s: float) -> None:
        if not self._is_done(found) and not self._aside.knows(found.path, found.version):
            self.put_back(found, after_s=after_s)

    def _watch(self, folder: Path) -> None:
        if self._events is None:
            return
        try:
            self._events.watch(folder)
        except OSError as error:
            if error.errno not in _SAID_BY_THE_SCAN:
                advice = "Its files are found by scans. Raise fs.inotify.max_user_watches for more"
                reason = f"{error.strerror}. {advice}"
                _log.warning(
                    "folder_not_watched", path=str(folder), reason=reason, **limited("watch", _HOUR_S)
                )


def looked_at(path: Path) -> Version | None:
    """The version of the file at `path`; None when there is none, or none that may be looked at."""
    try:
        return version_of(path)
    except OSError:
        return None


def _opened_events() -> FolderEvents | None:
    try:
        return FolderEvents()
    except OSError as error:
        reason = f"{error.strerror}. Files are found by scans. Raise fs.inotify.max_user_instances"
        _log.warning("folders_not_watched", reason=reason, **limited("instances", _HOUR_S))
        return None
