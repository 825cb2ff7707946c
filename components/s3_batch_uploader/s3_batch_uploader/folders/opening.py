"""Opening a file that others may change or replace at any moment: it is the version that was meant, or none.

Opens for reading only, follows no link, and waits for nobody. Any thread.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from s3_batch_uploader.folders.scan import version_in
from s3_batch_uploader.folders.settling import Version

_SOMETHING_ELSE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}  # gone, or a link in its place
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # nothing that waits for a writer


class FileChangedError(Exception):
    """The file is not what it was when it settled: it is to be looked at again."""


@contextmanager
def opened(path: Path, version: Version) -> Iterator[BinaryIO]:
    """A file for reading, if it is still this version.

    Raises:
        FileChangedError: It is gone or changed.
        OSError: It cannot be read.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in _SOMETHING_ELSE:
            raise FileChangedError from error
        raise
    try:
        require_same(descriptor, version)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def require_same(descriptor: int, version: Version) -> None:
    """Check that an open file has not changed.

    Raises:
        FileChangedError: It has.
    """
    if version_in(os.fstat(descriptor)) != version:
        raise FileChangedError
