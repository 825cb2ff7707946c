"""A token exchange that does what a test tells it: credentials, refusals, nonsense, silence.

A thread for each request; any thread may tell it what to do.
"""

import json
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from edge_common.clock import Clock, SystemClock

AUTHORIZATION = "SVCUID0123456789"  # what the core would give the component
_TRICKLE_S = 0.02  # between two bytes
CREDENTIALS_PATH = "/2016-11-01/credentialprovider/"


class Temper(Enum):
    """What becomes of one call."""

    GIVE = "200 with credentials"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    SERVER_ERROR = "500"
    NONSENSE = "200 with what is no JSON"
    INCOMPLETE = "200 without a token"
    SILENT = "no answer"
    TRICKLE = "200, a byte at a time without an end"


class TokenExchangeDouble:
    """Context manager: an endpoint for AWS_CONTAINER_CREDENTIALS_FULL_URI.

    Args:
        clock: Stamps calls and credentials.
        lifetime_s: Seconds until credentials say they end, by the clock's wall side.

    Attributes:
        calls_s: When each call came, on the clock's monotonic side.
        silences: How many calls it has left without an answer.
        tokens: Every session token it has given, the latest last.
    """

    def __init__(self, clock: Clock | None = None, lifetime_s: float = 3600.0) -> None:
        self._clock = clock or SystemClock()
        self._lifetime = timedelta(seconds=lifetime_s)
        self._lock = threading.Lock()
        self._script: list[Temper] = []
        self._always = Temper.GIVE
        self._expired = 0
        self._closing = threading.Event()
        self.calls_s: list[float] = []
        self.silences = 0
        self.tokens: list[str] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double._answer(self)

            def log_message(self, *_: object) -> None:
                pass  # not a line for each request

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="tes double")

    @property
    def environment(self) -> dict[str, str]:
        """What a core would tell a component."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": (
                f"http://localhost:{self._server.server_address[1]}{CREDENTIALS_PATH}"
            ),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": AUTHORIZATION,
        }

    def next(self, *tempers: Temper) -> None:
        """What becomes of the next calls."""
        with self._lock:
            self._script += tempers

    def always(self, temper: Temper) -> None:
        """What becomes of every call that is not scripted."""
        with self._lock:
            self._always, self._script = temper, []

    def expire(self) -> Sequence[str]:
        """Everything given so far has expired; returns the tokens for the store to refuse."""
        with self._lock:
            self._expired = len(self.tokens)
            return list(self.tokens)

    def close(self) -> None:
        """Listen no more; may be called again."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.calls_s.append(self._clock.monotonic_s())
            temper = self._script.pop(0) if self._script else self._always
        if request.headers.get("Authorization") != AUTHORIZATION:
            temper = Temper.FORBIDDEN
        match temper:
            case Temper.GIVE:
                _reply(request, 200, self._credentials())
            case Temper.FORBIDDEN | Temper.NOT_FOUND | Temper.SERVER_ERROR:
                _reply(request, int(temper.value), f"no, {AUTHORIZATION}".encode())
            case Temper.NONSENSE:
                _reply(request, 200, b"<html>")
            case Temper.INCOMPLETE:
                _reply(request, 200, b'{"AccessKeyId": "ASIA"}')
            case Temper.SILENT:
                self.silences += 1
                self._closing.wait()
            case Temper.TRICKLE:
                self._trickle(request)

    def _trickle(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        with suppress(OSError):  # the caller has had enough
            while not self._closing.wait(_TRICKLE_S):
                request.wfile.write(b" ")
        request.close_connection = True

    def _credentials(self) -> bytes:
        with self._lock:
            # As a core does: the same again until they have expired.
            if len(self.tokens) == self._expired:
                self.tokens.append(f"session-token-{secrets.token_hex(8)}-{len(self.tokens):06}")
            token = self.tokens[-1]
        return json.dumps(
            {
                "AccessKeyId": f"ASIA{token[-6:]}0123456789",
                "SecretAccessKey": f"secret-of-{token}",
                "Token": token,
                "Expiration": (self._clock.now() + self._lifetime).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ).encode()


def _reply(request: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
