"""One request under way, and how whoever waits for it puts an end to it.

The SDK's time-outs are for one silence each: against a far end that sends a byte a second they never end. So
a request has seconds that it may take in all, and when they are over its connection is cut, wherever its
thread is: in the handshake, in the token exchange, in the middle of an answer.

Owns the place where the SDK's connections are made, and nothing of what goes over them. An `Attempt` is
shared by the thread that makes the request and the one that waits; connections find it by their thread.
"""

import os
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.httpsession import URLLib3Session

# The slowest line on which a body still arrives: 64 kbit/s. A part of 8 MiB may take 17 minutes.
SLOWEST_BYTES_PER_S = 8 * 1024

_here = threading.local()


class Attempt:
    """One request; a context manager in the thread that makes it.

    Args:
        allowed_s: Seconds it may take, besides those for its body.
    """

    def __init__(self, allowed_s: float) -> None:
        self._allowed_s = allowed_s
        self._left_s = allowed_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    def __enter__(self) -> Self:
        _here.attempt = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        _here.attempt = None
        with self._lock:
            self._let_go()

    def sends(self, size_bytes: int) -> None:
        """A body of this size is about to leave: that may take its time."""
        with self._lock:
            self._left_s += size_bytes / SLOWEST_BYTES_PER_S

    def awaits_answer(self) -> None:
        """All is sent: what a slow line was allowed is over."""
        with self._lock:
            self._left_s = min(self._left_s, self._allowed_s)

    def spend(self, seconds: float) -> bool:
        """So much time has passed; whether all of it is spent now."""
        with self._lock:
            self._left_s -= seconds
            return self._left_s <= 0

    def holds(self, connection: socket.socket) -> None:
        """The request goes over `connection` from now on.

        Raises:
            ConnectionAbortedError: Nobody waits for it any more.
        """
        with self._lock:
            if self._is_cut:
                raise ConnectionAbortedError("it was given up")
            self._let_go()
            # A descriptor of our own: TLS takes the connection's away, and one that was closed may be
            # somebody else's by now.
            self._socket = socket.socket(fileno=os.dup(connection.fileno()))

    def cut(self) -> None:
        """End it: whatever its thread waits for ends at once, and it opens nothing any more."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with suppress(OSError):  # not connected any more
                    self._socket.shutdown(socket.SHUT_RDWR)

    @property
    def is_cut(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._is_cut

    def _let_go(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def this_attempt() -> Attempt | None:
    """That of the calling thread; None outside of any."""
    return getattr(_here, "attempt", None)


def make_cuttable(session: URLLib3Session) -> None:
    """Let `session`, one of the SDK's, make connections that an `Attempt` can cut; before its first one."""
    # The SDK's only place to say what a connection is; a test of each kind of hanging holds it to that.
    session._pool_classes_by_scheme.update(http=_Pool, https=_TlsPool)  # noqa: SLF001


class _Cuttable:
    """Tells the thread's attempt which connection it uses."""

    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]  # of urllib3, which stands beside
        try:
            _hold(made)
        except BaseException:
            made.close()
            raise
        return made

    def request(self, *given: Any, **named: Any) -> None:
        if self.sock is not None:  # one that was used before, by any thread
            _hold(self.sock)
        super().request(*given, **named)  # type: ignore[misc]  # of botocore, which stands beside

    def getresponse(self) -> Any:
        attempt = this_attempt()
        if attempt is not None:
            attempt.awaits_answer()
        return super().getresponse()  # type: ignore[misc]  # of urllib3, which stands beside


class _Connection(_Cuttable, AWSHTTPConnection):  # type: ignore[misc]  # botocore has no types
    pass


class _TlsConnection(_Cuttable, AWSHTTPSConnection):  # type: ignore[misc]  # botocore has no types
    pass


class _Pool(AWSHTTPConnectionPool):  # type: ignore[misc]  # botocore has no types
    ConnectionCls = _Connection


class _TlsPool(AWSHTTPSConnectionPool):  # type: ignore[misc]  # botocore has no types
    ConnectionCls = _TlsConnection


def _hold(connection: socket.socket) -> None:
    attempt = this_attempt()
    if attempt is not None:
        attempt.holds(connection)
