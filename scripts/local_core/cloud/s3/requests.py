"""One request to the S3 stand-in, read once and whole, and S3's way of refusing it.

Part of the stand-in's process; used by its threads, each with a request of its own.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

Environ = dict[str, Any]
# Told apart by their method and what their query or headers hold.
_OPERATIONS = (
    ("PUT", "partNumber", "UploadPart"),
    ("PUT", "copy", "CopyObject"),
    ("POST", "uploads", "CreateMultipartUpload"),
    ("POST", "uploadId", "CompleteMultipartUpload"),
    ("DELETE", "uploadId", "AbortMultipartUpload"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What S3 would see.

    Attributes:
        operation: As the S3 API Reference names it; the method, for what the stand-in leaves to moto.
        bucket: Empty when none is named.
        key: Empty when none is named.
        upload_id: Of a multipart upload; empty when none is named.
        headers: Lower-case name -> value.
        body: All of it; None when the client hung up before its end.
    """

    operation: str
    bucket: str
    key: str
    upload_id: str
    headers: Mapping[str, str]
    body: bytes | None


def request_of(environ: Environ) -> Request:
    """Read a request to its end: a client that is still sending would miss the answer."""
    path: str = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    bucket, _, key = path.removeprefix("/").partition("/")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith(("HTTP_", "CONTENT_")) and isinstance(value, str)
    }
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    return Request(
        operation=_operation(environ["REQUEST_METHOD"], key, query, headers),
        bucket=bucket,
        key=key,
        upload_id=query.get("uploadId", [""])[0],
        headers=headers,
        body=_body(environ),
    )


def pass_on(environ: Environ, content: bytes, trailers: Mapping[str, str]) -> Environ:
    """The same request with a plain body, for an application that knows no frames.

    Args:
        environ: As it came, its body read.
        content: The body without frames.
        trailers: Become headers.
    """
    plain = {
        **environ,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in trailers.items()},
        "wsgi.input": io.BytesIO(content),
        "CONTENT_LENGTH": str(len(content)),
    }
    plain.pop("HTTP_TRANSFER_ENCODING", None)
    if "aws-chunked" in environ.get("HTTP_CONTENT_ENCODING", ""):
        del plain["HTTP_CONTENT_ENCODING"]
        plain["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
        plain.pop("HTTP_X_AMZ_TRAILER", None)
    return plain


def refuse(start_response: Any, status: str, code: str, message: str) -> Iterable[bytes]:
    """Answer as S3 does when it refuses.

    Args:
        start_response: Of WSGI.
        status: Such as "400 Bad Request".
        code: S3's error code.
        message: S3's words for it.
    """
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    ).encode()
    start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def _operation(method: str, key: str, query: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    marks = set(query) | ({"copy"} if "x-amz-copy-source" in headers else set())
    if method == "PUT" and marks <= {"x-id"}:  # which some SDKs add to every request
        return "PutObject" if key else "CreateBucket"
    return next((name for of, mark, name in _OPERATIONS if of == method and mark in marks), method)


def _body(environ: Environ) -> bytes | None:
    try:
        return get_input_stream(environ).read()
    except ClientDisconnected:
        return None
