"""What the kernel says of changes in folders: the only module that uses inotify.

Owns one inotify descriptor. Events are hints: they may be lost, late or of files that are gone; whoever reads
them looks at the files, and scans once in a while. Used by one thread.
"""

import os
import select
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from inotify_simple import INotify, flags, parse_events


class Change(Enum):
    """What may have happened at a path."""

    WRITTEN = "written"  # a file was closed by somebody who could write
    RENAMED = "renamed"  # a file came whole, under its final name
    FOLDER = "folder"  # a folder came, with or without anything in it
    UNKNOWN = "unknown"  # events were lost, or a folder is elsewhere now: everything must be looked at


@dataclass(frozen=True, slots=True)
class FolderEvent:
    """One hint.

    Attributes:
        change: What may have happened.
        path: Where; with UNKNOWN it says nothing.
    """

    change: Change
    path: Path


_WATCHED = (
    flags.CLOSE_WRITE
    | flags.MOVED_TO
    | flags.CREATE
    | flags.DELETE_SELF
    | flags.MOVE_SELF
    | flags.ONLYDIR
    | flags.EXCL_UNLINK
)
_GONE = flags.DELETE_SELF | flags.IGNORED | flags.UNMOUNT
_MAX_READ_BYTES = 64 * 1024


class FolderEvents:
    """Events of the folders that are watched; close it.

    Raises:
        OSError: The system allows no more inotify instances, or no more open files.
    """

    def __init__(self) -> None:
        self._inotify = INotify(nonblocking=True)
        self._poll = select.poll()
        self._poll.register(self._inotify.fileno(), select.POLLIN)
        self._folders: dict[int, Path] = {}

    def watch(self, folder: Path) -> None:
        """From now on tell of changes in `folder`, not below it; watching again is cheap.

        Raises:
            OSError: It is gone, may not be read, or the system allows no more watches (ENOSPC).
        """
        self._folders[self._inotify.add_watch(folder, _WATCHED)] = folder

    def wait(self, timeout_s: float) -> list[FolderEvent]:
        """Wait until something happens or `timeout_s` has passed; returns what has happened since."""
        if not self._poll.poll(timeout_s * 1000):
            return []
        raw = os.read(self._inotify.fileno(), _MAX_READ_BYTES)
        return [event for wd, mask, _, name in parse_events(raw) if (event := self._event(wd, mask, name))]

    def close(self) -> None:
        """Let go of the descriptor."""
        self._inotify.close()

    def _event(self, watch: int, mask: int, name: str) -> FolderEvent | None:
        folder = self._folders.get(watch)
        if mask & _GONE:
            self._folders.pop(watch, None)
            return None
        if mask & flags.MOVE_SELF:
            with suppress(OSError):  # its last event: the next scan watches it where it is then
                self._inotify.rm_watch(watch)
        if folder is None or mask & (flags.Q_OVERFLOW | flags.MOVE_SELF):
            return FolderEvent(Change.UNKNOWN, Path())
        path = folder / name
        if mask & flags.ISDIR:
            return FolderEvent(Change.FOLDER, path)
        if mask & flags.MOVED_TO:
            return FolderEvent(Change.RENAMED, path)
        if mask & flags.CLOSE_WRITE:
            return FolderEvent(Change.WRITTEN, path)
        return None  # a file was made: its writer will close it
