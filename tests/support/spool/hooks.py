"""Tells a `disk.Disk` what this process changes in one folder, from inside the process.

For the model test, which must ask the disk between any two calls. It lets the calls through the few functions
of `os` by which the spool changes the disk, one thread at a time.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.spool.disk import Disk, Inode


class Hooks:
    """Watches one folder from `watch` until its patch is undone.

    Attributes:
        disk: What may be lost.
        lock: Held during each call, so that holding it stops the disk.
        events: How many changes there were.
        on_event: Called before each change, by the thread that makes it.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        """Begin with what stands in `folder`.

        Args:
            folder: The one to watch.
            disk: What of it may be lost; it shows the same to the running system. None when all is synced.
        """
        if disk is None:
            files = [path for path in folder.iterdir() if path.is_file()]
            disk = Disk({path.name: path.read_bytes() for path in files})
        self._folder = folder
        self.lock = threading.RLock()
        self.disk = disk
        self._open = {_key((folder / name).stat()): inode for name, inode in disk.names.items()}
        self.events = 0
        self.on_event: Callable[[], None] | None = None

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Let every call pass through here until `patch` is undone."""
        self._watch_opening(patch)
        self._watch_writing(patch)
        self._watch_syncing(patch)
        self._watch_names(patch)

    def _watch_opening(self, patch: pytest.MonkeyPatch) -> None:
        real = os.open

        def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            with self.lock:
                known = os.path.lexists(path)
                descriptor = real(path, flags, *rest, **named)
                if Path(path).parent != self._folder:
                    return descriptor
                if flags & os.O_CREAT and not known:
                    self._open[_key(os.fstat(descriptor))] = self.disk.create(Path(path).name)
                elif flags & os.O_TRUNC:
                    self._open[_key(os.fstat(descriptor))].truncate()
                return descriptor

        patch.setattr(os, "open", opened)

    def _watch_writing(self, patch: pytest.MonkeyPatch) -> None:
        real_write, real_pwrite = os.write, os.pwrite

        def written(descriptor: int, content: Any) -> int:
            with self.lock:
                self._write(descriptor, content, None)
                return real_write(descriptor, content)

        def written_at(descriptor: int, content: Any, offset: int) -> int:
            with self.lock:
                self._write(descriptor, content, offset)
                return real_pwrite(descriptor, content, offset)

        patch.setattr(os, "write", written)
        patch.setattr(os, "pwrite", written_at)

    def _watch_syncing(self, patch: pytest.MonkeyPatch) -> None:
        def synced(descriptor: int) -> None:
            with self.lock:
                self._event()
                status = os.fstat(descriptor)
                if _key(status) == _key(self._folder.stat()):
                    self.disk.sync_names(self.disk.renamings)
                elif inode := self._inode(descriptor):
                    inode.sync(inode.pending)

        patch.setattr(os, "fsync", synced)
        patch.setattr(os, "fdatasync", synced)

    def _watch_names(self, patch: pytest.MonkeyPatch) -> None:
        real_rename, real_unlink = os.rename, os.unlink

        def renamed(source: Any, target: Any, **named: Any) -> None:
            with self.lock:
                self._event()
                real_rename(source, target, **named)
                self.disk.rename(Path(source).name, Path(target).name)

        def unlinked(path: Any, **named: Any) -> None:
            with self.lock:
                self._event()
                real_unlink(path, **named)
                self.disk.unlink(Path(path).name)

        patch.setattr(os, "rename", renamed)
        patch.setattr(os, "replace", renamed)
        patch.setattr(os, "unlink", unlinked)

    def _write(self, descriptor: int, content: Any, offset: int | None) -> None:
        inode = self._inode(descriptor)
        if inode is not None:
            self._event()
            at = os.lseek(descriptor, 0, os.SEEK_CUR) if offset is None else offset
            inode.write(at, bytes(content))

    def _inode(self, descriptor: int) -> Inode | None:
        return self._open.get(_key(os.fstat(descriptor)))

    def _event(self) -> None:
        self.events += 1
        if self.on_event is not None:
            self.on_event()


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
