"""One file to S3, under the digest of its own bytes.

Owns the reading of it: what is sent is what was hashed, and a file that changes meanwhile is noticed. Changes
nothing on disk. If the process dies here, the file is uploaded at the next start, to the same key if it is
still the same.
"""

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge_common.errors import PermanentError, TransientError
from edge_common.s3 import Placed
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.folder_scan import version_in
from s3_batch_uploader.logic import content_type
from s3_batch_uploader.settling import Version

IN_ONE_PIECE_BYTES = 8 * 1024 * 1024  # up to here a file is read once, into memory
_PIECE_BYTES = 1024 * 1024
_SOMETHING_ELSE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}  # gone, or a link in its place
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # nothing that waits for a writer


class FileChangedError(Exception):
    """The file is not what it was when it settled: it is to be looked at again."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An upload that ended well.

    Attributes:
        key: Where the file is.
        placed: Whether this upload brought it there.
    """

    key: str
    placed: Placed


def upload_file(
    path: Path,
    version: Version,
    destination: Destination,
    key_of: Callable[[str], str],
    stop: threading.Event,
) -> Uploaded:
    """Upload `path` as it is now.

    Args:
        path: A regular file; a link is not followed.
        version: What it was when it had settled.
        destination: Where to.
        key_of: SHA-256 in hex digits -> key.
        stop: Set, it ends what a large file takes.

    Returns:
        When S3 has it.

    Raises:
        FileChangedError: It is gone or changed, before or while it was read.
        OSError: It cannot be read.
        EdgeError: S3 has not taken it.
    """
    kind = content_type(path.name)
    if version.size_bytes <= IN_ONE_PIECE_BYTES:
        with _opened(path, version) as file:
            body = file.read(version.size_bytes + 1)
            _require_same(file.fileno(), version)
        key = key_of(hashlib.sha256(body).hexdigest())
        return Uploaded(key, destination.put(key, body, content_type=kind))
    digest = hash_file(path, version, stop)
    key = key_of(digest)
    try:
        placed = destination.put_file(
            key, path, digest, content_type=kind, on_progress=lambda *_: _go_on_unless(stop)
        )
    except PermanentError as error:
        if error.code == "file_changed":
            raise FileChangedError from error
        raise
    return Uploaded(key, placed)


def hash_file(path: Path, version: Version, stop: threading.Event) -> str:
    """SHA-256 of a file in 64 hex digits.

    Raises:
        FileChangedError: It is gone or changed, before or while it was read.
        OSError: It cannot be read.
        TransientError: `stop` was set meanwhile.
    """
    with _opened(path, version) as file:
        digest = _hashed(file, stop)
        _require_same(file.fileno(), version)
        return digest


@contextmanager
def _opened(path: Path, version: Version) -> Iterator[BinaryIO]:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in _SOMETHING_ELSE:
            raise FileChangedError from error
        raise
    try:
        _require_same(descriptor, version)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def _hashed(file: BinaryIO, stop: threading.Event) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        _go_on_unless(stop)
        digest.update(piece)
    return digest.hexdigest()


def _go_on_unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise TransientError("the component was told to stop in the middle of a file")


def _require_same(descriptor: int, version: Version) -> None:
    if version_in(os.fstat(descriptor)) != version:
        raise FileChangedError
