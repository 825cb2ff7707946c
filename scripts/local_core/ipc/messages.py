"""Event-stream RPC messages: what the headers of a frame mean, and the frames a server answers with.

Types, flags and header names as the CRT has them (aws-c-event-stream, event_stream_rpc.h). No state.
"""

import struct
from enum import IntEnum
from functools import cache
from typing import NamedTuple

import orjson

from local_core.ipc.eventstream import (
    Frame,
    Headers,
    HeaderType,
    HeaderValue,
    encode_frame,
    encode_headers,
    frame_of,
)

NAMESPACE = "aws.greengrass#"

CONNECTION_ACCEPTED = 1  # flag of CONNECT_ACK only
TERMINATE_STREAM = 2  # flag: the last message of its stream, from either side

MESSAGE_TYPE = ":message-type"
MESSAGE_FLAGS = ":message-flags"
STREAM_ID = ":stream-id"
CONTENT_TYPE = ":content-type"
SERVICE_MODEL_TYPE = "service-model-type"
OPERATION = "operation"
VERSION = ":version"

JSON_CONTENT = "application/json"

_INT32 = struct.Struct(">i")
_INT32_BYTES = 4


class MessageType(IntEnum):
    """The first two belong to a stream (an id above 0), the others to the connection (stream id 0)."""

    APPLICATION_MESSAGE = 0
    APPLICATION_ERROR = 1
    PING = 2
    PING_RESPONSE = 3
    CONNECT = 4
    CONNECT_ACK = 5
    PROTOCOL_ERROR = 6
    INTERNAL_ERROR = 7


class ProtocolError(Exception):
    """The peer broke a rule of event-stream RPC: the whole connection ends, as on the CRT's own server."""


class Message(NamedTuple):
    """One message from a client.

    Attributes:
        type: What it is.
        flags: Bits, see TERMINATE_STREAM.
        stream_id: 0 for the connection itself, else the call it belongs to.
        headers: All headers of the frame.
        payload: The body as sent.
    """

    type: MessageType
    flags: int
    stream_id: int
    headers: Headers
    payload: bytes

    @classmethod
    def of(cls, frame: Frame) -> "Message":
        """Read the three headers that every message must have.

        Raises:
            ProtocolError: One is missing or no int32, the type is unknown, or it does not fit the stream id.
        """
        headers = frame.headers
        number = int32_header(headers, MESSAGE_TYPE)
        flags = int32_header(headers, MESSAGE_FLAGS)
        stream_id = int32_header(headers, STREAM_ID)
        if number is None or flags is None or stream_id is None:
            raise ProtocolError(f"{MESSAGE_TYPE}, {MESSAGE_FLAGS} and {STREAM_ID} are needed, each an int32")
        if not 0 <= number < len(_MESSAGE_TYPES):
            raise ProtocolError(f"{MESSAGE_TYPE} {number} is unknown")
        if stream_id < 0:
            raise ProtocolError(f"{STREAM_ID} {stream_id} is negative")
        kind = _MESSAGE_TYPES[number]
        belongs_to_a_stream = kind <= MessageType.APPLICATION_ERROR
        if belongs_to_a_stream is not (stream_id > 0):
            raise ProtocolError(f"{kind.name} does not belong on {STREAM_ID} {stream_id}")
        return cls(kind, flags, stream_id, headers, frame.payload)


_MESSAGE_TYPES = tuple(MessageType)


def int32_header(headers: Headers, name: str) -> int | None:
    """The value of an int32 header; None when it is missing or of another type. `name` in lower case."""
    value = _find(headers, name)
    return value[1] if value and value[0] is HeaderType.INT32 and isinstance(value[1], int) else None


def string_header(headers: Headers, name: str) -> str | None:
    """The value of a string header; None when it is missing or of another type. `name` in lower case."""
    value = _find(headers, name)
    return value[1] if value and isinstance(value[1], str) else None


def _find(headers: Headers, name: str) -> HeaderValue | None:
    # Names are compared without case, as the SDKs do, but every known client writes them in lower case.
    found = headers.get(name)
    if found is None:
        return next((value for other, value in headers.items() if other.lower() == name), None)
    return found


class Template:
    """Frames that differ only in stream id and payload: their headers are encoded once.

    Args:
        kind: Message type of all of them.
        flags: Flags of all of them.
        shape: Shape of the payload without namespace; None sends no `service-model-type`.
        content_type: None sends no `:content-type` (a message without payload).
    """

    def __init__(
        self, kind: MessageType, flags: int, shape: str | None, content_type: str | None = JSON_CONTENT
    ) -> None:
        rest: Headers = {}
        if content_type is not None:
            rest[CONTENT_TYPE] = (HeaderType.STRING, content_type)
        if shape is not None:
            rest[SERVICE_MODEL_TYPE] = (HeaderType.STRING, NAMESPACE + shape)
        any_stream = encode_headers(
            {
                MESSAGE_TYPE: (HeaderType.INT32, kind),
                MESSAGE_FLAGS: (HeaderType.INT32, flags),
                STREAM_ID: (HeaderType.INT32, 0),
            }
        )
        self._before_id = any_stream[:-_INT32_BYTES]
        self._after_id = encode_headers(rest)

    def frame(self, stream_id: int, payload: bytes = b"") -> bytes:
        """The frame for one stream.

        Raises:
            FrameError: The payload is larger than the format allows.
        """
        return frame_of(self._before_id + _INT32.pack(stream_id) + self._after_id, payload)


END_OF_STREAM = Template(MessageType.APPLICATION_MESSAGE, TERMINATE_STREAM, shape=None, content_type=None)
UNKNOWN_OPERATION = Template(MessageType.APPLICATION_ERROR, TERMINATE_STREAM, shape=None)


@cache
def event_template(shape: str) -> Template:
    """Events of one shape: the stream goes on after each."""
    return Template(MessageType.APPLICATION_MESSAGE, 0, shape)


@cache
def error_template(shape: str) -> Template:
    """Errors of one shape: each ends its stream."""
    return Template(MessageType.APPLICATION_ERROR, TERMINATE_STREAM, shape)


def connection_frame(
    kind: MessageType, flags: int = 0, headers: Headers | None = None, payload: bytes = b""
) -> bytes:
    """A message of the connection itself (stream id 0)."""
    common: Headers = {
        MESSAGE_TYPE: (HeaderType.INT32, kind),
        MESSAGE_FLAGS: (HeaderType.INT32, flags),
        STREAM_ID: (HeaderType.INT32, 0),
    }
    return encode_frame(common | (headers or {}), payload)


def protocol_error_frame(reason: str) -> bytes:
    """What the CRT's server sends before it closes a connection whose peer broke a rule."""
    return connection_frame(
        MessageType.PROTOCOL_ERROR,
        headers={CONTENT_TYPE: (HeaderType.STRING, JSON_CONTENT)},
        payload=orjson.dumps({"message": reason}),
    )
