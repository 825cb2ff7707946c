"""What PublishToIoTCore and SubscribeToIoTCore carry, to and from plain messages.

Classic: the order of checks and the texts of the nucleus's MqttProxyIPCAgent. Lite: those of ggipcd, which
knows topic, payload and QoS only and calls everything a ServiceError. Pure functions.
"""

import binascii
from typing import Any, TypeVar

from local_core.cloud.message import CloudMessage
from local_core.ipc.rpc import JsonObject, invalid_arguments, service_error

_QOS = {"0": 0, "1": 1}
_PAYLOAD_FORMATS = {"0": False, "1": True}  # BYTES, UTF8
_LITE_INVALID = "Received invalid parameters."

Value = TypeVar("Value")


def topic_of(request: JsonObject) -> str:
    """`topicName` of either request; the classic nucleus checks it before anything else."""
    return _required(request, "topicName", str, "Topic is required")


def qos_of(request: JsonObject) -> int:
    """`qos` of either request."""
    qos = _required(request, "qos", str, "QoS is required")
    if qos not in _QOS:
        raise invalid_arguments(f"Invalid QoS value: {qos}")
    return _QOS[qos]


def message_of(request: JsonObject, topic: str) -> CloudMessage:
    """The message of PublishToIoTCore."""
    payload = _base64(_required(request, "payload", str, "Payload is required"), "payload")
    qos = qos_of(request)
    correlation = _optional(request, "correlationData", str)
    payload_format = _optional(request, "payloadFormat", str)
    if payload_format is not None and payload_format not in _PAYLOAD_FORMATS:
        raise invalid_arguments(f"Invalid payload format: {payload_format}")
    return CloudMessage(
        topic,
        payload,
        qos,
        retain=_optional(request, "retain", bool) or False,
        user_properties=tuple(
            (_required(pair, "key", str, "A user property has no key"), _optional(pair, "value", str) or "")
            for pair in _optional(request, "userProperties", list) or ()
        ),
        message_expiry_interval_s=_optional(request, "messageExpiryIntervalSeconds", int),
        correlation_data=None if correlation is None else _base64(correlation, "correlationData"),
        response_topic=_optional(request, "responseTopic", str),
        payload_is_text=_PAYLOAD_FORMATS[payload_format or "0"],
        content_type=_optional(request, "contentType", str),
    )


def event_of(message: CloudMessage) -> JsonObject:
    """IoTCoreMessage of the classic nucleus; as there, retain and payloadFormat are always present."""
    optional = {
        "messageExpiryIntervalSeconds": message.message_expiry_interval_s,
        "correlationData": message.correlation_data and _to_base64(message.correlation_data),
        "responseTopic": message.response_topic,
        "contentType": message.content_type,
        "userProperties": [{"key": key, "value": value} for key, value in message.user_properties] or None,
    }
    return {
        "message": {
            "topicName": message.topic,
            "payload": _to_base64(message.payload),
            "retain": message.retain,
            "payloadFormat": "1" if message.payload_is_text else "0",
            **{name: value for name, value in optional.items() if value is not None},
        }
    }


def lite_topic_and_qos_of(request: JsonObject) -> tuple[str, int]:
    """`topicName` and `qos` as Lite reads them: QoS may be absent, and QoS 2 passes here."""
    topic, qos = request.get("topicName"), request.get("qos", "0")
    if not isinstance(topic, str) or not isinstance(qos, str):
        raise service_error(_LITE_INVALID)
    if not qos.isdecimal():
        raise service_error("Failed to parse 'qos' string value.")
    if int(qos) > 2:  # noqa: PLR2004  the highest QoS of MQTT
        raise service_error("'qos' not a valid value.")
    return topic, int(qos)


def lite_payload_of(request: JsonObject) -> bytes:
    """`payload` as Lite reads it: absent means empty."""
    payload = request.get("payload", "")
    if not isinstance(payload, str):
        raise service_error(_LITE_INVALID)
    try:
        return binascii.a2b_base64(payload, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise service_error("'payload' is not valid base64.") from error


def lite_event_of(message: CloudMessage) -> JsonObject:
    """IoTCoreMessage of Lite."""
    return {"message": {"topicName": message.topic, "payload": _to_base64(message.payload)}}


def _required(request: Any, key: str, kind: type[Value], refusal: str) -> Value:
    value = _optional(request, key, kind)
    if value is None:
        raise invalid_arguments(refusal)
    return value


def _optional(request: Any, key: str, kind: type[Value]) -> Value | None:
    if not isinstance(request, dict):
        raise invalid_arguments(f"{key} is missing: its owner is no JSON object")
    value = request.get(key)
    if value is None:
        return None
    if type(value) is not kind:  # not isinstance: true and false are no numbers here
        raise invalid_arguments(f"{key} must be of type {kind.__name__}, not {type(value).__name__}")
    return value


def _base64(text: str, key: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:  # ValueError: not ASCII
        raise invalid_arguments(f"{key} is not valid base64: {error}") from error


def _to_base64(payload: bytes) -> str:
    return binascii.b2a_base64(payload, newline=False).decode("ascii")
