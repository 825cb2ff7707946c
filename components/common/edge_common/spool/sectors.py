"""Reading around sectors that the disk does not give any more.

A sector that cannot be read must cost what stands in it and nothing else. Zeros stand in for it: they are no
header and pass no checksum, unless zeros are what was written. A disk that gives nothing at all is another
matter: then nothing may be called damaged. Runs in its caller's thread.
"""

import errno
import os
from pathlib import Path

from edge_common.spool.frame import BLOCK_BYTES

# What Linux says of a sector or a block of a file that cannot be had: the device, a checksumming file system,
# a damaged one, a medium error as some drivers name it (errno(3)).
_UNREADABLE = {errno.EIO, errno.EBADMSG, errno.EUCLEAN, errno.ENODATA}


def read_around(descriptor: int, size_bytes: int, offset: int, probe: Path) -> tuple[bytes, int]:
    """Up to `size_bytes` from `offset`, fewer at the end of the file.

    Args:
        descriptor: The file, open for reading.
        size_bytes: How much.
        offset: From where.
        probe: Another file on that disk; read, past the page cache, to tell a sector from a whole disk.

    Returns:
        The bytes, and how many blocks of 4096 bytes in them are zeros because they cannot be read.

    Raises:
        OSError: Something else is wrong, or `probe` cannot be read either.
    """
    try:
        content = os.pread(descriptor, size_bytes, offset)
    except OSError as error:
        _require_sector_only(error, probe)
        content = b""
    end = min(offset + size_bytes, os.fstat(descriptor).st_size)
    if offset + len(content) >= end:
        return content, 0
    # The kernel ends a read short of a bad sector, and fails the one that begins there.
    pieces, unreadable_blocks = [content], 0
    position = offset + len(content)
    while position < end:
        wanted = min(BLOCK_BYTES - position % BLOCK_BYTES, end - position)
        try:
            piece = os.pread(descriptor, wanted, position)
        except OSError as error:
            _require_sector_only(error, probe)
            piece = b""
        unreadable_blocks += len(piece) < wanted
        pieces.append(piece.ljust(wanted, b"\0"))
        position += wanted
    return b"".join(pieces), unreadable_blocks


def _require_sector_only(error: OSError, probe: Path) -> None:
    """Return when `error` is of one sector and the disk reads otherwise; else raise it."""
    if error.errno not in _UNREADABLE:
        raise error
    try:
        descriptor = os.open(probe, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return  # the disk has just read that folder
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.pread(descriptor, BLOCK_BYTES, 0)
    finally:
        os.close(descriptor)
