"""Temporary AWS credentials over HTTP, as the component aws.greengrass.TokenExchangeService gives them.

The credentials are made up; the S3 stand-in takes any. HTTP is done by hand, for it is one GET without a
body; each connection serves one request. Everything runs in the core's event loop.
"""

import asyncio
import contextlib
import http.client
import io
import json
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import cast

from local_core.cloud.ports import HOST
from local_core.ipc.tokens import Tokens
from local_core.settings import Flavor

PATH = "/2016-11-01/credentialprovider/"
LIFETIME_S = 3600.0  # what a role alias gives by default
RENEW_BEFORE_S = (
    300.0  # the nucleus's CredentialRequestHandler keeps credentials until 5 min before their end
)

_CLIENT_TIMEOUT_S = 60.0
_KEY_ID_CHARACTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class _Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime

    def to_json(self) -> bytes:
        return json.dumps(
            {
                "AccessKeyId": self.access_key_id,
                "SecretAccessKey": self.secret_access_key,
                "Token": self.session_token,
                "Expiration": self.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ).encode()


class TokenExchange:
    """The endpoint that AWS_CONTAINER_CREDENTIALS_FULL_URI names.

    Args:
        tokens: Who may ask: any component with a valid token.
        flavor: The status codes of refusals differ.
        lifetime_s: Seconds until credentials expire.
    """

    def __init__(self, tokens: Tokens, flavor: Flavor, lifetime_s: float = LIFETIME_S) -> None:
        self._tokens = tokens
        self._flavor = flavor
        self._lifetime = timedelta(seconds=lifetime_s)
        self._handed_out: list[_Credentials] = []  # the latest last; none that has ended or been expired
        self._expired_tokens: list[str] = []
        self._is_offline = False
        self._server: asyncio.Server | None = None
        self._requests: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def full_uri(self) -> str:
        """Value of AWS_CONTAINER_CREDENTIALS_FULL_URI, spelt as on a device."""
        return f"http://localhost:{self.port}{PATH}"

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening; requests that are not answered yet get nothing."""
        if self._server is None:
            return
        self._server.close()
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def expire(self) -> list[str]:
        """Fault: all credentials handed out so far have expired; who asks again gets new ones.

        Returns:
            Every session token that has expired by this fault, for the S3 stand-in to refuse.
        """
        self._expired_tokens += [credentials.session_token for credentials in self._handed_out]
        self._handed_out = []
        return list(self._expired_tokens)

    def go_offline(self) -> None:
        """Fault: AWS is out of reach; credentials that were handed out before are good to their end."""
        self._is_offline = True

    def go_online(self) -> None:
        """AWS can be reached again."""
        self._is_offline = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = cast("asyncio.Task[None]", asyncio.current_task())
        self._requests.add(request)
        try:
            # Who says nothing or too much gets nothing.
            with contextlib.suppress(TimeoutError, ConnectionError, EOFError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_CLIENT_TIMEOUT_S):
                    await self._serve(reader, writer)
        finally:
            writer.close()
            self._requests.discard(request)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status, body = self._answer(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        writer.write(body)
        await writer.drain()

    def _answer(self, head: bytes) -> tuple[HTTPStatus, bytes]:
        request_line, _, header_lines = head.partition(b"\r\n")
        words = request_line.decode("latin-1").split(" ")
        try:
            headers = http.client.parse_headers(io.BytesIO(header_lines))
        except http.client.HTTPException:
            return HTTPStatus.BAD_REQUEST, b""
        if len(words) != 3:  # noqa: PLR2004  method, path, version
            return HTTPStatus.BAD_REQUEST, b""
        if words[0] != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, b""
        if words[1] != PATH:
            return HTTPStatus.BAD_REQUEST, b""
        token = headers.get("Authorization")
        if not token or self._tokens.component_of(token) is None:
            return self._refusal(token), b""
        credentials = self._credentials()
        return (HTTPStatus.OK, credentials.to_json()) if credentials else (HTTPStatus.GATEWAY_TIMEOUT, b"")

    def _refusal(self, token: str | None) -> HTTPStatus:
        if self._flavor is Flavor.CLASSIC:
            return HTTPStatus.FORBIDDEN
        return HTTPStatus.NOT_FOUND if token else HTTPStatus.BAD_REQUEST  # measured on Lite 2.6.0

    def _credentials(self) -> _Credentials | None:
        """Those that are good for long enough, else new ones; None when those cannot be had."""
        now = datetime.now(UTC)
        self._handed_out = [given for given in self._handed_out if given.expires_at > now]
        if self._handed_out and self._handed_out[-1].expires_at - now >= timedelta(seconds=RENEW_BEFORE_S):
            return self._handed_out[-1]
        if self._is_offline:
            return None
        new = _Credentials(
            access_key_id="ASIA" + "".join(secrets.choice(_KEY_ID_CHARACTERS) for _ in range(16)),
            secret_access_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(256),
            expires_at=now + self._lifetime,
        )
        self._handed_out.append(new)
        return new
