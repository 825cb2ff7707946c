"""What stands before moto in the S3 stand-in and does what moto leaves out, as S3 does it.

Tokens that have expired are refused, checksums verified, `If-None-Match: *` holds between threads for
PutObject and CompleteMultipartUpload, and every answer is counted; while S3 is out of reach there is none.
Part of the stand-in's process; werkzeug gives each request a thread.
"""

import re
import socket
import threading
from collections.abc import Iterable
from typing import Any, Protocol

from local_core.cloud.s3.counts import Counts
from local_core.cloud.s3.payload import PayloadError, check, payload_of
from local_core.cloud.s3.requests import Environ, Request, pass_on, refuse, request_of

# No bucket has an underscore in its name.
EXPIRED_TOKENS_PATH = "/_expired_tokens"  # PUT: the session tokens that have expired, one to a line
AWAY_PATH = "/_away"  # PUT: "1" while S3 is out of reach, "0" when it is back
COUNTS_PATH = "/_counts"  # GET: what was asked and answered, JSON
_CONTROL_PATHS = {EXPIRED_TOKENS_PATH, AWAY_PATH, COUNTS_PATH}

_WRITES = {"PutObject", "CopyObject", "CompleteMultipartUpload"}
_LOCKS = 256  # two keys of one lock wait for each other, which does no harm
_NO_UPLOAD = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted "
    "or completed."
)
_CODE = re.compile(rb"<Code>(\w+)</Code>")


class Shelves(Protocol):
    """What the gate must know of what is stored; what there is not in a bucket that is not there either."""

    def has_object(self, bucket: str, key: str) -> bool:
        """Whether there is an object under this key."""

    def has_upload(self, bucket: str, upload_id: str) -> bool:
        """Whether there is such a multipart upload, neither completed nor aborted."""


class Gate:
    """A WSGI application before another.

    Args:
        application: moto's.
        shelves: What moto holds.
    """

    def __init__(self, application: Any, shelves: Shelves) -> None:
        self._application = application
        self._shelves = shelves
        self._counts = Counts()
        self._expired: frozenset[str] = frozenset()  # replaced as a whole: many threads read it
        self._is_away = False
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """One WSGI request."""
        if self._is_away and environ["PATH_INFO"] not in _CONTROL_PATHS:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)  # before a byte of a body is read
            start_response("503 Service Unavailable", [])  # werkzeug wants one; it gets nowhere
            return []
        request = request_of(environ)
        match environ["PATH_INFO"]:
            case path if path == AWAY_PATH:
                self._is_away = request.body == b"1"
                start_response("204 No Content", [])
                return []
            case path if path == EXPIRED_TOKENS_PATH:
                self._expired = frozenset((request.body or b"").decode("ascii").split())
                start_response("204 No Content", [])
                return []
            case path if path == COUNTS_PATH:
                counts = self._counts.to_json()
                start_response("200 OK", [("Content-Type", "application/json")])
                return [counts]
        return self._counted(request, environ, start_response)

    def _counted(self, request: Request, environ: Environ, start_response: Any) -> Iterable[bytes]:
        said: list[str] = []

        def note(status: str, *rest: Any) -> Any:
            said.append(status[:3])
            return start_response(status, *rest)

        answer = self._answer(request, environ, note)
        if said[0] >= "400":
            body = b"".join(answer)
            found = _CODE.search(body)
            said += [found[1].decode()] if found else []
            answer = [body]
        self._counts.answered(request.operation, " ".join(said))
        return answer

    def _answer(self, request: Request, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if request.headers.get("x-amz-security-token") in self._expired:
            return refuse(
                start_response, "400 Bad Request", "ExpiredToken", "The provided token has expired."
            )
        try:
            payload = payload_of(request.body, request.headers)  # which is refused when cut short
            check(payload, request.headers)
        except PayloadError as error:
            return refuse(start_response, "400 Bad Request", error.code, error.message)
        if request.upload_id and not self._shelves.has_upload(request.bucket, request.upload_id):
            # moto knows this refusal for some operations only.
            return refuse(start_response, "404 Not Found", "NoSuchUpload", _NO_UPLOAD)
        plain = pass_on(environ, payload.content, payload.trailers)
        if request.operation in _WRITES:
            return self._write(request, plain, start_response)
        answer: Iterable[bytes] = self._application(plain, start_response)
        return answer

    def _write(self, request: Request, environ: Environ, start_response: Any) -> Iterable[bytes]:
        said: list[str] = []

        def note(status: str, *rest: Any) -> Any:
            said.append(status)
            return start_response(status, *rest)

        with self._locks[hash((request.bucket, request.key)) % _LOCKS]:
            existed = self._shelves.has_object(request.bucket, request.key)
            if existed and request.headers.get("if-none-match") == "*":
                return refuse(
                    start_response,
                    "412 Precondition Failed",
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold",
                )
            answer = list(self._application(environ, note))  # all of it is done when the lock is let go
        if said[0].startswith("200"):
            self._counts.written(request.key, existed=existed)
        return answer
