"""Lines appended to a file that is rotated by size: CSV or JSON Lines for people and their tools.

Owns one record file, its rotated predecessors and their lock; knows nothing of what the lines say. Used by
one thread. It is no spool: nothing is synced line by line, so a power cut may cost the last seconds.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_common.errors import TransientError
from edge_common.files import FILE_MODE, disk_errors, sync_folder, write_all

_LOOK_BACK_BYTES = 64 * 1024  # read at a time in search of the last whole line
_CLOSED = -1


class RecordFile:
    """`NAME`, and after rotation `NAME.1` (the newest) to `NAME.<keep>`.

    Opened by the constructor, closed by `close` or `with`. Each line is one write. Should the process or the
    power fail, at most the last line is torn, and it is cut off at the next start.

    Args:
        path: The file; its folder must exist. Another process that has it open is refused.
        max_bytes: The file is rotated before a line would take it beyond this size. A line that is longer by
            itself gets a file of its own.
        keep: How many rotated files stay; with 0 none does.
        header: First line of every file, such as the column names of a CSV; None for none. A file that begins
            with another one is rotated away at start.
        min_free_bytes: Nothing is written while fewer bytes are free on the disk.

    Attributes:
        cut_bytes: Length of the torn line that was cut off when the file was opened; 0 when there was none.

    Raises:
        TransientError: No room, or the disk fails.
        PermanentError: The path is not ours to write, is a symbolic link, or another process writes it.
    """

    def __init__(
        self, path: Path, *, max_bytes: int, keep: int, header: str | None = None, min_free_bytes: int = 0
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._header = b"" if header is None else _line(header)
        self._min_free_bytes = min_free_bytes
        self.cut_bytes = 0
        with disk_errors("open", path):
            self._descriptor = self._opened()

    def append(self, line: str) -> None:
        """Add one line; when this raises, the file ends with the line before.

        Args:
            line: Without a line break.

        Raises:
            TransientError: No room, or the disk fails; a later line may pass.
            PermanentError: The file may not be written any more.
            ValueError: `line` has a line break, which would make it two.
        """
        content = _line(line)
        require_free_space(self._path.parent, self._min_free_bytes)
        with disk_errors("append to", self._path):
            if self._descriptor == _CLOSED:  # the rotation before failed half-way
                self._descriptor = self._opened()
            size_bytes = os.fstat(self._descriptor).st_size
            if size_bytes > len(self._header) and size_bytes + len(content) > self._max_bytes:
                self._rotate()
            _append_whole(self._descriptor, content)

    def close(self) -> None:
        """Bring everything to disk and let go of the file; a later `append` would open it again.

        Raises:
            TransientError: The disk fails; the last lines may be lost.
        """
        if self._descriptor == _CLOSED:
            return
        descriptor, self._descriptor = self._descriptor, _CLOSED
        try:
            with disk_errors("sync", self._path):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> int:
        """A descriptor of the locked file, whole to its last line and beginning with the header."""
        descriptor = self._locked()
        try:
            self.cut_bytes += _cut_torn_line(descriptor)
            begins = os.pread(descriptor, len(self._header), 0)
            if begins and begins != self._header:
                self._shift()
                previous, descriptor = descriptor, self._locked()
                os.close(previous)
            if not os.fstat(descriptor).st_size:
                _append_whole(descriptor, self._header)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _locked(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def _rotate(self) -> None:
        """Go on in a new file. The old one stays locked until then, so that nobody slips in between."""
        os.fsync(self._descriptor)
        self._shift()
        previous, self._descriptor = self._descriptor, _CLOSED
        try:
            self._descriptor = self._opened()
        finally:
            os.close(previous)

    def _shift(self) -> None:
        """`NAME.n` becomes `NAME.n+1`, the oldest first, so that a crash in between loses none but it."""
        for number in range(self._keep, 0, -1):
            older = self._numbered(number)
            with suppress(FileNotFoundError):
                self._numbered(number - 1).replace(older)
        if not self._keep:
            self._path.unlink()
        sync_folder(self._path.parent)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


def require_free_space(folder: Path, min_free_bytes: int) -> None:
    """Refuse to write where fewer than `min_free_bytes` are left for everything else on the device.

    Raises:
        TransientError: There are fewer; room may come back.
        PermanentError: `folder` is not there.
    """
    with disk_errors("look at", folder):
        room = os.statvfs(folder)
    free_bytes = room.f_bavail * room.f_frsize
    if free_bytes < min_free_bytes:
        left = f"{free_bytes} bytes are free and {min_free_bytes} must stay so"
        raise TransientError(f"cannot write to {folder}: {left}. Make room on that disk.")


def _line(text: str) -> bytes:
    if "\n" in text or "\r" in text:
        raise ValueError("a record's line must not have a line break: escape or replace it")
    return f"{text}\n".encode("utf-8", "backslashreplace")


def _append_whole(descriptor: int, content: bytes) -> None:
    """Append all of `content` or nothing."""
    size_bytes = os.fstat(descriptor).st_size
    try:
        write_all(descriptor, content)
    except OSError:
        os.ftruncate(descriptor, size_bytes)
        raise


def _cut_torn_line(descriptor: int) -> int:
    """Cut the file back to its last line break; returns how many bytes that took away."""
    size_bytes = end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _LOOK_BACK_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end < size_bytes:
        os.ftruncate(descriptor, end)
    return size_bytes - end
