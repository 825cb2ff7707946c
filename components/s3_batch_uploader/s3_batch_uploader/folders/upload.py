"""One file to S3, under the digest of its own bytes.

Owns the reading of it: what is sent is what was hashed, and a file that changes meanwhile is noticed. Changes
nothing on disk. If the process dies here, the file is uploaded at the next start, to the same key if it is
still the same.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge_common.errors import PermanentError, TransientError
from edge_common.s3 import PART_BYTES, Placed
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.folders.opening import FileChangedError, opened, require_same
from s3_batch_uploader.folders.settling import Version
from s3_batch_uploader.logic import content_type

_PIECE_BYTES = 1024 * 1024
_MAX_HASHED = 8  # large files that fail in turn


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An upload that ended well.

    Attributes:
        key: Where the file is.
        placed: Whether this upload brought it there.
    """

    key: str
    placed: Placed


class FileUploads:
    """Uploads files; used by one thread.

    Args:
        destination: Where to.
        stop: Set, it ends what a large file takes.
    """

    def __init__(self, destination: Destination, stop: threading.Event) -> None:
        self._destination = destination
        self._stop = stop
        self._hashed: OrderedDict[tuple[Path, Version], str] = OrderedDict()  # for the next try

    def upload(self, path: Path, version: Version, key_of: Callable[[str], str]) -> Uploaded:
        """Upload `path` as it is now.

        Args:
            path: A regular file; a link is not followed.
            version: What it was when it had settled.
            key_of: SHA-256 in hex digits -> key.

        Returns:
            When S3 has it.

        Raises:
            FileChangedError: It is gone or changed, before or while it was read.
            OSError: It cannot be read.
            EdgeError: S3 has not taken it.
        """
        kind = content_type(path.name)
        if version.size_bytes <= PART_BYTES:
            with opened(path, version) as file:
                body = file.read(version.size_bytes + 1)
                require_same(file.fileno(), version)
            key = key_of(hashlib.sha256(body).hexdigest())
            return Uploaded(key, self._destination.put(key, body, content_type=kind))
        digest = self._digest(path, version)
        key = key_of(digest)
        try:
            placed = self._destination.put_file(
                key, path, digest, content_type=kind, on_progress=lambda *_: _go_on_unless(self._stop)
            )
        except PermanentError as error:
            if error.code == "file_changed" or not os.path.lexists(path):
                raise FileChangedError from error
            raise
        self._hashed.pop((path, version), None)
        return Uploaded(key, placed)

    def _digest(self, path: Path, version: Version) -> str:
        """Of a large file; one that is tried again is not read again for it: sending it checks it."""
        digest = self._hashed.get((path, version))
        if digest is None:
            digest = self._hashed[path, version] = hash_file(path, version, self._stop)
            if len(self._hashed) > _MAX_HASHED:
                self._hashed.popitem(last=False)
        return digest


def hash_file(path: Path, version: Version, stop: threading.Event) -> str:
    """SHA-256 of a file in 64 hex digits.

    Raises:
        FileChangedError: It is gone or changed, before or while it was read.
        OSError: It cannot be read.
        TransientError: `stop` was set meanwhile.
    """
    with opened(path, version) as file:
        digest = _hashed(file, stop)
        require_same(file.fileno(), version)
        return digest


def _hashed(file: BinaryIO, stop: threading.Event) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        _go_on_unless(stop)
        digest.update(piece)
    return digest.hexdigest()


def _go_on_unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise TransientError("the component was told to stop in the middle of a file")
