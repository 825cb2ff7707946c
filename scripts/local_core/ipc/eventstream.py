"""Frames of `vnd.amazon.event-stream`: bytes to headers and payload, and back.

Owns the wire format alone: what the headers mean is the business of `messages`. No input or output; a reader
belongs to one connection and is fed on the core's event loop.

    u32 total length | u32 headers length | u32 CRC-32 of these 8 bytes
    headers: u8 name length, name, u8 type, value; one after the other
    payload
    u32 CRC-32 of everything before

All integers are big-endian.
"""

import struct
import zlib
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

# Limits of aws-c-event-stream, the library below every AWS SDK (AWS_EVENT_STREAM_MAX_HEADERS_SIZE and
# AWS_EVENT_STREAM_MAX_MESSAGE_SIZE in event_stream.h); botocore.eventstream has the same two.
MAX_HEADERS_BYTES = 128 * 1024
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024

PRELUDE_BYTES = 12
CRC_BYTES = 4
FRAME_OVERHEAD_BYTES = PRELUDE_BYTES + CRC_BYTES
MAX_FRAME_BYTES = FRAME_OVERHEAD_BYTES + MAX_HEADERS_BYTES + MAX_PAYLOAD_BYTES
LITE_MAX_FRAME_BYTES = 10_000  # Greengrass Lite 2.6.0, default build: closes the connection at a longer one
MAX_NAME_BYTES = 255  # the length is a u8
MAX_VALUE_BYTES = 0xFFFF  # the length is a u16

_PRELUDE = struct.Struct(">III")
_LENGTHS = struct.Struct(">II")
_U32 = struct.Struct(">I")
_U16 = struct.Struct(">H")


class HeaderType(IntEnum):
    """What the type byte of a header says about its value."""

    TRUE = 0
    FALSE = 1
    INT8 = 2
    INT16 = 3
    INT32 = 4
    INT64 = 5
    BYTES = 6
    STRING = 7
    TIMESTAMP = 8  # milliseconds since 1970-01-01, signed
    UUID = 9


HeaderValue = tuple[HeaderType, bool | int | bytes | str | UUID]
Headers = dict[str, HeaderValue]

_INT32 = HeaderType.INT32
_STRING = HeaderType.STRING
_INTEGERS = {
    HeaderType.INT8: struct.Struct(">b"),
    HeaderType.INT16: struct.Struct(">h"),
    HeaderType.INT32: struct.Struct(">i"),
    HeaderType.INT64: struct.Struct(">q"),
    HeaderType.TIMESTAMP: struct.Struct(">q"),
}
_FLAGS = (HeaderType.TRUE, HeaderType.FALSE)  # their value is the type itself
_WITH_LENGTH = (HeaderType.BYTES, HeaderType.STRING)
_UUID_BYTES = 16


class FrameError(Exception):
    """The bytes are no frame, or the values fit into none; the text says which rule they break."""


class Frame(NamedTuple):
    """One decoded frame.

    Attributes:
        headers: Name as sent -> (type, value), in the order sent.
        payload: The body as sent.
    """

    headers: Headers
    payload: bytes


class FrameReader:
    """Takes a byte stream in chunks of any size and gives frames; holds at most one unfinished frame.

    A frame is refused as soon as its first 12 bytes have come, so that nothing that can never be a frame is
    waited for or kept. After a FrameError the stream has no next frame: the connection must end.

    Args:
        max_frame_bytes: A longer frame is refused even if the format allows it.
    """

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._chunk = b""  # decoded from here, without copying, as long as frames are whole
        self._position = 0
        self._partial = bytearray()  # the start of a frame whose end has not come yet
        self._needed_bytes = PRELUDE_BYTES

    def feed(self, chunk: bytes) -> None:
        """Add bytes; take all whole frames out with `next_frame` before feeding again, or they are copied."""
        if self._position < len(self._chunk):
            self._partial += memoryview(self._chunk)[self._position :]
        elif not self._partial:
            self._chunk, self._position = chunk, 0
            return
        self._partial += chunk
        self._chunk, self._position = b"", 0

    def next_frame(self) -> Frame | None:
        """The next whole frame; None when more bytes must come first.

        Raises:
            FrameError: What comes next is no frame.
        """
        if self._partial:
            if len(self._partial) < self._needed_bytes:
                return None
            self._chunk, self._position = bytes(self._partial), 0
            self._partial.clear()
        chunk, start = self._chunk, self._position
        available_bytes = len(chunk) - start
        if available_bytes >= PRELUDE_BYTES:
            self._needed_bytes = total_bytes = _checked_total_bytes(chunk, start)
            if total_bytes > self._max_frame_bytes:
                raise FrameError(f"a frame of {total_bytes} bytes; {self._max_frame_bytes} are allowed here")
            if available_bytes >= total_bytes:
                self._needed_bytes = PRELUDE_BYTES
                self._position = start + total_bytes
                return _decode(chunk, start, total_bytes)
        if available_bytes:
            self._partial += memoryview(chunk)[start:]
        self._chunk, self._position = b"", 0
        return None


def decode_frame(frame: bytes) -> Frame:
    """Decode exactly one frame.

    Raises:
        FrameError: It is cut, has bytes after its end, or is no frame.
    """
    if len(frame) < PRELUDE_BYTES:
        raise FrameError(f"{len(frame)} bytes are less than a prelude of {PRELUDE_BYTES}")
    total_bytes = _checked_total_bytes(frame, 0)
    if total_bytes != len(frame):
        raise FrameError(f"the frame announces {total_bytes} bytes and has {len(frame)}")
    return _decode(frame, 0, total_bytes)


def encode_frame(headers: Mapping[str, HeaderValue], payload: bytes = b"") -> bytes:
    """Encode one frame.

    Raises:
        FrameError: A name or value does not fit its type, or a limit of the format is passed.
    """
    return frame_of(encode_headers(headers), payload)


def frame_of(header_block: bytes, payload: bytes) -> bytes:
    """A frame around headers that are encoded already: the quick way for answers that differ little.

    Raises:
        FrameError: The headers or the payload are larger than the format allows.
    """
    if len(header_block) > MAX_HEADERS_BYTES:
        raise FrameError(f"headers of {len(header_block)} bytes; the format allows {MAX_HEADERS_BYTES}")
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise FrameError(f"a payload of {len(payload)} bytes; the format allows {MAX_PAYLOAD_BYTES}")
    lengths = _LENGTHS.pack(FRAME_OVERHEAD_BYTES + len(header_block) + len(payload), len(header_block))
    head = lengths + _U32.pack(zlib.crc32(lengths)) + header_block
    return b"".join((head, payload, _U32.pack(zlib.crc32(payload, zlib.crc32(head)))))


def encode_headers(headers: Mapping[str, HeaderValue]) -> bytes:
    """The header block of a frame.

    Raises:
        FrameError: A name or value does not fit its type.
    """
    return b"".join(_encode_header(name, *value) for name, value in headers.items())


def _encode_header(name: str, kind: HeaderType, value: bool | int | bytes | str | UUID) -> bytes:  # noqa: FBT001  a value, not a switch
    raw_name = name.encode()
    if not 0 < len(raw_name) <= MAX_NAME_BYTES:
        raise FrameError(f"header name {name!r} has {len(raw_name)} bytes, not 1 to {MAX_NAME_BYTES}")
    return b"".join((bytes((len(raw_name),)), raw_name, bytes((kind,)), _encode_value(name, kind, value)))


def _encode_value(name: str, kind: HeaderType, value: bool | int | bytes | str | UUID) -> bytes:  # noqa: FBT001  a value, not a switch
    match kind, value:
        case HeaderType.TRUE, True:
            return b""
        case HeaderType.FALSE, False:
            return b""
        case HeaderType.UUID, UUID():
            return value.bytes
        case HeaderType.BYTES, bytes():
            return _with_length(name, value)
        case HeaderType.STRING, str():
            return _with_length(name, value.encode())
        case _, int() if kind in _INTEGERS and not isinstance(value, bool):
            try:
                return _INTEGERS[kind].pack(value)
            except struct.error as error:
                raise FrameError(f"header {name!r}: {value} does not fit {kind.name}") from error
        case _:
            raise FrameError(f"header {name!r}: {type(value).__name__} is no value of {kind.name}")


def _with_length(name: str, value: bytes) -> bytes:
    if len(value) > MAX_VALUE_BYTES:
        raise FrameError(f"header {name!r} has {len(value)} bytes; the format allows {MAX_VALUE_BYTES}")
    return _U16.pack(len(value)) + value


def _checked_total_bytes(chunk: bytes, start: int) -> int:
    total_bytes, headers_bytes, crc = _PRELUDE.unpack_from(chunk, start)
    if zlib.crc32(chunk[start : start + 8]) != crc:
        raise FrameError("the CRC of the prelude is wrong")
    payload_bytes = total_bytes - headers_bytes - FRAME_OVERHEAD_BYTES
    if payload_bytes < 0:
        raise FrameError(f"a frame of {total_bytes} bytes cannot hold headers of {headers_bytes} bytes")
    if headers_bytes > MAX_HEADERS_BYTES:
        raise FrameError(f"headers of {headers_bytes} bytes; the format allows {MAX_HEADERS_BYTES}")
    if payload_bytes > MAX_PAYLOAD_BYTES:
        raise FrameError(f"a payload of {payload_bytes} bytes; the format allows {MAX_PAYLOAD_BYTES}")
    return int(total_bytes)


def _decode(chunk: bytes, start: int, total_bytes: int) -> Frame:
    crc_start = start + total_bytes - CRC_BYTES
    with memoryview(chunk) as view:
        if zlib.crc32(view[start:crc_start]) != _U32.unpack_from(chunk, crc_start)[0]:
            raise FrameError("the CRC of the message is wrong")
    headers_start = start + PRELUDE_BYTES
    headers_end = headers_start + _U32.unpack_from(chunk, start + 4)[0]
    return Frame(_decode_headers(chunk, headers_start, headers_end), chunk[headers_end:crc_start])


def _decode_headers(chunk: bytes, position: int, end: int) -> Headers:
    headers: Headers = {}
    try:
        while position < end:
            type_at = position + 1 + chunk[position]
            if type_at >= end:
                raise FrameError("a header's name runs past the end of the headers")
            name = chunk[position + 1 : type_at].decode()
            if name in headers:
                raise FrameError(f"header {name!r} comes twice")
            kind, start = chunk[type_at], type_at + 1
            position = start + _value_bytes(kind, chunk, start)
            if position > end:
                raise FrameError(f"header {name!r} runs past the end of the headers")
            headers[name] = _decode_value(kind, chunk, start, position)
    except UnicodeDecodeError as error:
        raise FrameError(f"a header is not UTF-8: {error}") from error
    if "" in headers:
        raise FrameError("a header has no name")
    return headers


def _value_bytes(kind: int, chunk: bytes, start: int) -> int:
    if kind == _INT32:
        return 4
    if kind in _WITH_LENGTH:
        return 2 + int.from_bytes(chunk[start : start + 2], "big")
    if kind in _INTEGERS:
        return _INTEGERS[HeaderType(kind)].size
    if kind in _FLAGS:
        return 0
    if kind == HeaderType.UUID:
        return _UUID_BYTES
    raise FrameError(f"a header has the unknown type {kind}")


def _decode_value(kind: int, chunk: bytes, start: int, end: int) -> HeaderValue:
    if kind == _INT32:
        return _INT32, int.from_bytes(chunk[start:end], "big", signed=True)
    if kind == _STRING:
        return _STRING, chunk[start + 2 : end].decode()
    known = HeaderType(kind)
    if known in _INTEGERS:
        return known, int.from_bytes(chunk[start:end], "big", signed=True)
    if known is HeaderType.BYTES:
        return known, chunk[start + 2 : end]
    if known is HeaderType.UUID:
        return known, UUID(bytes=chunk[start:end])
    return known, known is HeaderType.TRUE
