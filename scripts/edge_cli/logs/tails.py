"""What is added to log files, across their rotations; in the caller's thread.

Nothing is lost or read twice as long as the files are kept: what was written and rotated away between two
looks is read from the rotated files, however many there are.
"""

import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from edge_cli.logs.files import (
    NUCLEUS,
    choose_logs,
    life_log,
    life_of,
    lines_of,
    rotated_files,
)
from edge_cli.logs.lines import LogRecord, merged, records


class Tail:
    """Reads one log from its start and then what is added to it, across rotations; close it when done.

    Args:
        path: The active file; it may appear later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BufferedReader | None = None
        self._earlier: set[str] | None = None  # names of rotated files that came before ours; None: not begun
        self._unfinished = b""

    def rotated_lines(self) -> Iterator[str]:
        """Every line of the files before the one that `new_lines` begins with; call it first."""
        earlier = [] if self._earlier is not None else self._begin()
        return (line for path in earlier for line in lines_of(path))

    def new_lines(self) -> list[str]:
        """Complete lines since the last call; never waits."""
        if self._earlier is None:
            self._begin()
        added = self._read()
        while self._is_over():
            # What was written between our read and the rotation is still behind the open descriptor.
            added += self._read()
            if not self._advance():
                break
            if self._unfinished:  # nothing can be added to it any more
                added.append(self._unfinished)
                self._unfinished = b""
            added += self._read()
        return [line.decode(errors="replace") for line in added]

    def close(self) -> None:
        """Close the file; nothing is read afterwards."""
        if self._file:
            self._file.close()
            self._file = None

    def _begin(self) -> list[Path]:
        """Open the active file; returns the rotated ones that came before it."""
        self._file = _opened(self._path)
        rotated = rotated_files(self._path)
        ours = self._inode()
        place = next((number for number, path in enumerate(rotated) if _inode(path) == ours), len(rotated))
        self._earlier = {path.name for path in rotated[:place]}
        return rotated[:place]

    def _is_over(self) -> bool:
        """Whether there may be a file after ours: the log's name is another's, or ours was cut short."""
        if self._file is None:
            return True
        now = _inode(self._path)
        return now != self._inode() or os.fstat(self._file.fileno()).st_size < self._file.tell()

    def _advance(self) -> bool:
        """Go on with the file after ours; False where there is none yet, and ours is kept."""
        assert self._earlier is not None  # noqa: S101  begun
        if self._file is not None and _inode(self._path) == self._inode():  # cut short
            self._file.seek(0)
            return True
        rotated = rotated_files(self._path)
        self._earlier |= {path.name for path in rotated if self._file and _inode(path) == self._inode()}
        # Opened before looking for those between: so it cannot be rotated past us unseen.
        following = _opened(self._path)
        active = None if following is None else os.fstat(following.fileno()).st_ino
        for path in rotated_files(self._path):
            if path.name in self._earlier or _inode(path) == active:
                continue
            if between := _opened(path):
                if following:
                    following.close()
                following = between
                break
        if following is None:
            return False
        self.close()
        self._file = following
        return True

    def _inode(self) -> int | None:
        return os.fstat(self._file.fileno()).st_ino if self._file else None

    def _read(self) -> list[bytes]:
        added = self._file.read() if self._file else b""
        *lines, self._unfinished = (self._unfinished + added).split(b"\n")
        return lines


class _Log:
    """One log's records; a line that comes after its record was read has that one's time and level."""

    def __init__(self, name: str, path: Path) -> None:
        self._name = name
        self._tail = Tail(path)
        self._last: LogRecord | None = None

    def so_far(self) -> Iterator[LogRecord]:
        """All that there is."""
        rotated = self._tail.rotated_lines()
        return self._noted(records(self._name, _chained(rotated, self._tail)))

    def new(self) -> Iterator[LogRecord]:
        """What is added."""
        return self._noted(records(self._name, self._tail.new_lines(), self._last))

    def close(self) -> None:
        """Close the file."""
        self._tail.close()

    def _noted(self, found: Iterator[LogRecord]) -> Iterator[LogRecord]:
        for record in found:
            self._last = record
            yield record


class Follower:
    """Several logs, and those that appear later: all that there is, then what is added. Close it when done.

    Args:
        root: The core's folder.
        word: Which logs, as for `choose_logs`; None means all, also those of components yet to come.
        with_life: Also what the nucleus says of them in its own log.

    Raises:
        CommandError: There is no such log.
    """

    def __init__(self, root: Path, word: str | None, *, with_life: bool = False) -> None:
        self._root = root
        self._word = word
        chosen = choose_logs(root, word)
        self._logs = {log.name: _Log(log.name, log.active) for log in chosen}
        nucleus = life_log(root, chosen) if with_life else None
        self._life = _Log(NUCLEUS, nucleus.active) if nucleus else None
        self.names = [*self._logs, *([NUCLEUS] if nucleus else [])]

    def so_far(self) -> Iterator[LogRecord]:
        """All that there is, by time, rotated files too; call it first, or never."""
        logs = [log.so_far() for log in self._logs.values()]
        if self._life:
            logs.append(life_of(self._logs, self._life.so_far()))
        return merged(logs)

    def new_records(self) -> list[LogRecord]:
        """Records since the last call, by time; never waits."""
        logs: list[Iterator[LogRecord]] = []
        if self._word is None:
            for log in choose_logs(self._root, None):
                if log.name not in self._logs:
                    self._logs[log.name] = _Log(log.name, log.active)
                    logs.append(self._logs[log.name].so_far())
                else:
                    logs.append(self._logs[log.name].new())
        else:
            logs += [log.new() for log in self._logs.values()]
        if self._life:
            logs.append(life_of(self._logs, self._life.new()))
        return list(merged(logs))

    def close(self) -> None:
        """Close every file."""
        for log in (*self._logs.values(), *([self._life] if self._life else [])):
            log.close()


def _chained(rotated: Iterator[str], tail: Tail) -> Iterator[str]:
    yield from rotated
    yield from tail.new_lines()


def _opened(path: Path) -> BufferedReader | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
