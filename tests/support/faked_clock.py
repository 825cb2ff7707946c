"""Processes whose wall clock a test sets while they run, and a way to S3 that judges the time as S3 does.

The clock is libfaketime's: it reads the offset from a file at every call, and leaves the monotonic clock
alone. A process under it must not call time.sleep, which fails there; components wait on events.
"""

import http.client
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

_LIBRARIES = Path("/usr/lib")
_LIBRARY = "*/faketime/libfaketimeMT.so.1"
_HOST = "127.0.0.1"
_TIMEOUT_S = 30.0
# Amazon S3 API Reference, "Error responses", RequestTimeTooSkewed; "Signature Version 4": 15 minutes.
MAX_SKEW = timedelta(minutes=15)
_SKEWED = (
    b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>RequestTimeTooSkewed</Code><Message>The difference "
    b"between the request time and the current time is too large.</Message></Error>"
)
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "server", "date"}


class FakedClock:
    """The wall clock of processes that are started with `environment`; right until it is set.

    Args:
        folder: Gets the file that says how far it is off.

    Attributes:
        jumps: How often it was set.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock_offset"
        self._unfinished = folder / "clock_offset.new"
        self.jumps = 0
        self._write(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a process live by it."""
        found = sorted(_LIBRARIES.glob(_LIBRARY))
        assert found, f"no {_LIBRARIES}/{_LIBRARY}: install faketime"
        return {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, offset_s: int) -> None:
        """From now on it is so many seconds ahead of the right time; negative: behind."""
        self.jumps += 1
        self._write(offset_s)

    def now(self) -> datetime:
        """What such a process takes for the time."""
        return datetime.now(UTC) + timedelta(seconds=int(self._file.read_text()))

    def _write(self, offset_s: int) -> None:
        self._unfinished.write_text(f"{offset_s:+d}\n")
        self._unfinished.replace(self._file)  # never half a number


class TimeJudge:
    """Context manager: a way to a store on which requests are refused whose time is far from the right one.

    A thread for each connection.

    Args:
        store_port: Where those go on that are let through.

    Attributes:
        judged: How many requests came in time, and how many did not: "passed", "skewed".
    """

    def __init__(self, store_port: int) -> None:
        self._store_port = store_port
        self._lock = threading.Lock()
        self.judged: Counter[str] = Counter()
        judge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                judge._answer(self)

            def log_message(self, *_: object) -> None:
                pass  # not a line for each request

        self._server = ThreadingHTTPServer((_HOST, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="time judge")

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL_S3 says."""
        return f"http://{_HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        said = datetime.fromisoformat(request.headers["X-Amz-Date"])
        is_in_time = abs(said - datetime.now(UTC)) <= MAX_SKEW
        with self._lock:
            self.judged["passed" if is_in_time else "skewed"] += 1
        if is_in_time:
            _pass_on(request, body, self._store_port)
        else:
            _reply(request, 403, {"Content-Type": "application/xml"}, _SKEWED)


def _pass_on(request: BaseHTTPRequestHandler, body: bytes, port: int) -> None:
    store = http.client.HTTPConnection(_HOST, port, timeout=_TIMEOUT_S)
    try:
        store.request(request.command, request.path, body, _end_to_end(request.headers))
        answer = store.getresponse()
        _reply(request, answer.status, _end_to_end(answer.headers), answer.read())
    finally:
        store.close()


def _end_to_end(headers: "Message[str, str]") -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


def _reply(request: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes) -> None:
    request.send_response(status)
    for name, value in headers.items():
        if name.lower() != "content-length":
            request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
