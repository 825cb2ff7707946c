r"""Tells a `disk.Disk` what a process has changed, from the log that strace took of it.

    strace -f -xx -s 67108864 -e trace=... -o LOG python -m support.spool.steps FOLDER SEED threads

The process is unmodified. Each line is a call, or the two halves of one that another thread's call came
between: `7 pwrite64(5, "\x45\x53", 2, 0) = 2`, `7 fsync(4 <unfinished ...>`, `7 <... fsync resumed>) = 0`. A
write counts from its beginning on; a sync, when it has returned, brings to disk what was written when it
began.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.spool.disk import Disk, Inode, Renaming, Write

# Every call by which the spool changes the disk or its descriptors, and `write`, by which it says so.
CALLS = (
    *("openat", "close", "write", "pwrite64", "fsync", "fdatasync"),
    *("rename", "unlink", "mkdir", "ftruncate", "truncate", "fallocate", "pwritev", "pwritev2", "writev"),
)
FOREVER_BYTES = 1 << 26  # strace shows strings no longer than it is told
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>)?(?:(\w+)\()?(.*)")
_RESULT = re.compile(r"\) += (-?\d+)[^=]*$")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Call:
    """A call's beginning or its end; of one that nothing came between, both lines are made.

    Attributes:
        thread: Its id.
        name: Of the system call.
        strings: Its arguments that are strings.
        numbers: Its arguments that are numbers, in order.
        words: The whole line, for flags.
        result: What it returned; None at the beginning.
    """

    thread: int
    name: str
    strings: tuple[bytes, ...]
    numbers: tuple[int, ...]
    words: str
    result: int | None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The strings, where they are paths."""
        return tuple(Path(os.fsdecode(string)) for string in self.strings)


def calls_in(log: Path) -> Iterator[Call]:
    """The beginnings and ends of all calls in `log`, in the order in which they happened."""
    begun: dict[int, str] = {}
    for line in log.read_text().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        thread, resumed, name, rest = int(match[1]), match[2], match[3], match[4]
        if name is not None:
            yield _call(thread, name, rest, None)
        if name is not None and rest.endswith(_UNFINISHED):
            begun[thread] = rest.removesuffix(_UNFINISHED)
            continue
        ended = _RESULT.search(rest)
        if ended is not None and (name or resumed):
            words = begun.pop(thread) + rest if resumed else rest
            yield _call(thread, name or resumed, words, int(ended[1]))


def _call(thread: int, name: str, words: str, result: int | None) -> Call:
    strings = tuple(bytes.fromhex(found.replace("\\x", "")) for found in _STRING.findall(words))
    plain = _STRING.sub("", words).split(") =")[0]
    numbers = tuple(int(number) for number in re.findall(r"(?<![\w.])-?\d+(?!\w)", plain))
    return Call(thread, name, strings, numbers, plain, result)


class Replay:
    """Tells the disk of one folder, call after call.

    Attributes:
        disk: What may be lost.
        said: What the process has written to its standard output so far.
    """

    def __init__(self, folder: Path) -> None:
        self.disk = Disk(None)
        self.said = bytearray()
        self._folder = folder
        self._files: dict[int, Inode] = {}
        self._folders: dict[int, Path] = {}
        self._positions: dict[int, int] = {}
        self._syncing: dict[int, tuple[list[Write], list[Renaming]]] = {}

    def changes(self, call: Call) -> bool:
        """Whether the disk is another after `call`, so that a cut before it is worth looking at."""
        of_file = call.numbers[:1] and (call.numbers[0] in self._files or call.numbers[0] in self._folders)
        begins = call.name in {"write", "pwrite64"} and call.result is None
        ends = call.name in {"fsync", "fdatasync"} and call.result == 0
        names = call.name in {"rename", "unlink"} and call.result == 0 and self._is_ours(call)
        return bool((begins or ends) and of_file) or names

    def take(self, call: Call) -> None:
        """Bring the disk to where it is after `call`."""
        if call.name in {"fsync", "fdatasync"}:
            self._sync(call)
        elif call.result is None and call.name in {"write", "pwrite64"}:
            self._write(call)
        elif call.result is not None and call.result >= 0:
            self._done(call)

    def _done(self, call: Call) -> None:
        if call.name == "openat":
            self._open(call)
        elif call.name == "close":
            self._files.pop(call.numbers[0], None)
            self._folders.pop(call.numbers[0], None)
        elif call.name == "rename" and self._is_ours(call):
            self.disk.rename(call.paths[0].name, call.paths[1].name)
        elif call.name == "unlink" and self._is_ours(call):
            self.disk.unlink(call.paths[0].name)
        elif call.name not in {"rename", "unlink", "mkdir", "write", "pwrite64"}:
            raise AssertionError(f"the disk does not know {call.name}")

    def _open(self, call: Call) -> None:
        descriptor = call.result
        if descriptor is None:
            raise AssertionError("an ended call has a result")
        if "O_DIRECTORY" in call.words:
            self._folders[descriptor] = call.paths[0]
        elif self._is_ours(call):
            name = call.paths[0].name
            if name not in self.disk.names:
                self._files[descriptor] = self.disk.create(name)
            else:
                self._files[descriptor] = self.disk.names[name]
                if "O_TRUNC" in call.words:
                    self._files[descriptor].truncate()
            self._positions[descriptor] = 0

    def _write(self, call: Call) -> None:
        descriptor, content = call.numbers[0], call.strings[0]
        if descriptor == 1:
            self.said += content
        elif descriptor in self._files and call.name == "pwrite64":
            self._files[descriptor].write(call.numbers[-1], content)
        elif descriptor in self._files:
            self._files[descriptor].write(self._positions[descriptor], content)
            self._positions[descriptor] += len(content)

    def _sync(self, call: Call) -> None:
        descriptor = call.numbers[0]
        inode = self._files.get(descriptor)
        if call.result is None:
            self._syncing[call.thread] = (list(inode.pending) if inode else [], list(self.disk.renamings))
        elif call.result == 0:
            writes, renamings = self._syncing.pop(call.thread)
            folder = self._folders.get(descriptor)
            if inode is not None:
                inode.sync(writes)
            elif folder == self._folder:
                self.disk.sync_names(renamings)
            elif folder == self._folder.parent:
                self.disk.is_synced = True

    def _is_ours(self, call: Call) -> bool:
        return call.paths[0].parent == self._folder
