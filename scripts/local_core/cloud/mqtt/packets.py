"""Messages as paho-mqtt has them; with `connection` the only module that knows paho. Pure functions."""

from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from local_core.cloud.message import CloudMessage


def make_properties(packet_type: int, **values: object) -> Properties | None:
    """MQTT 5 properties of a packet; None when every value is None.

    Most messages have none, and making the object costs more than sending such a message.

    Args:
        packet_type: One of paho's `PacketTypes`.
        **values: By paho's names, e.g. `ContentType`; None means absent.
    """
    present = {name: value for name, value in values.items() if value is not None}
    if not present:
        return None
    properties = Properties(packet_type)  # type: ignore[no-untyped-call]  # paho has no types for it
    for name, value in present.items():
        setattr(properties, name, value)
    return properties


def publish_properties(message: CloudMessage) -> Properties | None:
    """What goes with a PUBLISH beside topic, payload, QoS and retain."""
    return make_properties(
        PacketTypes.PUBLISH,
        UserProperty=list(message.user_properties) or None,
        MessageExpiryInterval=message.message_expiry_interval_s,
        CorrelationData=message.correlation_data,
        ResponseTopic=message.response_topic,
        PayloadFormatIndicator=1 if message.payload_is_text else None,
        ContentType=message.content_type,
    )


def message_from_paho(received: MQTTMessage) -> CloudMessage:
    """A PUBLISH that has arrived."""
    properties = received.properties
    return CloudMessage(
        topic=received.topic,
        payload=bytes(received.payload),
        qos=received.qos,
        retain=received.retain,
        user_properties=tuple(getattr(properties, "UserProperty", ())),
        message_expiry_interval_s=getattr(properties, "MessageExpiryInterval", None),
        correlation_data=getattr(properties, "CorrelationData", None),
        response_topic=getattr(properties, "ResponseTopic", None),
        payload_is_text=getattr(properties, "PayloadFormatIndicator", 0) == 1,
        content_type=getattr(properties, "ContentType", None),
    )


def subscription_identifiers(received: MQTTMessage) -> list[int] | None:
    """For which subscriptions the broker sent it; None where the protocol (3.1.1) does not say."""
    identifiers: list[int] | None = getattr(received.properties, "SubscriptionIdentifier", None)
    return identifiers
