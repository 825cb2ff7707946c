"""The folder of a spool: whose it is, which format it has, and that one process has it.

Owns the refusals before anything is touched, the lock, and the file `format`. The lock is flock(2) on the
folder itself: it needs no file, and ends with the process however that ends.
"""

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

from edge_common.errors import ConfigError, PermanentError
from edge_common.files import disk_errors, ownership_faults, sync_folder, write_atomically
from edge_common.spool.checksum import crc32c
from edge_common.spool.frame import FORMAT_VERSION
from edge_common.spool.journal import JOURNAL_NAME
from edge_common.spool.sectors import read_around
from edge_common.spool.segment import parse_name

FORMAT_NAME = "format"
_FOLDER_MODE = 0o750
FORMAT_BYTES = 100  # more than the line ever has
_FORMAT = re.compile(rb"(edge-spool format ([0-9]{1,9})) crc32c ([0-9a-f]{8})\n")
# What a crash while a spool is first made can leave.
_FIRST_NAMES = {f".{FORMAT_NAME}.new", f".{JOURNAL_NAME}.new", JOURNAL_NAME}


class SpoolFolder:
    """An open, locked folder; `close` gives up the lock.

    Attributes:
        path: Where it is.
        is_new: It held no spool before.
    """

    def __init__(self, path: Path) -> None:
        """Open and lock the folder, making it when it is not there.

        Raises:
            ConfigError: It is a symbolic link, not this user's, writable by everybody, or no spool.
            TransientError: The disk is full or fails.
            PermanentError: Another process has it, it cannot be made, or its format is newer than this
                program.
        """
        self.path = path
        self.is_new = False
        self._descriptor = _open_locked(path)
        try:
            self._check_format()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up the lock."""
        os.close(self._descriptor)

    def _check_format(self) -> None:
        names = {entry.name for entry in self.path.iterdir()}
        with disk_errors("read", self.path / FORMAT_NAME):
            content = self._read_format() if FORMAT_NAME in names else b""
        version = version_in(content)
        if version is not None:
            if version > FORMAT_VERSION:
                raise PermanentError(
                    f"the spool {self.path} has format {version}; this program knows up to {FORMAT_VERSION}. "
                    "Run the newer program, or name another folder; nothing was changed.",
                    code="newer_format",
                )
            return
        ours = names & {FORMAT_NAME} or any(parse_name(name) for name in names)
        if not ours and names - _FIRST_NAMES:
            raise ConfigError(
                [f"the folder {self.path} holds {min(names)!r} and is no spool. Name an empty folder."]
            )
        self.is_new = not ours
        with disk_errors("make", self.path):
            sync_folder(self.path.parent)  # before the file that says there is a spool, so once is enough
        line = b"edge-spool format %d" % FORMAT_VERSION
        write_atomically(self.path / FORMAT_NAME, b"%s crc32c %08x\n" % (line, crc32c(line)))

    def _read_format(self) -> bytes:
        descriptor = os.open(self.path / FORMAT_NAME, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            return read_around(descriptor, FORMAT_BYTES, 0, self.path / JOURNAL_NAME)[0]
        finally:
            os.close(descriptor)


def version_in(content: bytes) -> int | None:
    """The version that the content of the file `format` names; None where its check fails."""
    match = _FORMAT.fullmatch(content)
    return int(match[2]) if match and int(match[3], 16) == crc32c(match[1]) else None


def _open_locked(path: Path) -> int:
    with disk_errors("make", path), suppress(FileExistsError):  # the usual case; it is looked at below
        path.mkdir(_FOLDER_MODE)
    if path.is_symlink() or not path.is_dir():
        kind = "a symbolic link, which is not followed" if path.is_symlink() else "not a folder"
        raise ConfigError([f"the spool {path} is {kind}. Name a folder of the component's own."])
    with disk_errors("open", path):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _check_owner(path, os.fstat(descriptor))
        _lock(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_owner(path: Path, status: os.stat_result) -> None:
    if faults := ownership_faults(path, status):
        raise ConfigError([f"the spool {fault}" for fault in faults])


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermanentError(
            f"another process has the spool {path} open. Stop that one, or name another folder.",
            code="spool_locked",
        ) from error
