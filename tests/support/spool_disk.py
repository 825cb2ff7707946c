"""A disk that may lose everything that was not synced.

It records what this process does through the few functions of `os` by which the spool changes the disk, lets
the calls through, and builds what a power cut could leave. It keeps what is certain, an inode's synced bytes
and a folder's synced names, and what is not: writes in pieces of 32, 512 or 4096 bytes, and changes of names
in their order. After a cut any of the pieces may be there, and any beginning of the changes of names; across
files in any order. Syncing a folder makes all its names durable; syncing a file only that file's bytes, which
is less than ext4 gives.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# Sectors, blocks, and now and then sectors that tear, although disks say that theirs do not.
PIECES_BYTES = (512, 512, 512, 4096, 4096, 4096, 32)


@dataclass(eq=False)
class Inode:
    """The bytes of one file: what is surely there, and the writes that may be."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes]] = field(default_factory=list)

    def possible(self, chance: random.Random) -> bytes:
        """One content that a cut may leave."""
        content = bytearray(self.synced)
        keep = chance.choice((0.0, 0.5, 0.5, 0.9, 1.0))
        piece_bytes = chance.choice(PIECES_BYTES)
        for offset, written in self.pending:
            for start in range(0, len(written), piece_bytes):
                if chance.random() < keep:
                    _place(content, offset + start, written[start : start + piece_bytes])
        return bytes(content)

    def sync(self) -> None:
        """What was written is there now."""
        for offset, written in self.pending:
            _place(self.synced, offset, written)
        self.pending.clear()


class Disk:
    """Watches one folder; `watching` must be on for as long as the spool is used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._inodes: list[Inode] = []
        self._open: dict[tuple[int, int], Inode] = {}
        self._synced_names: dict[str, Inode] = {}
        self._changes: list[tuple[str, Inode | None]] = []
        self._changes_together: list[int] = []
        self.events = 0
        self.on_event: Callable[[], None] | None = None
        if folder.exists():
            for path in (path for path in folder.iterdir() if path.is_file()):
                self._synced_names[path.name] = self._new(path.stat(), path.read_bytes())

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Let every call pass through this disk until `patch` is undone."""
        self._watch_opening(patch)
        self._watch_writing(patch)
        self._watch_names(patch)
        patch.setattr(os, "fsync", self._sync)
        patch.setattr(os, "fdatasync", self._sync)

    def write_back(self, chance: random.Random) -> None:
        """The kernel brings some of what is not synced to disk, as it may at any time."""
        for inode in self._inodes:
            if chance.random() < 0.5:
                inode.sync()
        if chance.random() < 0.5:
            self._sync_names()

    def possible(self, chance: random.Random) -> dict[str, bytes]:
        """One folder that a power cut at this moment may leave: contents by name."""
        names = dict(self._synced_names)
        upto = chance.choice((0, len(self._changes_together), chance.randint(0, len(self._changes_together))))
        done = sum(self._changes_together[:upto])
        for name, inode in self._changes[:done]:
            _rename(names, name, inode)
        return {name: inode.possible(chance) for name, inode in names.items()}

    def _watch_opening(self, patch: pytest.MonkeyPatch) -> None:
        real = os.open

        def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            known = os.path.lexists(path)
            descriptor = real(path, flags, *rest, **named)
            if self._ours(path) and flags & os.O_CREAT and not known:
                self._change([(Path(path).name, self._new(os.fstat(descriptor), b""))])
            elif self._ours(path) and flags & os.O_TRUNC:
                inode = self._open[_key(os.fstat(descriptor))]
                inode.synced, inode.pending = bytearray(), []  # nobody may count on what it held
            return descriptor

        patch.setattr(os, "open", opened)

    def _watch_writing(self, patch: pytest.MonkeyPatch) -> None:
        real_write, real_pwrite = os.write, os.pwrite

        def written(descriptor: int, content: Any) -> int:
            self._write(descriptor, content, None)
            return real_write(descriptor, content)

        def written_at(descriptor: int, content: Any, offset: int) -> int:
            self._write(descriptor, content, offset)
            return real_pwrite(descriptor, content, offset)

        patch.setattr(os, "write", written)
        patch.setattr(os, "pwrite", written_at)

    def _watch_names(self, patch: pytest.MonkeyPatch) -> None:
        real_rename, real_unlink = os.rename, os.unlink

        def renamed(source: Any, target: Any, **named: Any) -> None:
            self._event()
            inode = self._open[_key(Path(source).stat())]
            real_rename(source, target, **named)
            self._change([(Path(source).name, None), (Path(target).name, inode)])

        def unlinked(path: Any, **named: Any) -> None:
            self._event()
            real_unlink(path, **named)
            self._change([(Path(path).name, None)])

        patch.setattr(os, "rename", renamed)
        patch.setattr(os, "replace", renamed)
        patch.setattr(os, "unlink", unlinked)

    def _write(self, descriptor: int, content: Any, offset: int | None) -> None:
        inode = self._open.get(_key(os.fstat(descriptor)))
        if inode is not None:
            self._event()
            at = os.lseek(descriptor, 0, os.SEEK_CUR) if offset is None else offset
            inode.pending.append((at, bytes(content)))

    def _sync(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self._event()
        if _key(status) in self._open:
            self._open[_key(status)].sync()
        elif _key(status) == _key(self._folder.stat()):
            self._sync_names()

    def _new(self, status: os.stat_result, content: bytes) -> Inode:
        inode = Inode(bytearray(content))
        self._inodes.append(inode)
        self._open[_key(status)] = inode  # the number of an unlinked file comes back
        return inode

    def _ours(self, path: Any) -> bool:
        return Path(path).parent == self._folder

    def _event(self) -> None:
        self.events += 1
        if self.on_event is not None:
            self.on_event()

    def _change(self, changes: list[tuple[str, Inode | None]]) -> None:
        self._changes += changes
        self._changes_together.append(len(changes))

    def _sync_names(self) -> None:
        for name, inode in self._changes:
            _rename(self._synced_names, name, inode)
        self._changes.clear()
        self._changes_together.clear()


def adopt(folder: Path, contents: dict[str, bytes]) -> None:
    """Make `folder` hold exactly these files."""
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _rename(names: dict[str, Inode], name: str, inode: Inode | None) -> None:
    if inode is None:
        names.pop(name, None)
    else:
        names[name] = inode


def _place(content: bytearray, offset: int, written: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(written)] = written
