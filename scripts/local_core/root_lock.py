"""One core for each root: the lock that a running core holds, and that ends with its process."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from local_core.errors import CoreError


class RootLock:
    """A context manager: inside it no other core can start on the same root.

    The file stays, the lock does not: a core that was killed leaves nothing to clear away.

    Args:
        path: The lock file; holds the core's process id for people.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(file, 32).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise CoreError(
                f"A core already runs on {self._path.parent} (process {owner}). "
                f"See it with: scripts/edge core status --root {self._path.parent}, "
                "end it with core down, or choose another --root."
            ) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
