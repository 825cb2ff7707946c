"""One connection of a client: bytes to messages, the handshake, the table of streams, flow control.

Life cycle: made by the listening socket; the first message must be a CONNECT that names a component; it ends
when either side closes it, when the peer breaks a rule, or with the server. Whatever a bad peer does ends its
own connection and nothing else. Runs on the core's event loop.
"""

import asyncio
import logging
import socket
import struct
from typing import Protocol, cast

import orjson

from local_core.ipc.calls import CallStream
from local_core.ipc.dialect import Dialect
from local_core.ipc.eventstream import FrameError, FrameReader
from local_core.ipc.handshake import ConnectRefusedError, component_of_connect
from local_core.ipc.messages import (
    CONNECTION_ACCEPTED,
    OPERATION,
    TERMINATE_STREAM,
    UNKNOWN_OPERATION,
    Message,
    MessageType,
    ProtocolError,
    connection_frame,
    protocol_error_frame,
    string_header,
)
from local_core.ipc.routes import Routes
from local_core.ipc.rpc import JsonObject
from local_core.ipc.tokens import Tokens

_log = logging.getLogger(__name__)

CONNECT_DEADLINE_S = (
    10.0  # as long as the SDK itself waits to be connected (awsiot.greengrasscoreipc.connect)
)
CLOSE_GRACE_S = 1.0  # for a peer to read what was queued before the end, or to hang up itself
FLUSH_BYTES = 64 * 1024  # frames are gathered up to this size to save system calls
PAUSE_READING_BYTES = 1024 * 1024  # unread by the peer; above it no further request of the peer is read
MAX_UNREAD_BYTES = 32 * 1024 * 1024  # unread by the peer; above it the connection ends. Larger than one frame

_PEER_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of Linux


class Host(Protocol):
    """What a connection needs of its server."""

    def joined(self, connection: "Connection") -> None:
        """A peer has been accepted; the host may abort the connection at once."""

    def left(self, connection: "Connection") -> None:
        """The connection is gone."""

    def is_mute(self, component: str | None, operation: str) -> bool:
        """Whether this component's calls of this operation go unanswered now: a fault on request."""


class Connection(asyncio.Protocol):
    """The server's end of one connection.

    Args:
        tokens: Who may connect.
        routes: What may be called.
        host: Told of the connection's beginning and end.
        dialect: Of which nucleus.
    """

    def __init__(self, tokens: Tokens, routes: Routes, host: Host, dialect: Dialect) -> None:
        self._tokens = tokens
        self._routes = routes
        self._host = host
        self._dialect = dialect
        self._reader = FrameReader(dialect.max_frame_bytes)
        self._component: str | None = None  # until CONNECT
        self._streams: dict[int, CallStream] = {}
        self._latest_stream_id = 0
        self._work_of_calls: set[asyncio.Future[JsonObject]] = set()
        self._queued: list[bytes] = []
        self._queued_bytes = 0
        self._flush_is_due = False  # whoever set it will call _flush within this loop step or the next
        self._peer_is_slow = False
        self._closing = False

    @property
    def work_of_calls(self) -> frozenset["asyncio.Future[JsonObject]"]:
        """What operations still do for calls that are answered later."""
        return frozenset(self._work_of_calls)

    # ---- from asyncio ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer has been accepted; from now on it has CONNECT_DEADLINE_S to say who it is."""
        self._loop = asyncio.get_running_loop()
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=PAUSE_READING_BYTES)
        self._timer = self._loop.call_later(CONNECT_DEADLINE_S, self._give_up_waiting_for_connect)
        self._host.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  how it ended makes no difference here
        """The connection is gone: every call is cancelled, every stream ends."""
        self._closing = True
        self._timer.cancel()
        for stream in list(self._streams.values()):
            stream.end()
        for work in self._work_of_calls:
            work.cancel()
        self._host.left(self)

    def data_received(self, data: bytes) -> None:
        """Work off the frames that are complete now."""
        if not self._closing:
            self._reader.feed(data)
            self._work()

    def pause_writing(self) -> None:
        """The peer reads too slowly: hear no more of it until it has read."""
        self._peer_is_slow = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._peer_is_slow = False
        self._loop.call_soon(self._resume)

    # ---- for calls and for the server ----

    def write(self, frame: bytes) -> None:
        """Queue a frame for the peer; dropped when the connection is closing."""
        if self._closing:
            return
        self._queued.append(frame)
        self._queued_bytes += len(frame)
        if self._queued_bytes >= FLUSH_BYTES:
            self._flush()
        elif not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def is_mute(self, operation: str) -> bool:
        """Whether this peer's calls of this operation go unanswered now."""
        return self._host.is_mute(self._component, operation)

    def forget(self, stream_id: int) -> None:
        """A stream has ended."""
        self._streams.pop(stream_id, None)

    def close(self) -> None:
        """Send what is queued, then close; cut off a peer that has not read it within CLOSE_GRACE_S."""
        if self._closing:
            return
        self._flush()
        self._closing = True
        self._timer.cancel()
        self._timer = self._loop.call_later(CLOSE_GRACE_S, self._transport.abort)
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what is queued is lost."""
        self._closing = True
        self._transport.abort()

    def _dismiss(self, last_frame: bytes) -> None:
        # The peer is left to hang up: the SDK's client forgets to read when it sees the other end close, and
        # would report a closed socket instead of what the last frame says (40 of 50 times).
        self.write(last_frame)
        self._flush()
        self._closing = True
        self._timer.cancel()
        self._timer = self._loop.call_later(CLOSE_GRACE_S, self._transport.abort)

    # ---- reading ----

    def _work(self) -> None:
        self._flush_is_due = True  # at the end of this method: one system call answers a whole chunk
        try:
            while not (self._peer_is_slow or self._closing):
                frame = self._reader.next_frame()
                if frame is None:
                    break
                self._receive(Message.of(frame))
        except FrameError as error:
            _log.warning(
                "%s sent bytes that this core cannot take (%s): connection closed", self._peer(), error
            )
            self.close()
        except ProtocolError as error:
            _log.warning("%s broke the protocol (%s): connection closed", self._peer(), error)
            self._dismiss(protocol_error_frame(str(error)))
        self._flush()

    def _resume(self) -> None:
        if self._peer_is_slow or self._closing:
            return
        self._work()
        if not self._peer_is_slow:
            self._transport.resume_reading()

    def _receive(self, message: Message) -> None:
        if self._component is None:
            self._connect(message)
        elif message.stream_id == 0:
            self._control(message)
        elif message.stream_id > self._latest_stream_id:
            self._begin_call(self._component, message)
        else:
            self._continue_call(message)

    def _connect(self, message: Message) -> None:
        try:
            self._component = component_of_connect(message, self._tokens)
        except ConnectRefusedError as refusal:
            _log.warning("Refused %s: %s", self._peer(), refusal)
            if self._dialect.acknowledges_refusal:
                self._dismiss(connection_frame(MessageType.CONNECT_ACK))
            else:
                self.close()
        else:
            self._timer.cancel()
            self.write(connection_frame(MessageType.CONNECT_ACK, CONNECTION_ACCEPTED))
            _log.debug("%s connected", self._peer())

    def _give_up_waiting_for_connect(self) -> None:
        _log.warning("%s sent no CONNECT within %g s: connection closed", self._peer(), CONNECT_DEADLINE_S)
        self.close()

    def _control(self, message: Message) -> None:
        if message.type is MessageType.PING:
            own = {name: value for name, value in message.headers.items() if not name.startswith(":")}
            self.write(connection_frame(MessageType.PING_RESPONSE, headers=own, payload=message.payload))
        elif message.type is not MessageType.PING_RESPONSE:
            raise ProtocolError(f"{message.type.name} is not expected from a client that is connected")

    def _begin_call(self, component: str, message: Message) -> None:
        # The CRT's server takes only the next number, and its clients give no other.
        stream_id = message.stream_id
        if stream_id != self._latest_stream_id + 1:
            raise ProtocolError(f"new stream {stream_id} after {self._latest_stream_id}: ids rise one by one")
        operation = string_header(message.headers, OPERATION)
        if operation is None or message.type is not MessageType.APPLICATION_MESSAGE:
            raise ProtocolError(f"stream {stream_id} begins without an operation")
        self._latest_stream_id = stream_id
        if message.flags & TERMINATE_STREAM:
            return  # a client that does not want its answer: the nucleus does not even call the operation
        route = self._routes.find(operation)
        if route is None:
            body = {"error": "Unsupported Operation", "message": f"{operation} is an unsupported operation."}
            self.write(UNKNOWN_OPERATION.frame(stream_id, orjson.dumps(body)))
            return
        stream = CallStream(stream_id, route, self)
        self._streams[stream_id] = stream
        work = stream.answer(component, message.payload)
        if work is not None:
            self._work_of_calls.add(work)
            work.add_done_callback(self._work_of_calls.discard)
            work.add_done_callback(stream.answered)

    def _continue_call(self, message: Message) -> None:
        stream = self._streams.get(message.stream_id)
        if message.flags & TERMINATE_STREAM:
            if stream is not None:  # both sides may end a stream at the same time
                stream.end()
        elif stream is None:
            raise ProtocolError(f"stream {message.stream_id} has ended")
        else:
            stream.refuse_message()

    # ---- writing ----

    def _flush(self) -> None:
        self._flush_is_due = False
        if not self._queued or self._closing:
            return
        frames, self._queued, self._queued_bytes = self._queued, [], 0
        self._transport.write(b"".join(frames))
        unread_bytes = self._transport.get_write_buffer_size()
        if unread_bytes > MAX_UNREAD_BYTES:
            _log.error(
                "%s does not read: %d bytes are waiting for it, %d are allowed. Disconnected",
                self._peer(),
                unread_bytes,
                MAX_UNREAD_BYTES,
            )
            self.abort()

    def _peer(self) -> str:
        credentials = self._transport.get_extra_info("socket").getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size
        )
        pid = _PEER_CREDENTIALS.unpack(credentials)[0]
        return f"{self._component or 'A process that has not connected yet'} (pid {pid})"
