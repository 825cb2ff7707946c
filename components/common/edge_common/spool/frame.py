"""The frame: the unit that is written, synced, checked and lost as one. Pure: bytes in, bytes out.

    offset  bytes  field          (little-endian; a frame is padded with zeros to whole blocks of 4096 bytes)
         0      4  magic          b"ESPF"
         4      2  version        1
         6      2  flags          bit 0: the payload is zstd
         8      8  generation     of the segment: what a recycled segment held before has another
        16      8  first          number of its first record
        24      4  count          records in it, at least 1
        28      4  stored_bytes   payload as it stands here
        32      4  raw_bytes      payload before compression
        36      4  header check   CRC32C of bytes 0 to 35
        40      4  frame check    CRC32C of bytes 0 to 35 and of all from 44 to the frame's end
        44         payload        `count` lengths of 4 bytes each, then the records one after the other

Every bit of a frame's blocks is under one of the checks, the padding too.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from edge_common.errors import PermanentError
from edge_common.spool.checksum import crc32c
from edge_common.spool.compression import CompressionError, compress, decompress

BLOCK_BYTES = 4096  # what flash, page cache and ext4 write as one: a committed block is never written again
FORMAT_VERSION = 1
MAGIC = b"ESPF"
HEADER_BYTES = 44
LENGTH_BYTES = 4
_FIELDS = struct.Struct("<4sHHQQIII")
_CHECKS = struct.Struct("<II")
_ZSTD = 1


class FrameDamagedError(Exception):
    """These bytes are not the frame that was written. Never leaves the spool: it becomes a count."""


@dataclass(frozen=True, slots=True)
class Header:
    """The checked header of a frame; see the drawing above for its fields."""

    flags: int
    generation: int
    first: int
    count: int
    stored_bytes: int
    raw_bytes: int
    frame_check: int

    @property
    def frame_bytes(self) -> int:
        """Length of the whole frame: a multiple of BLOCK_BYTES."""
        return whole_blocks(HEADER_BYTES + self.stored_bytes)

    @property
    def last(self) -> int:
        """Number of its last record."""
        return self.first + self.count - 1


def whole_blocks(size_bytes: int) -> int:
    """`size_bytes` rounded up to whole blocks."""
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


def payload_bytes(records: Sequence[bytes]) -> int:
    """How long the uncompressed payload of `records` is."""
    return sum(map(len, records)) + LENGTH_BYTES * len(records)


@dataclass(frozen=True, slots=True)
class Packed:
    """Records ready for any segment: the payload, compressed where that saves a block."""

    flags: int
    count: int
    raw_bytes: int
    content: bytes

    @property
    def frame_bytes(self) -> int:
        """How long the frame will be."""
        return whole_blocks(HEADER_BYTES + len(self.content))

    def frame(self, generation: int, first: int) -> bytes:
        """The whole frame, for a segment of `generation` and beginning with record number `first`."""
        fields = _FIELDS.pack(
            MAGIC,
            FORMAT_VERSION,
            self.flags,
            generation,
            first,
            self.count,
            len(self.content),
            self.raw_bytes,
        )
        padded = self.content + bytes(self.frame_bytes - HEADER_BYTES - len(self.content))
        header_check = crc32c(fields)
        return b"".join((fields, _CHECKS.pack(header_check, crc32c(padded, header_check)), padded))


def pack(records: Sequence[bytes]) -> Packed:
    """Make the payload of one frame from at least one record."""
    raw = b"".join((struct.pack(f"<{len(records)}I", *map(len, records)), *records))
    plain = Packed(0, len(records), len(raw), raw)
    if plain.frame_bytes == BLOCK_BYTES:
        return plain
    packed = Packed(_ZSTD, len(records), len(raw), compress(raw))
    return packed if packed.frame_bytes < plain.frame_bytes else plain


def unframe(header: Header, frame: bytes) -> Packed:
    """The payload of a frame, for another segment.

    Raises:
        FrameDamagedError: `frame` does not pass its check.
    """
    check(header, frame)
    content = frame[HEADER_BYTES : HEADER_BYTES + header.stored_bytes]
    return Packed(header.flags, header.count, header.raw_bytes, content)


def read_header(block: bytes, generation: int) -> Header | None:
    """The header at the start of `block`, or None where none of this generation stands whole.

    Raises:
        PermanentError: A whole header of a newer format.
    """
    if len(block) < HEADER_BYTES or not begins_frame(block, generation):
        return None
    fields = block[: _FIELDS.size]
    header_check, frame_check = _CHECKS.unpack_from(block, _FIELDS.size)
    if crc32c(fields) != header_check:
        return None
    _, version, flags, _, first, count, stored_bytes, raw_bytes = _FIELDS.unpack(fields)
    if version != FORMAT_VERSION or flags & ~_ZSTD:
        raise PermanentError(
            f"the spool holds a frame of format {version} (flags {flags}); this program knows format "
            f"{FORMAT_VERSION}. Run the newer program; nothing was changed.",
            code="newer_format",
        )
    return Header(flags, generation, first, count, stored_bytes, raw_bytes, frame_check)


def begins_frame(block: bytes, generation: int) -> bool:
    """Whether a frame of this generation was begun here, whole or torn."""
    return block[:4] == MAGIC and block[8:16] == generation.to_bytes(8, "little")


def check(header: Header, frame: bytes) -> None:
    """Check every bit of `frame`, which begins with `header` and is whole blocks.

    Raises:
        FrameDamagedError: A bit is not as it was written, or the end is missing.
    """
    if len(frame) != header.frame_bytes:
        raise FrameDamagedError("cut short")
    if crc32c(frame[HEADER_BYTES:], crc32c(frame[: _FIELDS.size])) != header.frame_check:
        raise FrameDamagedError("checksum")


def decode(header: Header, frame: bytes) -> tuple[bytes, ...]:
    """The records of a frame.

    Raises:
        FrameDamagedError: The frame does not pass its check.
    """
    check(header, frame)
    payload = frame[HEADER_BYTES : HEADER_BYTES + header.stored_bytes]
    if header.flags & _ZSTD:
        try:
            payload = decompress(payload, header.raw_bytes)
        except CompressionError as error:
            raise FrameDamagedError("payload") from error
    table_bytes = header.count * LENGTH_BYTES
    if len(payload) < table_bytes:
        raise FrameDamagedError("length table")
    lengths = struct.unpack_from(f"<{header.count}I", payload)
    if table_bytes + sum(lengths) != len(payload):
        raise FrameDamagedError("lengths")
    records = []
    offset = table_bytes
    for length in lengths:
        records.append(payload[offset : offset + length])
        offset += length
    return tuple(records)
