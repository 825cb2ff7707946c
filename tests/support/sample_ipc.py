"""An IPC server with operations that have nothing behind them, for tests of the server itself.

In a test's own process: `serving(tmp_path)`. As a process of its own: `python -m support.sample_ipc SOCKET`,
which prints a line of JSON with `address` and `token`, answers each line on stdin with the number of open
connections, and ends when stdin does.
"""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import awsiot.greengrasscoreipc.model as sdk
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from local_core.ipc.dialect import CLASSIC, Dialect
from local_core.ipc.rpc import Call, JsonObject, Operation, RpcError, Stream, service_error
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from support.loops import LoopThread

COMPONENT = "com.example.Sample"
PROCESS_END_S = 10.0


class SampleOperations:
    """Real names, because the SDK has no others; what they do is chosen for the tests.

    PublishToTopic sends the message on every stream of SubscribeToTopic; GetSecretValue raises the error that
    `secretId` names; UpdateState waits for `released`; StopComponent ends every stream.

    Attributes:
        counts: Calls so far, by operation.
        latest: The last call.
        streams: Streams of SubscribeToTopic that are open.
        released: Lets UpdateState answer.
        cancelled: How many calls of UpdateState were cancelled.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latest: Call | None = None
        self.streams: list[Stream] = []
        self.released = asyncio.Event()
        self.cancelled = 0

    def operations(self) -> list[Operation]:
        """What the server offers."""
        return [
            Operation("PublishToIoTCore", self._nothing),
            Operation("PublishToTopic", self._publish),
            Operation("SubscribeToTopic", self._subscribe, streaming=True),
            Operation("GetConfiguration", self._echo),
            Operation("GetSecretValue", self._refuse),
            Operation("UpdateConfiguration", self._crash),
            Operation("UpdateState", self._wait),
            Operation("PauseComponent", self._refuse_later),
            Operation("ResumeComponent", self._crash_later),
            Operation("StopComponent", self._end_streams),
            Operation("SubscribeToConfigurationUpdate", self._send_too_early, streaming=True),
            Operation("SubscribeToComponentUpdates", self._end_at_once, streaming=True),
        ]

    def _count(self, call: Call) -> None:
        self.counts[call.operation] += 1
        self.latest = call

    def _nothing(self, call: Call) -> JsonObject:
        self._count(call)
        return {}

    def _echo(self, call: Call) -> JsonObject:
        """The request; a `keyPath` of ["fill", N] asks for a response of N bytes."""
        self._count(call)
        match call.request.get("keyPath"):
            case ["fill", size]:
                filling = "x" * int(size)
            case _:
                filling = ""
        return {"componentName": call.component, "value": {"request": call.request, "filling": filling}}

    def _publish(self, call: Call) -> JsonObject:
        self._count(call)
        for stream in self.streams:
            stream.send("SubscriptionResponseMessage", call.request.get("publishMessage", {}))
        return {}

    def _subscribe(self, call: Call) -> JsonObject:
        self._count(call)
        self.streams.append(call.stream)
        call.stream.on_close(lambda: self.streams.remove(call.stream))
        return {}

    def _refuse(self, call: Call) -> JsonObject:
        fields = {"resourceType": "Secret", "resourceName": "it"}
        shape = call.request["secretId"]
        raise RpcError(
            shape, f"{shape} was asked for", **(fields if shape == "ResourceNotFoundError" else {})
        )

    def _crash(self, call: Call) -> JsonObject:
        raise ZeroDivisionError(f"a defect in {call.operation}")

    async def _wait(self, call: Call) -> JsonObject:
        self._count(call)
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return {}

    async def _refuse_later(self, call: Call) -> JsonObject:
        await asyncio.sleep(0)
        raise service_error(f"{call.operation} was refused later")

    async def _crash_later(self, call: Call) -> JsonObject:
        await asyncio.sleep(0)
        raise ZeroDivisionError(f"a defect in {call.operation}")

    def _end_streams(self, call: Call) -> JsonObject:
        self._count(call)
        for stream in list(self.streams):
            stream.close()
        return {"stopStatus": "SUCCEEDED"}

    def _send_too_early(self, call: Call) -> JsonObject:
        event = {"configurationUpdateEvent": {"componentName": call.component, "keyPath": ["too early"]}}
        call.stream.send("ConfigurationUpdateEvents", event)
        asyncio.get_running_loop().call_soon(call.stream.send, "ConfigurationUpdateEvents", {})
        return {}

    def _end_at_once(self, call: Call) -> JsonObject:
        call.stream.close()
        return {}


class SampleCore:
    """A running server with the sample operations.

    Attributes:
        loop: The server's event loop.
        server: The server under test.
        tokens: Its tokens.
        operations: Its operations.
        token: A valid token, of COMPONENT.
    """

    def __init__(self, loop: LoopThread, socket_path: Path, dialect: Dialect) -> None:
        self.loop = loop
        self.tokens = Tokens()
        self.token = self.tokens.issue(COMPONENT)
        self.operations = SampleOperations()
        self.server = IpcServer(socket_path, self.tokens, self.operations.operations(), dialect)

    @property
    def address(self) -> Path:
        """What clients connect to."""
        return self.server.address

    @property
    def connection_count(self) -> int:
        """Open connections now."""
        return self.loop.call(lambda: self.server.connection_count)

    def is_waiting_for_a_reader(self) -> bool:
        """Whether the server reads no more of some client until that client has read."""
        return self.loop.call(
            lambda: not all(connection._transport.is_reading() for connection in self.server._connections)
        )


@contextmanager
def serving(folder: Path, dialect: Dialect = CLASSIC) -> Iterator[SampleCore]:
    """A sample core in this process, its event loop in a thread of its own."""
    with LoopThread() as loop:
        core = SampleCore(loop, folder / "ipc.socket", dialect)
        loop.run(core.server.start())
        try:
            yield core
        finally:
            loop.run(core.server.stop())


class Subscription:
    """What a subscriber has seen."""

    def __init__(self, client: GreengrassCoreIPCClientV2, topic: str = "t") -> None:
        self.messages: list[Any] = []
        self.errors: list[Exception] = []
        self.closed = threading.Event()
        _, self.operation = client.subscribe_to_topic(
            topic=topic,
            on_stream_event=lambda event: self.messages.append(event.json_message.message),
            on_stream_error=self.errors.append,
            on_stream_closed=self.closed.set,
        )


def json_message(content: Any) -> sdk.PublishMessage:
    """A message for `publish_to_topic`."""
    return sdk.PublishMessage(json_message=sdk.JsonMessage(message=content))


def is_answered(client: GreengrassCoreIPCClientV2) -> bool:
    """Whether the server serves this client."""
    response = client.get_configuration(key_path=["k"])
    return bool(response.component_name == COMPONENT)


class SampleProcess:
    """A sample core as a process of its own; a context manager that ends it.

    Args:
        folder: For its socket and its log.

    Attributes:
        pid: The server's process id.
        address: Its socket.
        token: A valid token, of COMPONENT.
        log: File of the errors it logged.
    """

    def __init__(self, folder: Path) -> None:
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.sample_ipc", str(folder / "ipc.socket")],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.pid = self._process.pid
        hello = json.loads(self._answer())
        self.address = Path(hello["address"])
        self.token = str(hello["token"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=PROCESS_END_S)

    def connection_count(self) -> int:
        """Open connections now."""
        assert self._process.stdin is not None
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        return int(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the server has ended: {self.log.read_text()}"
        return line


def main() -> None:
    """Serve until stdin ends; nothing but errors is logged, on stderr."""
    logging.basicConfig(level=logging.ERROR)
    tokens = Tokens()
    token = tokens.issue(COMPONENT)

    async def serve() -> None:
        server = IpcServer(Path(sys.argv[1]), tokens, SampleOperations().operations())
        await server.start()
        print(json.dumps({"address": str(server.address), "token": token}), flush=True)  # noqa: T201  the answer
        commands = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        while await commands.readline():
            print(server.connection_count, flush=True)  # noqa: T201  the answer
        await server.stop()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
