"""What has been made once and is taken again while its input is the same: folders below `build/cache`.

A folder appears under its key when it is whole, so that processes may share a shelf; nothing on it is ever
changed. Deleting all of it costs time and nothing else. What a killed process had begun goes with the next
one that puts something on the shelf.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edge_cli.building.folders import alone_in, is_abandoned
from edge_cli.project import PROJECT

CACHE = PROJECT / "build" / "cache"
_SCRATCH = ".scratch-"


class Shelf:
    """Folders of one kind, by key.

    Args:
        folder: Where they are; made when something is put there.
        capacity: How many are kept; those that were used longest ago go.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self._folder = folder
        self._capacity = capacity

    def find(self, key: str) -> Path | None:
        """What is there under a key; None when nothing is."""
        found = self._folder / key
        try:
            os.utime(found)  # used now
        except FileNotFoundError:
            return None
        return found

    def get(self, key: str) -> Path:
        """What has been put there just now."""
        return self._folder / key

    def discard(self, key: str) -> None:
        """Remove what is there under a key, if anything is."""
        with (
            self._scratch() as scratch,
            contextlib.suppress(FileNotFoundError),  # another process has done it
        ):
            (self._folder / key).rename(scratch / key)  # half of it must never be seen

    @contextmanager
    def place(self, key: str) -> Iterator[Path]:
        """An empty folder to be filled; it is there under its key when the block has ended well."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._scratch() as scratch:
            new = scratch / key
            new.mkdir()
            yield new
            try:
                new.rename(self._folder / key)
            except OSError:
                if not (self._folder / key).is_dir():  # else another process was quicker, with the same
                    raise
        self._make_room()

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder that nobody finds, gone at the end, or, if this process is killed, with the next one's."""
        with ExitStack() as stack:
            with alone_in(self._folder):
                for left in self._folder.glob(f"{_SCRATCH}*"):
                    if is_abandoned(left):
                        shutil.rmtree(left)
                scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=self._folder))
                stack.enter_context(alone_in(scratch))
                stack.callback(shutil.rmtree, scratch)
            yield scratch

    def _make_room(self) -> None:
        last_use: dict[Path, int] = {}
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process makes room at the same time
                if not path.name.startswith(_SCRATCH):
                    last_use[path] = path.stat().st_mtime_ns
        for outdated in sorted(last_use, key=lambda path: last_use[path], reverse=True)[self._capacity :]:
            self.discard(outdated.name)
