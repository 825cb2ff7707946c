"""How a file that S3 has leaves its folder: not while somebody writes it, and no other one in its place.

Other processes write and rename in these folders at any moment. Two things keep their work safe:

- A read lease (fcntl(2), F_SETLEASE): the kernel grants it only while nobody has the file open for writing,
  and tells when somebody wants to. The system gives none on files of other users, and on some file systems;
  that is said, and `settle_s` alone decides there.
- A file is renamed first and looked at afterwards, under a name that nobody else knows: what is deleted is
  what was looked at. If it is another one, it gets its name back, or one with a number when that is taken.

A crash leaves the file where it was, done, or under its hidden name: the next scan gives it its name back.
Nothing is synced: should a power cut bring a file back, it is uploaded again at worst, to the same key.
"""

import errno
import fcntl
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_common.log import get_logger, limited
from s3_batch_uploader.folders.opening import FileChangedError, opened
from s3_batch_uploader.folders.scan import LEAVING_PREFIX, version_of
from s3_batch_uploader.folders.settling import Version

_MAX_NAME_BYTES = 255  # NAME_MAX of Linux, linux/limits.h
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}  # a file system without hard links
_HOUR_S = 3600.0

_moving = threading.Lock()  # two folders may be moved to one place
_log = get_logger("folders")


class FileInUseError(Exception):
    """Somebody has the file open for writing."""


def delete(path: Path, version: Version) -> None:
    """Delete a file.

    Args:
        path: The file.
        version: What may be deleted.

    Raises:
        FileInUseError: Somebody writes it; it stays.
        FileChangedError: It is gone, or not this version any more; it stays.
        OSError: It cannot be deleted; it stays.
    """
    with _leased(path, version) as is_free:
        leaving = path.with_name(_leaving_name(path.name))
        if os.path.lexists(leaving):
            put_back(leaving)  # a crash has left it
        path.rename(leaving)
        try:
            _require(leaving, version, is_free)
            leaving.unlink()
        except BaseException:
            put_back(leaving)
            raise


def move(path: Path, version: Version, wanted: Path) -> None:
    """Move a file; one that is there already is not replaced.

    Args:
        path: The file.
        version: What may be moved.
        wanted: Where to, on the same file system; with a number before its suffix if that is taken.

    Raises:
        FileInUseError: Somebody writes it; it stays.
        FileChangedError: It is gone, or not this version any more; it stays.
        OSError: It cannot be moved; it stays.
    """
    with _leased(path, version) as is_free:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        with _moving:
            target = _free(wanted)
            path.rename(target)
        try:
            _require(target, version, is_free)
        except BaseException:
            _give_name(target, path)
            raise


def put_back(leaving: Path) -> Path:
    """Give a file that was about to be deleted its name back; returns what it is called now.

    Raises:
        OSError: It cannot be renamed; it stays as it is.
    """
    return _give_name(leaving, leaving.with_name(leaving.name.removeprefix(LEAVING_PREFIX)))


def _leaving_name(name: str) -> str:
    """The hidden name; of a very long one the end, which has the suffix."""
    room = _MAX_NAME_BYTES - len(LEAVING_PREFIX)
    return LEAVING_PREFIX + os.fsdecode(os.fsencode(name)[-room:])


@contextmanager
def _leased(path: Path, version: Version) -> Iterator[Callable[[], bool]]:
    """Hold a lease on a file; yields what tells whether still nobody wants to write it."""
    with opened(path, version) as file:
        descriptor = file.fileno()
        # The kernel tells of a writer by a signal, whose default is to end the process: not so this one.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError as error:
            raise FileInUseError from error
        except OSError as error:
            advice = "A file is deleted or moved after settle_s, whoever still has it open"
            reason = f"{error.strerror}. {advice}"
            _log.warning("writers_not_seen", path=str(path), reason=reason, **limited("lease", _HOUR_S))
            yield lambda: True
        else:
            yield lambda: fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK


def _require(path: Path, version: Version, is_free: Callable[[], bool]) -> None:
    if version_of(path) != version:
        raise FileChangedError
    if not is_free():
        raise FileInUseError


def _give_name(source: Path, wanted: Path) -> Path:
    """Rename without replacing what others have put there, however fast they are."""
    if os.path.lexists(wanted) and os.path.samestat(source.lstat(), wanted.lstat()):
        source.unlink()  # a crash came between the two names
        return wanted
    while True:
        target = _free(wanted)
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            source.rename(target)
        else:
            source.unlink()
        return target


def _free(wanted: Path) -> Path:
    """`wanted`, or with a number before its suffix; found in few steps, however many there are."""

    def numbered(number: int) -> Path:
        return wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}") if number else wanted

    taken, free = -1, 0
    while os.path.lexists(numbered(free)):
        taken, free = free, 2 * free + 1
    while free - taken > 1:
        middle = (taken + free) // 2
        if os.path.lexists(numbered(middle)):
            taken = middle
        else:
            free = middle
    return numbered(free)
