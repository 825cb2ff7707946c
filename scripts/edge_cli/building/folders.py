"""Folders that several builds use at once, on disks that may be full.

The lock is on the folder itself: no lock file stays behind, and a process that is killed frees it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in this block with the same folder, and keep others out.

    Args:
        folder: It exists.

    Raises:
        OSError: It cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_abandoned(folder: Path) -> bool:
    """Whether a folder is there and no process is `alone_in` it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def write(path: Path, body: bytes) -> None:
    """Write a file.

    Raises:
        OSError: It cannot be written; names the file also where the disk is full, which Python does not.
    """
    try:
        path.write_bytes(body)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
