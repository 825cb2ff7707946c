"""ZIP files whose bytes depend on what goes in and on nothing else: no time, no user, no machine.

Deflate leaves freedom to the compressor, and each zlib uses it in its own way (1.2.11, 1.3, zlib-ng differ).
So the compressor is libdeflate, whose output is the same on every processor, in the version of the lock.
Written as PKWARE's APPNOTE.TXT 6.3.10 has it (sections 4.3.7, 4.3.12, 4.3.16); no ZIP64, no data descriptors.
"""

import struct
import zlib
from collections.abc import Mapping

_LEVEL = 6  # 9 takes three times as long for 1 % less
_STORED, _DEFLATED = 0, 8
_VERSION = 20  # 2.0: folders and deflate
_MADE_ON_UNIX = 3 << 8 | _VERSION
_UTF8_NAMES = 0x0800
_DATE = 0x0021  # 1980-01-01, the earliest there is
_TIME = 0
_MODE = 0o100644 << 16  # the nuclei set permissions as the recipe says
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file.

    Args:
        files: Path, with `/` between folders -> body. Their order does not matter.

    Returns:
        The whole file; below 4 GiB and 65,536 entries, or `struct.error` says so.
    """
    import deflate  # noqa: PLC0415  a build that finds everything in its cache compresses nothing

    bodies: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for path in sorted(files):
        body, name = files[path], path.encode()
        packed = bytes(deflate.deflate_compress(body, _LEVEL))
        method = _DEFLATED if len(packed) < len(body) else _STORED
        if method == _STORED:
            packed = body
        common = (
            _VERSION,
            _UTF8_NAMES,
            method,
            _TIME,
            _DATE,
            zlib.crc32(body),
            len(packed),
            len(body),
            len(name),
            0,
        )
        local = _LOCAL.pack(b"PK\x03\x04", *common)
        directory += [_CENTRAL.pack(b"PK\x01\x02", _MADE_ON_UNIX, *common, 0, 0, 0, _MODE, offset), name]
        bodies += [local, name, packed]
        offset += len(local) + len(name) + len(packed)
    central = b"".join(directory)
    end = _END.pack(b"PK\x05\x06", 0, 0, len(files), len(files), len(central), offset, 0)
    return b"".join([*bodies, central, end])
