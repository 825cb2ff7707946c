"""An IPC client of bare frames: says what the SDK would never say, and sees what the SDK hides."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local_core.ipc.eventstream import Frame, FrameReader, Headers, HeaderType, encode_frame
from local_core.ipc.messages import (
    CONTENT_TYPE,
    MESSAGE_FLAGS,
    MESSAGE_TYPE,
    OPERATION,
    SERVICE_MODEL_TYPE,
    STREAM_ID,
    VERSION,
    MessageType,
)

TIMEOUT_S = 10.0
CHUNK_BYTES = 65_536


def message(
    kind: int, stream_id: int = 0, flags: int = 0, headers: Headers | None = None, payload: bytes = b""
) -> bytes:
    """A frame with the three headers that every message has."""
    common: Headers = {
        MESSAGE_TYPE: (HeaderType.INT32, kind),
        MESSAGE_FLAGS: (HeaderType.INT32, flags),
        STREAM_ID: (HeaderType.INT32, stream_id),
    }
    return encode_frame(common | (headers or {}), payload)


def connect_message(token: str, version: str = "0.1.0") -> bytes:
    """CONNECT as the SDK sends it."""
    return message(
        MessageType.CONNECT,
        headers={VERSION: (HeaderType.STRING, version)},
        payload=json.dumps({"authToken": token}).encode(),
    )


def request(stream_id: int, operation: str, body: Any, flags: int = 0) -> bytes:
    """A call as the SDK sends it; `body` is sent as it is when it is bytes, else as JSON."""
    return message(
        MessageType.APPLICATION_MESSAGE,
        stream_id,
        flags,
        {
            CONTENT_TYPE: (HeaderType.STRING, "application/json"),
            SERVICE_MODEL_TYPE: (HeaderType.STRING, f"aws.greengrass#{operation}Request"),
            OPERATION: (HeaderType.STRING, f"aws.greengrass#{operation}"),
        },
        body if isinstance(body, bytes) else json.dumps(body).encode(),
    )


def number(frame: Frame, name: str) -> int:
    """The value of an int32 header."""
    kind, value = frame.headers[name]
    assert kind is HeaderType.INT32
    assert isinstance(value, int)
    return value


def text(frame: Frame, name: str) -> str | None:
    """The value of a string header; None when it is missing."""
    return str(frame.headers[name][1]) if name in frame.headers else None


class RawClient:
    """One connection; a context manager that closes it.

    Args:
        address: The socket.
    """

    def __init__(self, address: Path) -> None:
        self._reader = FrameReader()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(address))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, *frames: bytes) -> None:
        """Send bytes, all in one piece; a server that has closed the connection meanwhile is no error."""
        with contextlib.suppress(BrokenPipeError):
            self._socket.sendall(b"".join(frames))

    def end(self) -> None:
        """Say that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def receive(self) -> Frame | None:
        """The next frame; None when the server has closed the connection."""
        while (frame := self._reader.next_frame()) is None:
            try:
                chunk = self._socket.recv(CHUNK_BYTES)
            except ConnectionResetError:  # closed with bytes of ours unread
                return None
            if not chunk:
                return None
            self._reader.feed(chunk)
        return frame

    def receive_all(self) -> list[Frame]:
        """Every frame until the server closes the connection."""
        frames = []
        while (frame := self.receive()) is not None:
            frames.append(frame)
        return frames

    def frame(self) -> Frame:
        """The next frame, which must come."""
        frame = self.receive()
        assert frame is not None, "the server closed the connection instead of answering"
        return frame


def assert_ended_by_protocol_error(client: RawClient) -> None:
    """The server says what was wrong, then closes."""
    frame = client.frame()
    assert number(frame, MESSAGE_TYPE) == MessageType.PROTOCOL_ERROR
    assert number(frame, STREAM_ID) == 0
    assert json.loads(frame.payload)["message"]
    assert client.receive() is None


@contextlib.contextmanager
def connected(address: Path, token: str) -> Iterator[RawClient]:
    """A client that has been accepted."""
    with RawClient(address) as client:
        client.send(connect_message(token))
        acknowledged = client.frame()
        assert number(acknowledged, MESSAGE_TYPE) == MessageType.CONNECT_ACK
        assert number(acknowledged, MESSAGE_FLAGS) == 1
        yield client
