"""Looking through a folder for files, whatever it holds.

Owns the walk; it opens no file and changes nothing. Symbolic links are not followed, and what is neither a
file nor a folder is passed over. Whatever vanishes meanwhile is as if it had never been there.
"""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_common.errors import TransientError
from s3_batch_uploader.folders.patterns import NamePatterns
from s3_batch_uploader.folders.settling import Version

LEAVING_PREFIX = ".leaving-"  # of a file that is being deleted: a crash may leave it


class Walk:
    """One walk through a folder: iterate over it for every wanted file and its version, one at a time.

    Args:
        root: The folder that the patterns see paths from.
        patterns: What is wanted.
        enter: Told of each folder before it is listed: whoever watches it from then on misses nothing.
        stop: Set, it ends the walk with a TransientError.
        start: Where to begin, `root` or below it; None: at `root`.

    Attributes:
        unread: Folders that could not be listed and files that could not be looked at, and why; what is below
            them is not known.
        left_behind: Files that were about to be deleted when a process died.
        is_empty: There was nothing at all: perhaps the disk that belongs there is not mounted.
    """

    def __init__(
        self,
        root: Path,
        patterns: NamePatterns,
        enter: Callable[[Path], None],
        stop: threading.Event,
        start: Path | None = None,
    ) -> None:
        self._root = root
        self._patterns = patterns
        self._enter = enter
        self._stop = stop
        self._ahead = [start or root]
        self.unread: dict[Path, str] = {}
        self.left_behind: list[Path] = []
        self.is_empty = True

    def __iter__(self) -> Iterator[tuple[Path, Version]]:
        while self._ahead:
            folder = self._ahead.pop()
            self._enter(folder)
            try:
                yield from self._files_in(folder)
            except (FileNotFoundError, NotADirectoryError) as error:
                if folder == self._root:
                    self.unread[folder] = _reason(error)
            except OSError as error:
                self.unread[folder] = _reason(error)

    def _files_in(self, folder: Path) -> Iterator[tuple[Path, Version]]:
        below = "" if folder == self._root else f"{folder.relative_to(self._root)}/"
        with os.scandir(folder) as entries:
            for entry in entries:
                if self._stop.is_set():
                    raise TransientError("the component was told to stop in the middle of a scan")
                self.is_empty = False
                try:
                    found = self._wanted(entry, folder / entry.name, f"{below}{entry.name}")
                except OSError as error:
                    self.unread[folder / entry.name] = _reason(error)
                    continue
                if found:
                    yield found

    def _wanted(self, entry: os.DirEntry[str], path: Path, relative: str) -> tuple[Path, Version] | None:
        if entry.is_dir(follow_symlinks=False):
            if self._patterns.want_folder(relative):
                self._ahead.append(path)
        elif entry.name.startswith(LEAVING_PREFIX):
            self.left_behind.append(path)
        elif self._patterns.want_file(relative) and (version := version_of(path)):
            return path, version
        return None


def version_of(path: Path) -> Version | None:
    """The version of the file at `path`; None when there is no regular file.

    Raises:
        OSError: It cannot be looked at.
    """
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return version_in(status)


def version_in(status: os.stat_result) -> Version | None:
    """What stat(2) says of a file's version; None for anything but a regular file."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return Version(status.st_size, status.st_mtime_ns, status.st_ino)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
