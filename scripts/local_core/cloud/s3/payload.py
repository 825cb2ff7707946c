"""What arrived in a request to the S3 stand-in, checked against what the client said of it, as S3 does.

Pure functions over one request: the frames of `aws-chunked` taken off, then every hash that the client gave
recomputed: Content-MD5, x-amz-content-sha256, and x-amz-checksum-* as a header or behind the body. Part of
the stand-in's process.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from awscrt import checksums


class PayloadError(Exception):
    """The request is refused.

    Attributes:
        code: S3's error code.
        message: S3's words for it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Payload:
    """A body as the client meant it.

    Attributes:
        content: The object's or the part's bytes.
        trailers: Header lines that came behind it: lower-case name -> value.
    """

    content: bytes
    trailers: Mapping[str, str]


# Amazon S3 User Guide, "Checking object integrity": the algorithms, and CRCs as big-endian numbers.
_ALGORITHMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "crc32c": lambda content: checksums.crc32c(content).to_bytes(4, "big"),
    "crc64nvme": lambda content: checksums.crc64nvme(content).to_bytes(8, "big"),
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "sha256": lambda content: hashlib.sha256(content).digest(),
}
_CHECKSUM_PREFIX = "x-amz-checksum-"
# Signature Version 4, "x-amz-content-sha256": these say that it holds no hash of the body.
_NO_HASHES = ("UNSIGNED-PAYLOAD", "STREAMING-")


def payload_of(body: bytes | None, headers: Mapping[str, str]) -> Payload:
    """Take off the frames of `aws-chunked`, when the body comes in such.

    Args:
        body: As it came, the frames of HTTP itself already taken off; None when it was cut short.
        headers: Lower-case name -> value.

    Raises:
        PayloadError: It is cut short, or should come in frames and does not.
    """
    if body is None:
        raise _incomplete()
    if "aws-chunked" not in headers.get("content-encoding", ""):
        return Payload(body, {})
    content, trailers = _without_frames(body)
    said = headers.get("x-amz-decoded-content-length", str(len(content)))
    if said != str(len(content)):
        raise _incomplete()
    return Payload(content, trailers)


def check(payload: Payload, headers: Mapping[str, str]) -> None:
    """Recompute every hash that the client gave.

    Args:
        payload: What arrived.
        headers: Lower-case name -> value.

    Raises:
        PayloadError: One of them does not fit, or is none.
    """
    _check_md5(payload.content, headers.get("content-md5"))
    _check_signed_hash(payload.content, headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD"))
    for name, value in {**headers, **payload.trailers}.items():
        compute = _ALGORITHMS.get(name.removeprefix(_CHECKSUM_PREFIX))
        if name.startswith(_CHECKSUM_PREFIX) and compute is not None:
            _check_sum(name, value, compute(payload.content))


def _without_frames(body: bytes) -> tuple[bytes, dict[str, str]]:
    # Signature Version 4, "Transferring payload in multiple chunks":
    # <size in hex>[;chunk-signature=…] CRLF <bytes> CRLF, ending in a size of 0.
    content, position = bytearray(), 0
    while True:
        line, position = _line(body, position)
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise _incomplete() from None
        if size == 0:
            return bytes(content), _trailers(body[position:])
        content += body[position : position + size]
        position += size
        if body[position : position + 2] != b"\r\n":
            raise _incomplete()
        position += 2


def _line(body: bytes, position: int) -> tuple[bytes, int]:
    end = body.find(b"\r\n", position)
    if end < 0:
        raise _incomplete()
    return body[position:end], end + 2


def _trailers(rest: bytes) -> dict[str, str]:
    lines = rest.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _check_md5(content: bytes, given: str | None) -> None:
    if given is None:
        return
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    if _decoded(given, len(digest)) is None:
        raise PayloadError("InvalidDigest", "The Content-MD5 you specified was invalid.")
    if _decoded(given, len(digest)) != digest:
        raise PayloadError("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _check_signed_hash(content: bytes, given: str) -> None:
    if not given.startswith(_NO_HASHES) and given != hashlib.sha256(content).hexdigest():
        raise PayloadError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def _check_sum(name: str, given: str, computed: bytes) -> None:
    decoded = _decoded(given, len(computed))
    if decoded is None:
        raise PayloadError("InvalidRequest", f"Value for {name} header is invalid.")
    if decoded != computed:
        algorithm = name.removeprefix(_CHECKSUM_PREFIX).upper()
        raise PayloadError(
            "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
        )


def _decoded(given: str, size: int) -> bytes | None:
    """The bytes of a hash written in base64; None when it is none of that size."""
    try:
        decoded = base64.b64decode(given, validate=True)
    except binascii.Error:
        return None
    return decoded if len(decoded) == size else None


def _incomplete() -> PayloadError:
    return PayloadError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
