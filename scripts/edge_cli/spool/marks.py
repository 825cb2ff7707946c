"""Which dead letters were put back into the queue although older ones stay: a small file beside them.

A spool is released from its beginning only, and writing the letters that stay to its end would count them
twice among all that were ever given up. So the numbers are noted in `dead/requeued.json`, and go from it when
all letters before them have gone. A file that is lost or rotten means that letters show again: they may be
repeated, never lost.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge_common.files import disk_errors, read_settled, sync_folder, write_atomically
from edge_common.spool.standing import reading

MARKS_NAME = "requeued.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Marks:
    """Numbers of dead letters that were put back.

    Attributes:
        ranges: (first, last) of each run of numbers, rising and apart.
    """

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Self:
        """The marks of these numbers.

        >>> Marks.of([5, 3, 4, 9]).ranges
        ((3, 5), (9, 9))
        """
        ranges: list[tuple[int, int]] = []
        for number in sorted(set(numbers)):
            if ranges and number == ranges[-1][1] + 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
        return cls(tuple(ranges))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.ranges, number, key=lambda marked: marked[0]) - 1
        return at >= 0 and number <= self.ranges[at][1]

    def numbers_from(self, first: int) -> Iterable[int]:
        """Every marked number from `first` on."""
        return (number for start, last in self.ranges for number in range(max(start, first), last + 1))


def read(dead: Path) -> Marks:
    """The marks beside the dead letters in the folder `dead`.

    Raises:
        EdgeError: The file cannot be read.
    """
    path = dead / MARKS_NAME
    with reading(path):
        content = read_settled(path)
    if content is None:
        return Marks()
    try:
        document = json.loads(content)
        if document["version"] == _VERSION:
            return Marks(tuple((int(first), int(last)) for first, last in document["ranges"]))
    except (ValueError, TypeError, KeyError):
        pass  # rotten, which the module's docstring answers
    return Marks()


def write(dead: Path, marks: Marks) -> None:
    """Make `marks` durable in place of the former ones; no marks, no file.

    Raises:
        EdgeError: The disk is full or fails, or the folder is not ours to write.
    """
    path = dead / MARKS_NAME
    if not marks.ranges:
        with disk_errors("delete", path):
            path.unlink(missing_ok=True)
            sync_folder(dead)
        return
    document = {"version": _VERSION, "ranges": marks.ranges}
    write_atomically(path, json.dumps(document).encode())
