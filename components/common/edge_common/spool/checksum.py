"""CRC32C (Castagnoli, RFC 3720 section 12.1): the checksum of everything the spool writes.

Owns the one import of google-crc32c, whose C code uses the instructions of both x86 and aarch64. Pure; any
thread.
"""

import google_crc32c


def crc32c(content: bytes, start: int = 0) -> int:
    """The checksum of `content`, or, with the checksum of what precedes it as `start`, of both together.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    value: int = google_crc32c.extend(start, content)
    return value
