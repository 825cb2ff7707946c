"""Which files have been uploaded, kept on disk so that a restart uploads none of them again.

Owns one file of lines: each is a receipt, the digest of where one version of one file went. Nothing but
membership is asked of it, so lines need no checksum: a damaged or torn one fits no file, and the worst it
costs is one upload more, which S3 answers with "already there". Used by one thread.
"""

import errno
import os
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import Self

from edge_common.errors import TransientError
from edge_common.files import FILE_MODE, disk_errors, sync_folder, write_all, write_atomically
from edge_common.log import get_logger
from s3_batch_uploader.folders.settling import Version

_DIGEST_BYTES = 16
_LINE = re.compile(rb"[0-9a-f]{32}")
_SLACK_LINES = 1_000  # of receipts that count no more, beyond as many as count; then the file is written anew
_MAY_PASS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}

_log = get_logger("folders")


def receipt(destination: str, path: Path, version: Version) -> bytes:
    """What stands for "this version of the file went there".

    Args:
        destination: Bucket and key prefix: another one is another upload.
        path: The file, absolute.
        version: What was uploaded.
    """
    stated = f"{version.size_bytes} {version.mtime_ns} {version.inode}"
    parts = (destination.encode(), os.fsencode(path), stated.encode())
    return blake2b(b"\0".join(parts), digest_size=_DIGEST_BYTES).digest()


class Receipts:
    """The receipts of one folder; close it.

    The file is made with the first receipt: a full disk must not keep files from being uploaded and deleted.

    Args:
        path: The file; the parent of its folder exists.
        lines: What it says.
    """

    def __init__(self, path: Path, lines: Sequence[bytes]) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._unwritten: set[bytes] = set()
        self._lines = len(lines)
        self._known = {bytes.fromhex(line.decode()) for line in lines if _LINE.fullmatch(line)}

    @classmethod
    def opened(cls, path: Path) -> Self:
        """The receipts in a file. One that cannot be read is set aside and said: it may not stop uploads.

        What it said costs one upload each, which S3 answers with "already there".

        Raises:
            TransientError: There is no descriptor or no memory left for it now.
        """
        try:
            return cls(path, _whole_lines(path))
        except OSError as error:
            if error.errno in _MAY_PASS:
                raise TransientError(f"cannot read {path} now: {error.strerror}.") from error
            reason = f"{error.strerror}. Its files are uploaded once more, which S3 has already; remove it"
        aside = path.with_name(f"{path.name}.unreadable")
        with suppress(OSError):  # it cannot be renamed either: receipts hold for this process then
            path.replace(aside)
        _log.warning("receipts_set_aside", path=str(path), aside=str(aside), reason=reason)
        return cls(path, [])

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, digest: bytes) -> None:
        """Note an upload; when this returns the receipt is on disk.

        Raises:
            TransientError: The disk is full or fails: the receipt holds for the life of this process and is
                written with the next one. Lost with the process, it costs one upload more.
            PermanentError: The file may not be written; the same.
        """
        self._known.add(digest)
        self._unwritten.add(digest)
        with disk_errors("append to", self._path):
            if self._file is None:
                self._file = _opened(self._path)
            self._append(self._file, _lines(self._unwritten))
        self._lines += len(self._unwritten)
        self._unwritten.clear()

    def forget(self, digest: bytes) -> None:
        """A file is gone for good; takes effect with the next `keep_only` or in this process alone."""
        self._known.discard(digest)
        self._unwritten.discard(digest)

    def keep_only(self, digests: Collection[bytes]) -> None:
        """Forget every receipt but these.

        Raises:
            TransientError: The disk is full or fails: the old file stands and nothing is lost.
            PermanentError: The file may not be written; the same.
        """
        self._known.intersection_update(digests)
        self._unwritten &= self._known
        self.tidy()

    def tidy(self) -> None:
        """Write the file anew once it is mostly of forgotten receipts.

        Raises:
            TransientError: As `keep_only`.
            PermanentError: As `keep_only`.
        """
        if self._lines <= 2 * len(self._known) + _SLACK_LINES:
            return
        write_atomically(self._path, _lines(self._known))
        self.close()
        self._lines = len(self._known)
        self._unwritten.clear()

    def close(self) -> None:
        """Let go of the file; everything that `add` did not complain of is on disk."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, file: FileIO, lines: bytes) -> None:
        """Add whole lines or nothing; sets the file aside when the disk fails."""
        size_bytes = os.fstat(file.fileno()).st_size
        try:
            write_all(file.fileno(), lines)
        except OSError:
            os.ftruncate(file.fileno(), size_bytes)
            raise
        try:
            os.fdatasync(file.fileno())
        except OSError:
            self.close()  # what it lost nobody can tell, nor would a second sync: all is written anew
            self._unwritten |= self._known
            raise


def _opened(path: Path) -> FileIO:
    """The file, made where it is not there, and without what a crash tore."""
    path.parent.mkdir(exist_ok=True)
    file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, FILE_MODE), "ab")
    try:
        os.ftruncate(file.fileno(), sum(len(line) + 1 for line in _whole_lines(path)))
        sync_folder(path.parent)
        sync_folder(path.parent.parent)
    except BaseException:
        file.close()
        raise
    return file


def _whole_lines(path: Path) -> list[bytes]:
    """The lines of the file; without a last one that has no line break; none when there is no file."""
    try:
        with FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW)) as file:
            return file.readall().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def _lines(digests: Iterable[bytes]) -> bytes:
    return b"".join(digest.hex().encode() + b"\n" for digest in digests)
