"""PublishToTopic and SubscribeToTopic: messages between the components of one core.

The rules are those of the nucleus's PubSubIPCEventStreamAgent. A message goes to every matching stream once,
in the order of publishing, within the publisher's call; nothing is kept for anybody. Everything runs in the
core's event loop.
"""

from dataclasses import dataclass
from typing import Any

from local_core.ipc.authorization import PUBSUB, Authorizer
from local_core.ipc.rpc import Call, JsonObject, Operation, Stream, invalid_arguments
from local_core.ipc.topics import FilterTrie, Matching, has_wildcard
from local_core.settings import Flavor

RECEIVE_ALL_MESSAGES = "RECEIVE_ALL_MESSAGES"
RECEIVE_MESSAGES_FROM_OTHERS = "RECEIVE_MESSAGES_FROM_OTHERS"

_EVENT = "SubscriptionResponseMessage"
_KINDS = ("jsonMessage", "binaryMessage")


@dataclass(slots=True, eq=False)
class _Subscription:
    component: str
    topic_filter: str
    stream: Stream
    receives_own_messages: bool
    is_muted: bool = False


class PubSub:
    """Local publish/subscribe.

    Args:
        authorizer: Asked before every call.
        flavor: Lite ignores receiveMode: own messages always come back.
    """

    def __init__(self, authorizer: Authorizer, flavor: Flavor) -> None:
        self._authorizer = authorizer
        self._flavor = flavor
        self._open: dict[_Subscription, None] = {}
        self._by_topic: FilterTrie[_Subscription] = FilterTrie(Matching.PUBSUB)

    def operations(self) -> list[Operation]:
        """What the IPC server offers of this."""
        return [
            Operation("PublishToTopic", self.publish),
            Operation("SubscribeToTopic", self.subscribe, streaming=True),
        ]

    @property
    def subscription_count(self) -> int:
        """Open streams of SubscribeToTopic."""
        return len(self._open)

    def mute(self, component: str, topic_filter: str | None = None) -> int:
        """Fault: subscriptions die silently, exactly as `IotCore.mute` does it to those in the cloud."""
        dying = [
            subscription
            for subscription in self._open
            if subscription.component == component and topic_filter in (None, subscription.topic_filter)
        ]
        for subscription in dying:
            subscription.is_muted = True
        return len(dying)

    def publish(self, call: Call) -> JsonObject:
        """Answer PublishToTopic; nobody listening is a success."""
        topic = call.request.get("topic")
        if not isinstance(topic, str):
            raise invalid_arguments("Publish topic must not be null")
        self._authorizer.check(call.component, PUBSUB, call.operation, topic)
        if any(wildcard in topic for wildcard in "+#*"):
            raise invalid_arguments("Publish topic must not contain a wildcard.")
        event = _event_of(call.request.get("publishMessage"), topic)
        for subscription in self._by_topic.match(topic):
            if subscription.is_muted:
                continue
            if subscription.receives_own_messages or subscription.component != call.component:
                subscription.stream.send(_EVENT, event)
        return {}

    def subscribe(self, call: Call) -> JsonObject:
        """Answer SubscribeToTopic and open the stream."""
        topic = call.request.get("topic")
        if not isinstance(topic, str) or not topic:
            raise invalid_arguments("Subscribe topic must not be empty")
        self._authorizer.check(call.component, PUBSUB, call.operation, topic)
        mode = call.request.get("receiveMode")
        if mode not in (None, RECEIVE_ALL_MESSAGES, RECEIVE_MESSAGES_FROM_OTHERS):
            raise invalid_arguments(
                f"Receive mode must be {RECEIVE_ALL_MESSAGES} or {RECEIVE_MESSAGES_FROM_OTHERS}, not {mode}"
            )
        if mode is None:
            mode = RECEIVE_MESSAGES_FROM_OTHERS if has_wildcard(topic) else RECEIVE_ALL_MESSAGES
        receives_own_messages = self._flavor is Flavor.LITE or mode == RECEIVE_ALL_MESSAGES
        subscription = _Subscription(call.component, topic, call.stream, receives_own_messages)
        stop_matching = self._by_topic.add(topic, subscription)

        def close() -> None:
            stop_matching()
            self._open.pop(subscription, None)

        self._open[subscription] = None
        call.stream.on_close(close)
        return {}


def _event_of(publish_message: Any, topic: str) -> JsonObject:
    """The event of one message: the message as it was sent, with the core's own context."""
    if not isinstance(publish_message, dict):
        raise invalid_arguments("Publish message must not be null")
    present = [kind for kind in _KINDS if isinstance(publish_message.get(kind), dict)]
    if len(present) != 1:
        raise invalid_arguments("Publish message must have exactly one of jsonMessage and binaryMessage")
    kind = present[0]
    message = publish_message[kind].get("message")
    if message is None:
        raise invalid_arguments(f"The message of {kind} must not be null")
    return {kind: {"message": message, "context": {"topic": topic}}}
