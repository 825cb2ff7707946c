"""The cloud for tests: a broker, and beside it an MQTT client that shares no code with the core's link."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from local_core.cloud.broker import Broker, BrokerKind
from local_core.layout import Layout
from local_core.processes.children import Children
from support.loops import LoopThread
from support.waiting import wait_until

CONNECT_DEADLINE_S = 10.0
_KEEP_ALIVE_S = 60


@dataclass(frozen=True, slots=True)
class Observed:
    """One message as the cloud has got it; `properties` are paho's, None with MQTT 3.1.1."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties | None


class CloudObserver:
    """Context manager: subscribes to the broker and records every message in the order of arrival.

    paho calls back from a thread of its own; what is recorded may be read from any.

    Args:
        port: The broker's TCP port on loopback.
        topic_filter: What to observe.
        protocol: MQTT 5, or 3.1.1 with amqtt.
    """

    def __init__(
        self,
        port: int,
        topic_filter: str = "#",
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    ) -> None:
        self._port = port
        self._filter = topic_filter
        self._subscribed = threading.Event()
        self._lock = threading.Lock()
        self._seen: list[Observed] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._record

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port, _KEEP_ALIVE_S)
        self._client.loop_start()
        assert self._subscribed.wait(CONNECT_DEADLINE_S), f"no SUBACK from the broker on {self._port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def messages(self) -> list[Observed]:
        """Everything recorded so far."""
        with self._lock:
            return list(self._seen)

    @property
    def payloads(self) -> list[bytes]:
        """The payloads of everything recorded so far."""
        return [message.payload for message in self.messages]

    def wait_for(self, count: int, within_s: float) -> list[Observed]:
        """Wait until at least `count` messages have come; returns all that have.

        Raises:
            AssertionError: Fewer came within `within_s` seconds.
        """
        wait_until(lambda: len(self.messages) >= count, within_s, f"{count} messages in the cloud")
        return self.messages

    def publish(
        self,
        topic: str,
        *payloads: bytes,
        qos: int = 1,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        """Publish from the cloud, in order; returns when the broker has everything."""
        sent = [self._client.publish(topic, payload, qos, retain, properties) for payload in payloads]
        for one in sent:
            one.wait_for_publish(CONNECT_DEADLINE_S)

    def _subscribe(self, *_: Any) -> None:
        self._client.subscribe(self._filter, 1)

    def _record(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self._lock:
            self._seen.append(
                Observed(
                    message.topic,
                    bytes(message.payload),
                    message.qos,
                    message.retain,
                    message.properties,
                )
            )


def _send_at_once(_client: mqtt.Client, _userdata: Any, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else 40 ms for every 20 messages


@contextmanager
def running_broker(
    root: Path, kind: BrokerKind | None = None, port: int = 0
) -> Iterator[tuple[LoopThread, Broker]]:
    """A broker of a core on `root`, and the loop that it, its link and what else is under test live in."""
    with LoopThread() as loop:
        broker = loop.call(Broker, Layout(root), Children(root / "children.json"), port, kind)
        loop.run(broker.start())
        try:
            yield loop, broker
        finally:
            loop.run(broker.stop())
