"""Which files have stopped changing: pure, given what was seen and when.

Times are of the monotonic clock: a file's own are by a wall clock that jumps, or by another machine's.
"""

import heapq
from dataclasses import dataclass
from itertools import count
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Version:
    """What tells whether a file is still the same without reading it.

    Attributes:
        size_bytes: Its length.
        mtime_ns: When its content last changed, by the clock of whoever wrote it.
        inode: Which file it is, for a name may be given to another one.
    """

    size_bytes: int
    mtime_ns: int
    inode: int


class Settling:
    """Files that wait until they have not changed for long enough. Used by one thread; nothing is on disk.

    A crash forgets them all: the scan at the next start finds them again.
    """

    def __init__(self) -> None:
        self._waiting: dict[Path, tuple[Version, float]] = {}  # and when it is due
        self._order: list[tuple[float, int, Path]] = []  # a heap; entries of an earlier `due` are passed over
        self._arrivals = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def knows(self, path: Path, version: Version) -> bool:
        """Whether this version of the file waits here."""
        waiting = self._waiting.get(path)
        return waiting is not None and waiting[0] == version

    def saw(self, path: Path, version: Version, due_s: float) -> None:
        """A file stands there: one that is known and the same is due no later than before.

        Args:
            path: The file.
            version: As it is now.
            due_s: When it will have settled if it stays as it is; now for one that is whole at once.
        """
        known = self._waiting.get(path)
        if known is not None and known[0] == version and known[1] <= due_s:
            return
        self._waiting[path] = (version, due_s)
        heapq.heappush(self._order, (due_s, next(self._arrivals), path))

    def take(self, now_s: float) -> tuple[Path, Version] | None:
        """The file that has been due for longest, which is then forgotten; None when none is due."""
        due_s = self.next_due_s
        if due_s is None or due_s > now_s:
            return None
        _, _, path = heapq.heappop(self._order)
        return path, self._waiting.pop(path)[0]

    @property
    def next_due_s(self) -> float | None:
        """When the next file is due; None when none waits."""
        while self._order:
            due_s, _, path = self._order[0]
            known = self._waiting.get(path)
            if known is not None and known[1] == due_s:
                return due_s
            heapq.heappop(self._order)
        return None
