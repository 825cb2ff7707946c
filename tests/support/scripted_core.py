"""The local core's real IPC server with operations that do what a test tells them.

For tests of our own IPC gateway: the wire is real, the far end can be made to refuse, to say nothing, to end
a subscription or to go away. Runs in a thread of its own.
"""

import asyncio
import base64
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from local_core.ipc.rpc import Call, JsonObject, Operation, RpcError, Stream
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from support.loops import LoopThread

COMPONENT = "com.example.UnderTest"


class _ForgetfulTokens(Tokens):
    """Tokens that nobody owns for as long as they are forgotten."""

    forgotten = False

    def component_of(self, token: str) -> str | None:
        return None if self.forgotten else super().component_of(token)


class ScriptedCore:
    """Context manager; its attributes may be changed at any time.

    Attributes:
        token: Of the one component that may connect.
        published: The request of each publish, in the order in which they came.
        refused: Topic or filter -> shape of the modelled error that its requests get.
        silent: Names of operations that are never answered.
        unanswered_topics: Topics and filters whose requests are never answered.
        streams: Filter -> the streams open now, oldest first.
        subscribed: Filters in the order in which they were asked for, repeats included.
        calls: Names of the operations called, in order.
        most_unanswered: The most publishes that waited for their answers at one time.
    """

    def __init__(self, root: Path) -> None:
        self.published: list[JsonObject] = []
        self.refused: dict[str, str] = {}
        self.silent: set[str] = set()
        self.unanswered_topics: set[str] = set()
        self.streams: dict[str, list[Stream]] = defaultdict(list)
        self.subscribed: list[str] = []
        self.calls: list[str] = []
        self.most_unanswered = 0
        self._unanswered = 0
        self._may_answer: asyncio.Event | None = None
        self._loop = LoopThread()
        self._tokens = _ForgetfulTokens()
        self.token = self._tokens.issue(COMPONENT)
        operations = {
            "PublishToIoTCore": (self._publish, False),
            "SubscribeToIoTCore": (self._subscribe, True),
            "SubscribeToTopic": (self._subscribe, True),
            "GetConfiguration": (self._get_configuration, False),
        }
        self._server = IpcServer(
            root / "ipc.socket",
            self._tokens,
            [Operation(name, handler, streaming) for name, (handler, streaming) in operations.items()],
        )

    def __enter__(self) -> Self:
        self._loop.__enter__()
        self._loop.run(self._server.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._loop.run(self._server.stop())
        self._loop.__exit__(kind, error, where)

    @property
    def socket_path(self) -> str:
        """What a client connects to."""
        return str(self._server.address)

    @property
    def environment(self) -> dict[str, str]:
        """What a core tells a component that it starts."""
        return {
            "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": self.socket_path,
            "SVCUID": self.token,
        }

    @property
    def connection_count(self) -> int:
        """Open connections."""
        return self._server.connection_count

    def restart(self) -> None:
        """Drop every connection and listen again."""
        self._loop.run(self._server.restart())

    def stop_listening(self) -> None:
        """Drop every connection and listen no more."""
        self._loop.run(self._server.stop())

    def listen_again(self) -> None:
        """After `stop_listening`."""
        self._loop.run(self._server.start())

    def forget_token(self) -> None:
        """What a restart of a real core does to the tokens of running processes."""
        self._tokens.forgotten = True

    def remember_token(self) -> None:
        """After `forget_token`: what a core does that had not read its tokens yet."""
        self._tokens.forgotten = False

    def hold_answers(self) -> None:
        """Publishes get no answer until `give_answers`."""
        self._may_answer = self._loop.call(asyncio.Event)

    def give_answers(self) -> None:
        """After `hold_answers`: answer those that wait, and all that come."""
        assert self._may_answer is not None
        self._loop.call(self._may_answer.set)

    def deliver_iot_core(self, topic_filter: str, topic: str, payloads: Iterable[bytes]) -> None:
        """Send IoT Core messages on every open stream of a filter."""
        for payload in payloads:
            message = {"topicName": topic, "payload": base64.b64encode(payload).decode()}
            self.deliver(topic_filter, "IoTCoreMessage", {"message": message})

    def deliver_json(self, topic_filter: str, topic: str, *messages: Any) -> None:
        """Send JSON messages of a local topic on every open stream of a filter."""
        for message in messages:
            event = {"jsonMessage": {"message": message, "context": {"topic": topic}}}
            self.deliver(topic_filter, "SubscriptionResponseMessage", event)

    def deliver(self, topic_filter: str, shape: str, event: JsonObject) -> None:
        """Send one event of any shape on every open stream of a filter."""
        self._loop.call(self._deliver, topic_filter, shape, event)

    def end_streams(self, topic_filter: str) -> None:
        """End every stream of a filter from this side."""
        self._loop.call(self._end_streams, topic_filter)

    def payloads(self) -> list[Any]:
        """The payload of each publish, decoded from JSON."""
        return [orjson.loads(base64.b64decode(request["payload"])) for request in list(self.published)]

    def _deliver(self, topic_filter: str, shape: str, event: JsonObject) -> None:
        for stream in self.streams[topic_filter]:
            stream.send(shape, event)

    def _end_streams(self, topic_filter: str) -> None:
        for stream in list(self.streams[topic_filter]):
            stream.close()

    async def _publish(self, call: Call) -> JsonObject:
        self._unanswered += 1
        self.most_unanswered = max(self.most_unanswered, self._unanswered)
        try:
            await self._consider(call, call.request["topicName"])
            self.published.append(call.request)
            if self._may_answer is not None:
                await self._may_answer.wait()
        finally:
            self._unanswered -= 1
        return {}

    async def _subscribe(self, call: Call) -> JsonObject:
        topic_filter = call.request.get("topicName") or call.request["topic"]
        self.subscribed.append(topic_filter)
        await self._consider(call, topic_filter)
        streams = self.streams[topic_filter]
        streams.append(call.stream)
        call.stream.on_close(lambda: streams.remove(call.stream))
        return {}

    async def _get_configuration(self, call: Call) -> JsonObject:
        await self._consider(call, "/".join(call.request["keyPath"]))
        return {"componentName": COMPONENT, "value": {}}

    async def _consider(self, call: Call, resource: str) -> None:
        self.calls.append(call.operation)
        if call.operation in self.silent or resource in self.unanswered_topics:
            await asyncio.Event().wait()
        if resource in self.refused:
            raise RpcError(self.refused[resource], f"scripted for {resource}")
