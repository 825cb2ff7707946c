"""A way to S3 on which things go wrong: between a client and a store, on demand or by chance, and counted.

It speaks HTTP/1.1 well enough for the AWS SDK: bodies with a length, `Expect: 100-continue`, connections that
stay open. A thread for each connection; the chances of all come from one seeded source.
"""

import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import BinaryIO, Self

from support.spool.spooling import seeded

HOST = "127.0.0.1"
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)")
_EXPECT = re.compile(rb"(?im)^expect:[ \t]*100-continue\r\n")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends a reset
_PIECE_BYTES = 65536
_PIECE_PAUSE_S = 0.008


class Fault(Enum):
    """What becomes of one request."""

    NONE = "passed on"
    SLOW_DOWN = "answered 503 SlowDown"
    SLOW_DOWN_LATER = "answered 503 SlowDown with Retry-After: 7"
    INTERNAL_ERROR = "answered 500 InternalError"
    CUT = "connection reset in the middle of the body"
    LOST_ANSWER = "passed on, and the connection reset instead of an answer"
    HALF_ANSWER = "passed on, and the connection reset in the middle of the answer"
    FLIPPED_BIT = "one bit of the body changed, then passed on"
    SKEWED = "answered 403 RequestTimeTooSkewed"
    CONFLICT = "answered 409 ConditionalRequestConflict"
    BLACK_HOLE = "taken, and never answered"
    STALLED = "not taken any further after the first bytes"
    SLOW_LINE = "taken slowly, piece by piece, then passed on"
    PORTAL = "answered 200 by something that is not S3"
    PORTAL_PAGE = "answered 200 with a page of something that is not S3"
    NO_SUCH_KEYS = "answered 403 InvalidAccessKeyId"
    LATE = "passed on, and answered after two seconds"
    TRICKLE = "taken, and answered a byte at a time without an end"


_ANSWERS = {
    Fault.SLOW_DOWN: ("503 Slow Down", "SlowDown", ""),
    Fault.SLOW_DOWN_LATER: ("503 Slow Down", "SlowDown", "Retry-After: 7\r\n"),
    Fault.INTERNAL_ERROR: ("500 Internal Server Error", "InternalError", ""),
    Fault.SKEWED: ("403 Forbidden", "RequestTimeTooSkewed", ""),
    Fault.CONFLICT: ("409 Conflict", "ConditionalRequestConflict", ""),
    Fault.NO_SUCH_KEYS: ("403 Forbidden", "InvalidAccessKeyId", ""),
}
_PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
_PAGE = b"<html><body>Welcome to the network</body></html>"
_PORTAL_PAGE = _PORTAL.replace(b" 0\r\n", b" %d\r\n" % len(_PAGE)) + _PAGE
_LATE_S = 2.0
_TRICKLE_S = 0.02  # between two bytes
STORM = {Fault.SLOW_DOWN: 0.30, Fault.INTERNAL_ERROR: 0.10, Fault.CUT: 0.05, Fault.LOST_ANSWER: 0.05}


class S3Proxy:
    """Context manager: forwards to a store on loopback, or does not.

    Args:
        upstream_port: The store's.
        odds: How likely each fault is for each request; the rest passes.
        seed: Of the odds.
        script: What becomes of the first requests, one by one, before the odds decide.

    Attributes:
        port: Where it listens.
        done: How often it did what.
        heads: Request line and header of each request, the latest last.
    """

    def __init__(
        self,
        upstream_port: int,
        odds: Mapping[Fault, float] | None = None,
        seed: int = 0,
        script: Sequence[Fault] = (),
    ) -> None:
        self._upstream_port = upstream_port
        self._odds = dict(odds or {})
        self._chance = seeded(seed)
        self._script = list(script)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.done: Counter[Fault] = Counter()
        self.heads: list[bytes] = []
        self._clients: set[socket.socket] = set()
        self._listener = socket.create_server((HOST, 0), backlog=128)
        # Else the kernel takes megabytes that nobody has read, and a slow line looks fast.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PIECE_BYTES)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="s3 proxy")

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL_S3 says."""
        return f"http://{HOST}:{self.port}"

    @property
    def requests(self) -> int:
        """How many requests have come."""
        with self._lock:
            return sum(self.done.values())

    def next(self, *faults: Fault) -> None:
        """What becomes of the next requests, before the odds decide again."""
        with self._lock:
            self._script += faults

    def calm(self) -> None:
        """From now on everything passes."""
        with self._lock:
            self._odds, self._script = {}, []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept
        self._thread.join()
        self._listener.close()
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            with suppress(OSError):  # closed by the other side meanwhile
                client.shutdown(socket.SHUT_RDWR)

    def _draw(self, head: bytes) -> Fault:
        with self._lock:
            self.heads.append(head)
            fault = self._script.pop(0) if self._script else self._by_chance()
            self.done[fault] += 1
            return fault

    def _by_chance(self) -> Fault:
        drawn = self._chance.random()
        for fault, probability in self._odds.items():
            if drawn < probability:
                return fault
            drawn -= probability
        return Fault.NONE

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client = self._listener.accept()[0]
                with self._lock:
                    self._clients.add(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as arriving, suppress(OSError):  # either side may have gone
            while head := _head(arriving):
                answer, goes_on = self._answer(client, arriving, head)
                client.sendall(answer)
                if not goes_on:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
        with self._lock:
            self._clients.discard(client)

    def _answer(self, client: socket.socket, arriving: BinaryIO, head: bytes) -> tuple[bytes, bool]:
        """What to send for one request, and whether the connection goes on after it."""
        fault = self._draw(head)
        if _EXPECT.search(head):
            if fault in _ANSWERS:
                return _error(fault), True  # S3 refuses before it has seen the body, and the SDK keeps it
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        found = _LENGTH.search(head)
        body = self._body(arriving, int(found[1]) if found else 0, fault)
        if fault in _ANSWERS:
            return _error(fault), True
        if fault in {Fault.CUT, Fault.BLACK_HOLE, Fault.STALLED}:
            return b"", False
        if fault is Fault.TRICKLE:
            return self._trickle(client), False
        if fault in {Fault.PORTAL, Fault.PORTAL_PAGE}:
            return _PORTAL if fault is Fault.PORTAL else _PORTAL_PAGE, True
        if fault is Fault.LATE:
            self._closing.wait(_LATE_S)
        answer = self._ask_store(head, _flipped(body) if fault is Fault.FLIPPED_BIT else body)
        sent = {Fault.LOST_ANSWER: 0, Fault.HALF_ANSWER: len(answer) // 2}.get(fault, len(answer))
        return answer[:sent], sent == len(answer)

    def _body(self, arriving: BinaryIO, size: int, fault: Fault) -> bytes:
        match fault:
            case Fault.STALLED:
                self._closing.wait()
                return b""
            case Fault.CUT:
                return arriving.read(size // 2)
            case Fault.SLOW_LINE:
                return self._slowly(arriving, size)
        body = arriving.read(size)
        if fault is Fault.BLACK_HOLE:
            self._closing.wait()
        return body

    def _slowly(self, arriving: BinaryIO, size: int) -> bytes:
        """Read at about 8 MB/s, whatever the client could do."""
        body = bytearray()
        while len(body) < size and not self._closing.wait(_PIECE_PAUSE_S):
            body += arriving.read(min(_PIECE_BYTES, size - len(body)))
        return bytes(body)

    def _trickle(self, client: socket.socket) -> bytes:
        """Answer until the client has had enough."""
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not self._closing.wait(_TRICKLE_S):
            client.sendall(b" ")
        return b""

    def _ask_store(self, head: bytes, body: bytes) -> bytes:
        """The store's answer, whole, without its word that it closes the connection."""
        asked = _EXPECT.sub(b"", head).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        with socket.create_connection((HOST, self._upstream_port)) as store:
            store.sendall(asked + body)
            answer = bytearray()
            while piece := store.recv(_PIECE_BYTES):
                answer += piece
        return bytes(answer).replace(b"Connection: close\r\n", b"", 1)


def _head(arriving: BinaryIO) -> bytes:
    """A request up to its empty line; empty when the client closes between two requests."""
    head = bytearray()
    while line := arriving.readline():
        head += line
        if line == b"\r\n":
            return bytes(head)
    return b""


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def _error(fault: Fault) -> bytes:
    status, code, header = _ANSWERS[fault]
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>As the test says.</Message></Error>"
    return (
        f"HTTP/1.1 {status}\r\n{header}Content-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
