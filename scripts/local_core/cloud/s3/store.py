"""The S3 stand-in, seen from the core: a child process with one bucket on loopback.

The process itself is `server`. Its objects end with it. Runs in the core's event loop.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from local_core.cloud.keeper import Keeper
from local_core.cloud.ports import HOST, check_port_is_free
from local_core.errors import CoreError
from local_core.layout import Layout
from local_core.processes.children import Children

START_TIMEOUT_S = 30.0
STOP_GRACE_S = 3.0
ANSWER_TIMEOUT_S = 5.0

_SERVER = "local_core.cloud.s3.server"
_EXPIRED_TOKENS_PATH = "/_expired_tokens"  # of the server, which must not be imported here
_AWAY_PATH = "/_away"


class ObjectStore:
    """One S3 stand-in. `start` it once, `stop` it once; in between it is started again should it end.

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
        self._refused_tokens: list[str] = []
        self._is_away = False
        self.port = port
        self.keeper = Keeper(
            "The S3 stand-in",
            f"All objects in bucket {bucket!r} are lost; the bucket is made again, empty.",
            self.log_file,
            self._start_again,
        )

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
        """Process id of the latest process; None before `start` and after `stop`."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and wait until it listens and its bucket is there.

        Raises:
            CoreError: Port taken, bucket name refused, or not ready within 30 s.
        """
        if self.port:
            check_port_is_free(self.port, "S3", "--s3-port")
        self._layout.logs.mkdir(parents=True, exist_ok=True)
        self.log_file.write_bytes(b"")
        self.keeper.watch(await self._start_process())

    async def stop(self) -> None:
        """End the process and wait for it; its objects are lost."""
        await self.keeper.stop()
        await self._end_process()

    async def refuse_tokens(self, session_tokens: Iterable[str]) -> None:
        """Fault: answer ExpiredToken to requests with these session tokens, and to those with no other.

        Args:
            session_tokens: Replaces what an earlier call named.

        Raises:
            CoreError: The process does not answer now; it is told when it has been started again.
        """
        self._refused_tokens = list(session_tokens)
        await self._tell_now()

    async def go_offline(self) -> None:
        """Fault: S3 is out of reach until `go_online`. Every connection ends without an answer.

        Raises:
            CoreError: As `refuse_tokens`.
        """
        self._is_away = True
        await self._tell_now()

    async def go_online(self) -> None:
        """End the outage.

        Raises:
            CoreError: As `refuse_tokens`.
        """
        self._is_away = False
        await self._tell_now()

    async def _tell_now(self) -> None:
        try:
            await self._tell_faults()
        except OSError as error:
            raise CoreError(
                f"The S3 stand-in on {HOST}:{self.port} does not answer: {error}. What is wrong with it may "
                f"be in {self.log_file}. It is told what was asked once the core has started it again."
            ) from error

    async def _start_again(self) -> asyncio.subprocess.Process:
        await self._end_process()
        process = await self._start_process()
        await self._tell_faults()
        return process

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await self._children.stop(process, STOP_GRACE_S)

    async def _start_process(self) -> asyncio.subprocess.Process:
        with self.log_file.open("ab") as log:
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
            await self._end_process()
            raise CoreError(
                f"The S3 stand-in did not start on {HOST}:{self.port} with bucket {self._bucket!r}: "
                f"{str(error) or 'time-out'}. More may be in {self.log_file}."
            ) from error
        return self._process

    async def _tell_faults(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._tell(_AWAY_PATH, b"1" if self._is_away else b"0")
                await self._tell(_EXPIRED_TOKENS_PATH, "\n".join(self._refused_tokens).encode("ascii"))
        except TimeoutError as error:
            raise TimeoutError(f"nothing came within {ANSWER_TIMEOUT_S:g} s") from error

    async def _tell(self, path: str, body: bytes) -> None:
        head = f"PUT {path} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode("ascii")
        reader, writer = await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(head + body)
            await reader.read()  # the server hangs up when it has taken it in
        finally:
            writer.transport.abort()  # waits for nobody

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
