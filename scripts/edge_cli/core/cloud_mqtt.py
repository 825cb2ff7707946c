"""The cloud's side of IoT Core: a client straight at the broker, past the core. The only user of paho.

paho's own thread runs the connection and calls the callbacks; publishing waits in the caller's thread.
MQTT 3.1.1, which every broker that the core may use understands.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_cli.core.topic_messages import TopicMessage
from edge_cli.errors import CommandError

TIMEOUT_S = 10.0
_REFUSED = 0x80  # MQTT 3.1.1 section 3.9.3: SUBACK return code for a refused filter


class CloudClient:
    """One clean session with the broker; a context manager that disconnects.

    Args:
        endpoint: `host:port`, as the core's status names it.
        on_message: Called on paho's thread for each message; None when nothing is subscribed.
        on_end: Called once on paho's thread when the broker ends the connection, not when `close` does.

    Raises:
        CommandError: The broker does not answer.
    """

    def __init__(
        self,
        endpoint: str,
        on_message: Callable[[TopicMessage], None] | None = None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        host, _, port = endpoint.rpartition(":")
        self._endpoint = endpoint
        self._closing = False
        self._connected = threading.Event()
        self._granted: dict[int, list[int]] = {}
        self._acknowledged = threading.Condition()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = lambda *_: None if self._closing else on_end()
        if on_message:
            self._client.on_message = lambda _client, _userdata, message: on_message(
                TopicMessage(datetime.now(UTC), message.topic, bytes(message.payload))
            )
        try:
            self._client.connect(host, int(port), keepalive=30)
        except OSError as error:
            raise CommandError(
                f"The broker at {endpoint} does not answer ({error.strerror or error}). "
                f"Is the core running? scripts/edge core status"
            ) from None
        self._client.loop_start()
        if not self._connected.wait(TIMEOUT_S):
            self.close()
            raise CommandError(
                f"The broker at {endpoint} did not accept a connection within {TIMEOUT_S:g} s."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect; messages already handed over stay handed over."""
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, topic_filter: str) -> None:
        """Listen with QoS 1; returns once the broker has granted it, so nothing published later is missed.

        Raises:
            CommandError: The filter is not one, or the broker refused it or did not answer.
        """
        try:
            _, message_id = self._client.subscribe(topic_filter, qos=1)
        except ValueError:
            raise CommandError(
                f"'{topic_filter}' is not a topic filter: '+' stands for one whole level, '#' for all below, "
                f"at the end only. Examples: 'a/+/c', 'a/#'"
            ) from None
        with self._acknowledged:
            answered = self._acknowledged.wait_for(lambda: message_id in self._granted, TIMEOUT_S)
        if not answered or _REFUSED in self._granted[message_id or 0]:
            raise CommandError(f"The broker at {self._endpoint} did not grant the filter '{topic_filter}'.")

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish; with QoS 1 returns once the broker has acknowledged.

        Raises:
            CommandError: The topic is not one, or the broker did not acknowledge.
        """
        try:
            info = self._client.publish(topic, payload, qos=qos, retain=retain)
            info.wait_for_publish(TIMEOUT_S)
        except ValueError as error:
            raise CommandError(
                f"Cannot publish to '{topic}': {str(error).rstrip('.')}. A topic has no '+' and no '#'."
            ) from None
        except RuntimeError as error:
            raise CommandError(f"The broker at {self._endpoint} did not take the message: {error}") from None
        if not info.is_published():
            raise CommandError(
                f"The broker at {self._endpoint} did not acknowledge the message within {TIMEOUT_S:g} s."
            )

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            self._connected.set()

    def _on_subscribe(self, _client: Any, _userdata: Any, message_id: int, reasons: Any, _props: Any) -> None:
        with self._acknowledged:
            self._granted[message_id] = [reason.value for reason in reasons]
            self._acknowledged.notify_all()
