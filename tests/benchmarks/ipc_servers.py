"""The servers of the IPC benchmark, each a process of its own.

    python ipc_servers.py core|baseline SOCKET

`core` is the core's IPC server with a PublishToIoTCore that does nothing; `baseline` the smallest thing the
SDK can talk to: it reads no more of a frame than its length and stream id, checks nothing, and answers with a
canned frame. Prints its token when it listens; ends with stdin.
"""

import asyncio
import struct
import sys
import zlib
from pathlib import Path

from local_core.ipc.messages import (
    CONNECTION_ACCEPTED,
    TERMINATE_STREAM,
    MessageType,
    Template,
    connection_frame,
)
from local_core.ipc.rpc import Operation
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens

_STREAM_ID_HEADER = b"\x0a:stream-id\x04"
_ID_BYTES = 4
_CRC_BYTES = 4


class Baseline(asyncio.Protocol):
    """Answers each frame at once: the first with CONNECT_ACK, every other with an empty response."""

    _canned = Template(MessageType.APPLICATION_MESSAGE, TERMINATE_STREAM, "PublishToIoTCoreResponse").frame(
        0, b"{}"
    )
    _id_at = _canned.index(_STREAM_ID_HEADER) + len(_STREAM_ID_HEADER)

    def __init__(self) -> None:
        self._buffer = b""
        self._is_connected = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every frame that is complete."""
        buffer = self._buffer + data
        answers = []
        while len(buffer) >= _ID_BYTES and len(buffer) >= (total := int.from_bytes(buffer[:4], "big")):
            answers.append(self._answer(buffer[:total]))
            buffer = buffer[total:]
        self._buffer = buffer
        self._transport.write(b"".join(answers))

    def _answer(self, frame: bytes) -> bytes:
        if not self._is_connected:
            self._is_connected = True
            return connection_frame(MessageType.CONNECT_ACK, CONNECTION_ACCEPTED)
        id_at = frame.index(_STREAM_ID_HEADER) + len(_STREAM_ID_HEADER)
        stream_id = frame[id_at : id_at + _ID_BYTES]
        body = self._canned[: self._id_at] + stream_id + self._canned[self._id_at + _ID_BYTES : -_CRC_BYTES]
        return body + struct.pack(">I", zlib.crc32(body))


async def serve(kind: str, socket: Path) -> None:
    """Listen until stdin ends."""
    tokens = Tokens()
    loop = asyncio.get_running_loop()
    core = IpcServer(socket, tokens, [Operation("PublishToIoTCore", lambda _: {})])
    if kind == "core":
        await core.start()
    else:
        await loop.create_unix_server(Baseline, socket)
    sys.stdout.write(tokens.issue("com.example.Benchmark") + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    await core.stop()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
