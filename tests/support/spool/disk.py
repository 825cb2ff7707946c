"""A disk that may lose everything that was not synced: what a power cut could leave of one folder.

It is told every change and keeps what is certain, an inode's synced bytes and a folder's synced names, and
what is not: writes in pieces of 32, 512 or 4096 bytes, and changes of names in their order. After a cut any
of the pieces may be there or be zeros, and any beginning of the changes of names; across files in any order.
Syncing a folder makes all its names durable; syncing a file only that file's bytes, which is less than ext4
gives. Who tells it: `trace` from a system-call log, or `hooks` from inside the process. Pure.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Sectors, blocks, and now and then sectors that tear, although disks say that theirs do not.
PIECES_BYTES = (512, 512, 512, 4096, 4096, 4096, 32)
ZERO_FILLED_SHARE = 0.3

Contents = dict[str, bytes]


@dataclass(eq=False)
class Write:
    """Bytes that may be on disk."""

    offset: int
    content: bytes


@dataclass(eq=False)
class Inode:
    """The bytes of one file: what is surely there, and the writes that may be."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Write] = field(default_factory=list)
    end_bytes: int = 0

    def possible(self, chance: random.Random) -> bytes:
        """One content that a cut may leave."""
        content = bytearray(self.synced)
        keep = chance.choice((0.0, 0.5, 0.5, 0.9, 1.0))
        piece_bytes = chance.choice(PIECES_BYTES)
        for write in self.pending:
            for start in range(0, len(write.content), piece_bytes):
                if chance.random() < keep:
                    _place(content, write.offset + start, write.content[start : start + piece_bytes])
        if chance.random() < ZERO_FILLED_SHARE:  # the length is there, and the bytes are not
            content.extend(bytes(max(0, self.end_bytes - len(content))))
        return bytes(content)

    def write(self, offset: int, content: bytes) -> None:
        """Bytes that are in the page cache."""
        self.pending.append(Write(offset, content))
        self.end_bytes = max(self.end_bytes, offset + len(content))

    def sync(self, writes: Sequence[Write]) -> None:
        """These writes are there now."""
        for write in self.pending[:]:
            if write in writes:
                _place(self.synced, write.offset, write.content)
                self.pending.remove(write)

    def truncate(self) -> None:
        """Nobody may count on what it held."""
        self.synced, self.pending, self.end_bytes = bytearray(), [], 0


@dataclass(eq=False)
class Renaming:
    """Changes of names that happen at once: each name gets an inode, or goes."""

    changes: tuple[tuple[str, Inode | None], ...]

    def apply(self, names: dict[str, Inode]) -> None:
        """Make the changes in `names`."""
        for name, inode in self.changes:
            if inode is None:
                names.pop(name, None)
            else:
                names[name] = inode


class Disk:
    """One folder.

    Attributes:
        names: What the running system sees.
        is_synced: The folder's own name in its parent is on disk.
        renamings: Changes of names that may be on disk.
    """

    def __init__(self, contents: Contents | None) -> None:
        """A folder that holds `contents`, all of it synced; None where there is no folder yet."""
        self.is_synced = contents is not None
        self.names = {
            name: Inode(bytearray(content), end_bytes=len(content))
            for name, content in (contents or {}).items()
        }
        self.renamings: list[Renaming] = []
        self._synced_names = dict(self.names)

    def create(self, name: str) -> Inode:
        """A new, empty file."""
        inode = Inode()
        self._change(Renaming(((name, inode),)))
        return inode

    def rename(self, source: str, target: str) -> None:
        """In one step."""
        self._change(Renaming(((source, None), (target, self.names[source]))))

    def unlink(self, name: str) -> None:
        """The name goes."""
        self._change(Renaming(((name, None),)))

    def sync_names(self, renamings: Sequence[Renaming]) -> None:
        """These changes of names are there now."""
        for renaming in self.renamings[:]:
            if renaming in renamings:
                renaming.apply(self._synced_names)
                self.renamings.remove(renaming)

    def write_back(self, chance: random.Random) -> None:
        """The kernel brings some of what is not synced to disk, as it may at any time."""
        for inode in self.names.values():
            if chance.random() < 0.5:
                inode.sync(inode.pending)
        if chance.random() < 0.5:
            self.sync_names(self.renamings)

    def possible(self, chance: random.Random) -> Contents | None:
        """What a power cut at this moment may leave: contents by name, or None for no folder at all."""
        if not self.is_synced and chance.random() < 0.5:
            return None
        names = dict(self._synced_names)
        upto = chance.choice((0, len(self.renamings), chance.randint(0, len(self.renamings))))
        for renaming in self.renamings[:upto]:
            renaming.apply(names)
        return {name: inode.possible(chance) for name, inode in names.items()}

    def _change(self, renaming: Renaming) -> None:
        renaming.apply(self.names)
        self.renamings.append(renaming)


def adopt(folder: Path, contents: Contents | None) -> None:
    """Make `folder` hold exactly these files."""
    if contents is not None:
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_bytes(content)


def _place(content: bytearray, offset: int, written: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(written)] = written
