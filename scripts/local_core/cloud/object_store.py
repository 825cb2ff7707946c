"""The S3 stand-in, seen from the core: a child process with one bucket on loopback.

The process itself is `object_store_server`. Its objects end with it. Runs in the core's event loop.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from local_core.children import Children
from local_core.cloud.ports import HOST, check_port_is_free
from local_core.errors import CoreError
from local_core.layout import Layout

START_TIMEOUT_S = 30.0
STOP_GRACE_S = 3.0

_SERVER = "local_core.cloud.object_store_server"
_EXPIRED_TOKENS_PATH = "/_expired_tokens"  # of the server, which must not be imported here


class ObjectStore:
    """One S3 process. `start` it once, `stop` it once; it may start beside the broker.

    Args:
        layout: Its output goes to `logs/s3.log`.
        children: Who starts and stops processes for this core.
        bucket: Made at start.
        region: The bucket's.
        port: TCP port on loopback; 0 takes a free one.
    """

    def __init__(self, layout: Layout, children: Children, bucket: str, region: str, port: int = 0) -> None:
        self._layout = layout
        self._children = children
        self._bucket = bucket
        self._region = region
        self._process: asyncio.subprocess.Process | None = None
        self.port = port

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL_S3 says; by address, for then clients put the bucket into the path."""
        return f"http://{HOST}:{self.port}"

    @property
    def log_file(self) -> Path:
        """What the process says of itself: errors only."""
        return self._layout.logs / "s3.log"

    @property
    def pid(self) -> int | None:
        """Process id; None before `start` and after `stop`."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and wait until it listens and its bucket is there.

        Raises:
            CoreError: Port taken, bucket name refused, or not ready within 30 s.
        """
        if self.port:
            check_port_is_free(self.port, "S3", "--s3-port")
        self._layout.logs.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("wb") as log:
            self._process = await self._children.spawn(
                [
                    *(sys.executable, "-m", _SERVER),
                    *("--port", str(self.port), "--bucket", self._bucket, "--region", self._region),
                ],
                cwd=self._layout.logs,
                env=os.environ,
                stdout=asyncio.subprocess.PIPE,
                stderr=log.fileno(),
            )
        try:
            self.port = await asyncio.wait_for(self._first_words(self._process), START_TIMEOUT_S)
        except (TimeoutError, ValueError) as error:
            await self.stop()
            raise CoreError(
                f"The S3 stand-in did not start on {HOST}:{self.port} with bucket {self._bucket!r}: "
                f"{str(error) or 'time-out'}. More may be in {self.log_file}."
            ) from error

    async def stop(self) -> None:
        """End the process and wait for it; its objects are lost."""
        process, self._process = self._process, None
        if process is not None:
            await self._children.stop(process, STOP_GRACE_S)

    async def refuse_tokens(self, session_tokens: Iterable[str]) -> None:
        """Fault: answer ExpiredToken to requests with these session tokens, and to those with no other.

        Args:
            session_tokens: Replaces what an earlier call named.
        """
        body = "\n".join(session_tokens).encode("ascii")
        head = f"PUT {_EXPIRED_TOKENS_PATH} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode("ascii")
        reader, writer = await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(head + body)
            await reader.read()  # the server hangs up when it has taken them in
        finally:
            writer.close()
            await writer.wait_closed()

    async def _first_words(self, process: asyncio.subprocess.Process) -> int:
        """The port, from the one line that the process prints.

        Raises:
            ValueError: It says something else, or nothing.
        """
        line = await process.stdout.readline() if process.stdout else b""
        said = json.loads(line or b'{"error": "its process ended"}')
        if "error" in said:
            raise ValueError(said["error"])
        return int(said["port"])
