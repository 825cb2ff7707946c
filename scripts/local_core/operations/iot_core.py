"""PublishToIoTCore and SubscribeToIoTCore: messages between components and the cloud.

Classic: a publish is answered as soon as the spooler holds it. Lite: it is answered when the broker has
acknowledged it, and fails at once while offline. Everything runs in the core's event loop.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from local_core.cloud.direct_publisher import DirectPublisher
from local_core.cloud.link import Link
from local_core.cloud.message import CloudMessage, check_publishable
from local_core.cloud.mqtt.connection import MqttError
from local_core.cloud.spooler import PublishError, Spooler
from local_core.ipc.authorization import MQTTPROXY, Authorizer
from local_core.ipc.rpc import Call, JsonObject, Operation, Stream, service_error
from local_core.ipc.topics import TopicError, check_filter
from local_core.operations.iot_core_requests import (
    event_of,
    lite_event_of,
    lite_payload_of,
    lite_topic_and_qos_of,
    message_of,
    qos_of,
    topic_of,
)
from local_core.settings import Flavor

MAX_PAYLOAD_BYTES = 131_072  # the nucleus's mqtt.maxMessageSizeInBytes; also AWS IoT Core's quota
MAX_COUNTED_TOPICS = 1_000
OTHER_TOPICS = "(other topics)"

# IOTCORED_NETWORK_BUFFER_SIZE of Lite's default build: a longer packet from the cloud is thrown away.
LITE_MAX_PACKET_BYTES = 5_000
_PACKET_OVERHEAD_BYTES = 7  # fixed header of a packet of this size, length of the topic, packet identifier

_LITE_NOT_PUBLISHED = "Failed to publish the message."
_LITE_NOT_SUBSCRIBED = "Failed to bind the subscription."


@dataclass(frozen=True, slots=True)
class IotCoreStatus:
    """Counters since the core's start.

    Attributes:
        published: Messages that the cloud has acknowledged.
        published_by_topic: The same by topic; beyond 1,000 topics the rest is counted as `(other topics)`.
        delivered: Events handed to components.
        spooled_messages: Stored now and not acknowledged; 0 on Lite.
        spooled_bytes: Their payloads.
        in_flight: Sent now and not acknowledged.
        dropped: Messages accepted and then lost on purpose, either way.
        subscriptions: Open streams of SubscribeToIoTCore.
        is_online: Whether the cloud can be reached.
    """

    published: int
    published_by_topic: dict[str, int]
    delivered: int
    spooled_messages: int
    spooled_bytes: int
    in_flight: int
    dropped: int
    subscriptions: int
    is_online: bool


class IotCore:
    """The way to the cloud and back.

    Args:
        authorizer: Asked before every call.
        link: The connection to the broker; started and stopped by its owner.
        flavor: Nucleus to imitate.
    """

    def __init__(self, authorizer: Authorizer, link: Link, flavor: Flavor) -> None:
        self._authorizer = authorizer
        self._link = link
        self._is_lite = flavor is Flavor.LITE
        self._spooler = Spooler(link, self._count_published)
        self._direct = DirectPublisher(link, self._count_published)
        self._subscriptions: dict[_Subscription, None] = {}
        self._published_by_topic: dict[str, int] = {}
        self._published = 0
        self._delivered = 0
        self._dropped = 0

    def operations(self) -> list[Operation]:
        """What the IPC server offers of this."""
        return [
            Operation("PublishToIoTCore", self.publish_lite if self._is_lite else self.publish),
            Operation("SubscribeToIoTCore", self.subscribe, streaming=True),
        ]

    def status(self) -> IotCoreStatus:
        """The counters now."""
        return IotCoreStatus(
            published=self._published,
            published_by_topic=dict(self._published_by_topic),
            delivered=self._delivered,
            spooled_messages=self._spooler.messages,
            spooled_bytes=self._spooler.stored_bytes,
            in_flight=self._direct.in_flight if self._is_lite else self._spooler.in_flight,
            dropped=self._dropped + self._spooler.dropped,
            subscriptions=len(self._subscriptions),
            is_online=self._link.is_online,
        )

    def mute(self, component: str, topic_filter: str | None = None) -> int:
        """Fault: subscriptions die silently, their streams stay open and get nothing more.

        Subscriptions made afterwards work: a new connection, or subscribing again, cures a component.

        Args:
            component: Whose subscriptions.
            topic_filter: Only those to exactly this filter; None means all.

        Returns:
            How many subscriptions died.
        """
        dying = [
            subscription
            for subscription in self._subscriptions
            if subscription.component == component and topic_filter in (None, subscription.topic_filter)
        ]
        for subscription in dying:
            subscription.is_muted = True
        return len(dying)

    async def wait_published(self, within_s: float) -> bool:
        """Wait until the spooler is empty; False when `within_s` seconds were not enough."""
        return await self._spooler.wait_empty(within_s)

    def publish(self, call: Call) -> JsonObject:
        """Answer PublishToIoTCore of the classic nucleus: success means stored."""
        topic = topic_of(call.request)
        self._authorizer.check(call.component, MQTTPROXY, call.operation, topic)
        message = message_of(call.request, topic)
        try:
            _check_size(message)
            check_publishable(message)
            self._spooler.publish(message)
        except (TopicError, PublishError) as error:
            raise service_error(f"Publish to topic {topic} failed: {error}") from error
        return {}

    async def publish_lite(self, call: Call) -> JsonObject:
        """Answer PublishToIoTCore of Lite: success means acknowledged by the broker."""
        topic, qos = lite_topic_and_qos_of(call.request)
        payload = lite_payload_of(call.request)
        self._authorizer.check(call.component, MQTTPROXY, call.operation, topic)
        if qos > 1:
            raise service_error(_LITE_NOT_PUBLISHED)  # AWS IoT Core has no QoS 2
        message = CloudMessage(topic, payload, qos)
        try:
            check_publishable(message)
            await self._direct.publish(message)
        except (TopicError, PublishError) as error:
            raise service_error(_LITE_NOT_PUBLISHED) from error
        return {}

    async def subscribe(self, call: Call) -> JsonObject:
        """Answer SubscribeToIoTCore after the SUBACK and open the stream."""
        topic_filter, qos = self._read_subscribe(call)
        subscription = _Subscription(call.component, topic_filter, call.stream, self._hand_over)
        try:
            check_filter(topic_filter)
            subscriber = await self._link.subscribe(topic_filter, qos, subscription.receive)
        except (TopicError, MqttError) as error:
            text = f"Subscribe to topic {topic_filter} failed with error {error}"
            raise service_error(_LITE_NOT_SUBSCRIBED if self._is_lite else text) from error

        def close() -> None:
            self._link.unsubscribe(subscriber)
            self._subscriptions.pop(subscription, None)

        self._subscriptions[subscription] = None
        call.stream.on_close(close)
        _after_the_response(subscription.open)
        return {}

    def _read_subscribe(self, call: Call) -> tuple[str, int]:
        if self._is_lite:
            topic_filter, qos = lite_topic_and_qos_of(call.request)
            self._authorizer.check(call.component, MQTTPROXY, call.operation, topic_filter)
            return topic_filter, min(qos, 1)  # AWS IoT Core grants no more
        topic_filter = topic_of(call.request)
        self._authorizer.check(call.component, MQTTPROXY, call.operation, topic_filter)
        return topic_filter, qos_of(call.request)

    def _hand_over(self, message: CloudMessage, stream: Stream) -> None:
        if not self._is_lite:
            stream.send("IoTCoreMessage", event_of(message))
        elif _packet_bytes(message) <= LITE_MAX_PACKET_BYTES:
            stream.send("IoTCoreMessage", lite_event_of(message))
        else:
            self._dropped += 1
            return
        self._delivered += 1

    def _count_published(self, message: CloudMessage) -> None:
        self._published += 1
        counts = self._published_by_topic
        topic = message.topic
        if topic not in counts and len(counts) >= MAX_COUNTED_TOPICS:
            topic = OTHER_TOPICS
        counts[topic] = counts.get(topic, 0) + 1


class _Subscription:
    """One open stream; holds messages back until the stream may carry events."""

    def __init__(
        self,
        component: str,
        topic_filter: str,
        stream: Stream,
        hand_over: Callable[[CloudMessage, Stream], None],
    ) -> None:
        self.component = component
        self.topic_filter = topic_filter
        self.is_muted = False
        self._stream = stream
        self._hand_over = hand_over
        self._early: list[CloudMessage] | None = []  # None once open; retained messages come at once

    def receive(self, message: CloudMessage) -> None:
        if self.is_muted:
            return
        if self._early is not None:
            self._early.append(message)
        else:
            self._hand_over(message, self._stream)

    def open(self) -> None:
        early, self._early = self._early or [], None
        for message in early:
            self.receive(message)


def _after_the_response(action: Callable[[], None]) -> None:
    # A handler that has just ended is answered in the next step of the loop; the step after that is ours.
    loop = asyncio.get_running_loop()
    loop.call_soon(loop.call_soon, action)


def _check_size(message: CloudMessage) -> None:
    size = len(message.payload)
    if size > MAX_PAYLOAD_BYTES:
        raise PublishError(
            f"The publishing message size {size} bytes exceeds the configured limit of "
            f"{MAX_PAYLOAD_BYTES} bytes"
        )


def _packet_bytes(message: CloudMessage) -> int:
    return len(message.topic.encode()) + len(message.payload) + _PACKET_OVERHEAD_BYTES
