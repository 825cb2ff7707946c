"""S3's stand-in with a will of its own: it refuses what a test says, by key and content."""

import re
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO

from support.s3.proxy import S3Proxy

_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)")
_EXPECT = re.compile(rb"(?im)^expect:[ \t]*100-continue\r\n")
_STATUS = {
    "AccessDenied": b"403 Forbidden",
    "EntityTooLarge": b"400 Bad Request",
    "SlowDown": b"503 Slow Down",
}

Refuses = Callable[[str, bytes], str | None]
ThroughPicky = Callable[[Refuses], AbstractContextManager[None]]


class PickyS3(S3Proxy):
    """Context manager: forwards to a store, or answers with an error of S3.

    Args:
        upstream_port: The store's.
        refuses: Path and body of a request -> the code of S3's error; None lets it through. Called when all
            of the request is in, and until it returns there is no answer: the moment for whatever else.
    """

    def __init__(self, upstream_port: int, refuses: Refuses) -> None:
        super().__init__(upstream_port)
        self._refuses = refuses

    def _answer(self, client: socket.socket, arriving: BinaryIO, head: bytes) -> tuple[bytes, bool]:
        if _EXPECT.search(head):
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        found = _LENGTH.search(head)
        body = arriving.read(int(found[1]) if found else 0)
        path = head.split(b" ", 2)[1].decode()
        code = self._refuses(path, body)
        if code is None:
            return self._ask_store(head, body), True
        said = f"<Error><Code>{code}</Code><Message>as the test says</Message></Error>".encode()
        return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (_STATUS[code], len(said), said), True
