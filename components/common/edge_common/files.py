"""Files that a crash leaves whole, and the disk's errors in our own words.

Owns writing small files that are replaced at once, and saying whose a folder must be. No threads; one writer
for each path.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from edge_common.errors import PermanentError, TransientError

FILE_MODE = 0o640  # readings are for the component's user and group, nobody else

# What passes when somebody makes room, or by itself; on anything else a person must act.
_MAY_PASS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_ADVICE = {
    errno.ENOSPC: "Make room on that disk",
    errno.EDQUOT: "Make room, or raise the user's quota",
    errno.EACCES: "Let the component's user write there, or name another path",
    errno.EPERM: "Let the component's user write there, or name another path",
    errno.EROFS: "Mount it for writing, or name another path",
    errno.ENOENT: "Make the folder, or name another path",
    errno.ENOTDIR: "A part of the path is a file: name another path",
    errno.EISDIR: "It is a folder: name a file",
    errno.ELOOP: "It is a symbolic link, which is not followed: name the file itself",
    errno.EWOULDBLOCK: "Another process writes it: stop that one, or name another path",
}


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: whoever reads it, and whenever power fails, it is all old or all new.

    When this returns the content is on disk, by fsync of the file and of its folder. A crash may leave
    `.NAME.new` beside it, which the next write uses again. A process that dies in here may leave new content
    that a power cut takes back: who acts on what the file says reads it by `read_settled`.

    Raises:
        TransientError: The disk is full or fails; the old content stands.
        PermanentError: The folder is not there, or not ours to write.
    """
    new = path.with_name(f".{path.name}.new")
    with disk_errors("write", path):
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.replace(path)
        sync_folder(path.parent)


def read_settled(path: Path) -> bytes | None:
    """Read a file that `write_atomically` writes, once no power cut can take back what it says.

    The process that wrote it may have been killed between the renaming and its sync.

    Returns:
        The content; None where there is no such file.

    Raises:
        OSError: It is a symbolic link or cannot be read, or the disk fails.
    """
    try:
        sync_folder(path.parent)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with FileIO(descriptor) as file:
        return file.readall()


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to disk: a new or renamed file is only there after this.

    Raises:
        OSError: The folder cannot be opened, or the disk fails.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`, in one call unless the kernel takes less.

    Raises:
        OSError: Some of it may be written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def ownership_faults(folder: Path, status: os.stat_result) -> list[str]:
    """Why this process may not keep what it answers for in `folder`; empty where it may.

    Args:
        folder: Leads each fault.
        status: Of the folder.
    """
    faults = []
    if status.st_uid != os.geteuid():
        faults.append(
            f"{folder} belongs to user {status.st_uid}, but this is user {os.geteuid()}. "
            "Run as that user, or name another folder."
        )
    if status.st_mode & stat.S_IWOTH:
        faults.append(f"{folder} can be written to by everybody. Run: chmod o-w {folder}")
    return faults


@contextmanager
def disk_errors(action: str, path: Path) -> Iterator[None]:
    """Raise an OSError of the body as one of ours, saying what could not be done where, and what to do.

    Raises:
        TransientError: No room, too many open files, or the disk fails: it may pass.
        PermanentError: Anything else: a person must act.
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "Look at the disk and the system's log")
        reason = f"cannot {action} {path}: {error.strerror or error}. {advice}."
        if error.errno in _MAY_PASS:
            raise TransientError(reason) from error
        raise PermanentError(reason, code="disk") from error
