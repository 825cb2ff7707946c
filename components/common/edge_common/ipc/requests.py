"""The SDK's request and event shapes, built from and read into plain values; topic and size limits.

Pure functions; any thread. Limits are checked here because the cores answer a broken one with ServiceError,
which says "try again" and would hold up everything behind the message (the classic nucleus in MqttClient).
"""

import json
from typing import Any

from awsiot.greengrasscoreipc import model

from edge_common.errors import PermanentError
from edge_common.ipc.delivery import Message
from edge_common.topics import IOT_CORE, MQTT, check_filter, check_topic

MAX_IOT_CORE_PAYLOAD_BYTES = 128 * 1024


def publish_to_iot_core(topic: str, payload: bytes, qos: int, max_payload_bytes: int) -> Any:
    """A PublishToIoTCoreRequest.

    Raises:
        PermanentError: The topic or the payload breaks a limit.
    """
    check_topic(topic, IOT_CORE)
    if len(payload) > max_payload_bytes:
        raise PermanentError(
            f'Message for IoT Core topic "{topic}" has {len(payload):,} bytes; {max_payload_bytes:,} are '
            "allowed. Send less at a time, or raise the limit if this core takes more.",
            code="too_large",
        )
    return model.PublishToIoTCoreRequest(topic_name=topic, payload=payload, qos=_qos(qos))


def subscribe_to_iot_core(topic_filter: str, qos: int) -> Any:
    """A SubscribeToIoTCoreRequest."""
    check_filter(topic_filter, IOT_CORE)
    return model.SubscribeToIoTCoreRequest(topic_name=topic_filter, qos=_qos(qos))


def subscribe_to_topic(topic_filter: str) -> Any:
    """A SubscribeToTopicRequest with the core's own receive mode."""
    check_filter(topic_filter, MQTT)
    return model.SubscribeToTopicRequest(topic=topic_filter)


def iot_core_message(event: Any) -> Message:
    """What an IoTCoreMessage carries.

    Raises:
        ValueError: The event has no message or no topic.
    """
    if event.message is None or event.message.topic_name is None:
        raise ValueError("IoTCoreMessage without message or topicName")
    return Message(event.message.topic_name, event.message.payload or b"")


def local_message(event: Any) -> Message:
    """What a SubscriptionResponseMessage carries.

    Raises:
        ValueError: The event has no message or no topic.
    """
    body = event.json_message or event.binary_message
    if body is None or body.context is None or body.context.topic is None:
        raise ValueError("SubscriptionResponseMessage without message, context or topic")
    if event.json_message is None:
        return Message(body.context.topic, body.message or b"")
    text = json.dumps(body.message, ensure_ascii=False, separators=(",", ":"))
    return Message(body.context.topic, text.encode())


def _qos(qos: int) -> str:
    if qos not in (0, 1):
        raise PermanentError(f"QoS {qos} is not possible with IoT Core; take 0 or 1.", code="bad_qos")
    return str(qos)
