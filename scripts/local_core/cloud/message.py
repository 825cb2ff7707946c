"""One message between a component and the cloud: plain values, whoever carries them."""

from dataclasses import dataclass

from local_core.ipc.topics import TopicError, check_publish_topic, check_text

MAX_EXPIRY_S = 4_294_967_295  # a four-byte integer (MQTT 5.0, section 3.3.2.3.3)
MAX_BINARY_BYTES = 65_535  # binary data are counted in two bytes (MQTT 5.0, section 1.5.6)


@dataclass(frozen=True, slots=True)
class CloudMessage:
    """What an MQTT 5 PUBLISH says; None means that a property is absent.

    Attributes:
        topic: The concrete topic.
        payload: Any bytes.
        qos: 0 or 1.
        retain: On the way up: the broker shall keep it; on the way down: it was kept.
        user_properties: Pairs of key and value, in order; a key may come twice.
        message_expiry_interval_s: Seconds the message stays deliverable.
        correlation_data: Any bytes.
        response_topic: Where an answer is expected.
        payload_is_text: The payload says of itself that it is UTF-8.
        content_type: A MIME type, or what the application agreed on.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    user_properties: tuple[tuple[str, str], ...] = ()
    message_expiry_interval_s: int | None = None
    correlation_data: bytes | None = None
    response_topic: str | None = None
    payload_is_text: bool = False
    content_type: str | None = None


def check_publishable(message: CloudMessage) -> None:
    """Refuse whatever a broker would answer by closing the connection.

    One such message would keep the link from ever working again: it would be sent anew after each reconnect.

    Raises:
        TopicError: The topic or a property breaks a rule of MQTT or of AWS IoT Core.
    """
    check_publish_topic(message.topic)
    if message.response_topic is not None:
        _check_response_topic(message.response_topic)
    if message.content_type is not None:
        check_text(message.content_type, "Content type")
    for key, value in message.user_properties:
        check_text(key, "User property key")
        check_text(value, "User property value")
    if message.correlation_data is not None and len(message.correlation_data) > MAX_BINARY_BYTES:
        raise TopicError(f"Correlation data must be no larger than {MAX_BINARY_BYTES} bytes")
    expiry_s = message.message_expiry_interval_s
    if expiry_s is not None and not 0 <= expiry_s <= MAX_EXPIRY_S:
        raise TopicError(f"Message expiry interval must be from 0 to {MAX_EXPIRY_S} seconds, not {expiry_s}")


def _check_response_topic(topic: str) -> None:
    check_text(topic, "Response topic")
    if not topic or "#" in topic or "+" in topic:
        raise TopicError(
            "Response topic must not be empty and must not contain wildcard characters of '#' or '+'"
        )
