"""Files of zeros that become segments: whether another may be made, and making it.

Owns their names, the cap and the floor of free space. `blank.new` is made by a commit at need,
`blank.ahead` by the preparing thread; renamed to `blank.ready` it is complete on disk and
kept over restarts.
"""

import errno
import os
import threading
from pathlib import Path

from edge_common.files import FILE_MODE, write_all
from edge_common.spool.chain import Chain
from edge_common.spool.limits import SpoolLimits

BLANK_NAME = "blank.new"
AHEAD_NAME = "blank.ahead"
READY_NAME = "blank.ready"
BLANK_NAMES = (BLANK_NAME, AHEAD_NAME, READY_NAME)
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_CHUNK_BYTES = 1 << 18


def may_be_made(chain: Chain, limits: SpoolLimits, *, over_cap_files: int = 0) -> bool:
    """Whether one more file keeps to the cap and to the floor of free space. Used under the store's lock.

    Raises:
        OSError: The disk does not tell how much is free.
    """
    if chain.size_bytes + limits.segment_bytes > limits.max_bytes + over_cap_files * limits.segment_bytes:
        return False
    room = os.statvfs(chain.folder)
    return room.f_bavail * room.f_frsize - limits.segment_bytes >= limits.min_free_bytes


def write_blank(path: Path, size_bytes: int, stopped: threading.Event | None = None) -> Path:
    """Make a file of zeros, on disk with its size, that can become a segment.

    Written rather than only allocated: ext4 keeps allocated blocks as unwritten, and turning them into
    written ones costs the metadata that this saves.

    Args:
        path: Where; what is there is written over.
        size_bytes: How long.
        stopped: Set by another thread to give up; None where nobody does.

    Returns:
        `path`.

    Raises:
        OSError: No room, or given up (ECANCELED); nothing is left behind.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
    try:
        zeros = bytes(_CHUNK_BYTES)
        for start in range(0, size_bytes, _CHUNK_BYTES):
            _require_wanted(stopped)
            write_all(descriptor, zeros[: size_bytes - start])
        os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return path


def _require_wanted(stopped: threading.Event | None) -> None:
    if stopped is not None and stopped.is_set():
        raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
