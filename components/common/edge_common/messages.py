"""The payloads that leave and reach a component: JSON in UTF-8, one class each.

Owns their fields, encoding and strict decoding; pure, no threads. Timestamps are UTC with milliseconds and
`Z`, `(device_id, boot_id, sequence)` identifies a reading for ever, and no number is infinite or NaN.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

import orjson

from edge_common import strict_json
from edge_common.errors import PermanentError
from edge_common.timestamps import format_timestamp

# AWS IoT Core endpoints and quotas, "message size"; the nucleus checks it too (mqttclient/MqttClient.java).
MAX_PAYLOAD_BYTES = 128 * 1024
MAX_SEQUENCE = 2**63 - 1  # the largest that every consumer's 64-bit integer holds

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_MAX_ID_CHARACTERS = 128  # of an IoT thing name (AWS IoT API reference, CreateThing)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at all sensors of a source.

    Attributes:
        device_id: Thing name of the core that took it.
        timestamp: When, by the device's wall clock: `2026-11-22T04:26:11.123Z`.
        boot_id: Which start of the component it belongs to (`edge_common.clock`).
        sequence: Number within `boot_id`, from 0, rising by 1; a gap is a reading that was taken and could
            not be stored.
        sensors: Name of the quantity -> value, finite; units: temperature and cpu_temp in °C, humidity in %,
            pressure in hPa, light in lx.
    """

    device_id: str
    timestamp: str
    boot_id: str
    sequence: int
    sensors: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life of one component.

    Attributes:
        device_id: Thing name of the core.
        timestamp: When it was sent, as in `Reading`.
        status: "healthy", or "degraded" while messages cannot be delivered.
        messages_sent: How many messages the component has had confirmed since it started.
        details: Further fields of the payload, beside these; fixed words -> counts, seconds or words.
    """

    device_id: str
    timestamp: str
    status: Literal["healthy", "degraded"]
    messages_sent: int
    details: Mapping[str, float | str] = field(default_factory=dict)


def encode(message: Reading | Heartbeat) -> bytes:
    """Write `message` as its payload.

    Raises:
        PermanentError: A number is infinite or NaN, a text holds half of a surrogate pair, or a detail takes
            the name of a field; the error names the field.
    """
    payload: dict[str, Any] = {item.name: getattr(message, item.name) for item in fields(message)}
    if isinstance(message, Heartbeat):
        details = payload.pop("details")
        if taken := sorted(payload.keys() & details.keys()):
            raise PermanentError(f"heartbeat: details must not rename {taken}", code="bad_field")
        payload |= details
    else:
        payload["sensors"] = dict(message.sensors)
    _require_finite(payload, type(message).__name__.lower())
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError as error:
        raise PermanentError(f"{type(message).__name__.lower()}: {error}", code="bad_field") from error


def encode_batch(device_id: str, upload_time: datetime, readings: Sequence[bytes]) -> bytes:
    """Join encoded readings into the batch that S3 objects hold; the same arguments give the same bytes.

    Args:
        device_id: Thing name of the core.
        upload_time: When the batch was closed, by the device's wall clock.
        readings: As `encode` wrote them, at least one.

    Raises:
        PermanentError: One of them is no JSON object (code "not_json" or "not_object"): it would spoil the
            whole batch.
    """
    for reading in readings:
        try:
            value = orjson.loads(reading)
        except orjson.JSONDecodeError as error:
            raise PermanentError(f"a record of the batch is no JSON: {error}", code="not_json") from error
        if not isinstance(value, dict):
            raise PermanentError("a record of the batch is no JSON object", code="not_object")
    head = {
        "device_id": device_id,
        "upload_time": format_timestamp(upload_time),
        "record_count": len(readings),
    }
    return b"".join((orjson.dumps(head)[:-1], b',"records":[', b",".join(readings), b"]}"))


def decode_object(payload: bytes) -> dict[str, Any]:
    """Read a payload that must be one JSON object, whoever sent it.

    Raises:
        PermanentError: It is larger than `MAX_PAYLOAD_BYTES`, not UTF-8, not JSON, not an object, has a key
            twice, a number that is not finite, an integer beyond 64 bits or more than 32 levels; `code` is
            the fixed word of the reason.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        reason = f"the payload has {len(payload)} bytes and {MAX_PAYLOAD_BYTES} are allowed"
        raise PermanentError(reason, code="too_large")
    value, faults = strict_json.parse(payload)
    if faults:
        raise PermanentError(f"the payload was refused: {faults[0].reason}", code=faults[0].code)
    if not isinstance(value, dict):
        raise PermanentError("the payload is no JSON object", code="not_object")
    return value


def decode_reading(payload: bytes) -> Reading:
    """Read a reading strictly. Keys that a later version may add are left aside.

    Raises:
        PermanentError: As `decode_object`, or a field is missing or of the wrong type or form.
    """
    values = decode_object(payload)
    return Reading(
        device_id=_text(values, "device_id"),
        timestamp=_timestamp(values),
        boot_id=_text(values, "boot_id"),
        sequence=_sequence(values),
        sensors=_sensors(values),
    )


def _require_finite(values: Mapping[str, Any], path: str) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            _require_finite(value, f"{path}.{key}")
        elif isinstance(value, float) and not math.isfinite(value):
            reason = f"{path}.{key} is {value}: a sensor that cannot be read must be left out"
            raise PermanentError(reason, code="non_finite")


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_ID_CHARACTERS or not value.isprintable():
        raise _wrong(key, f"a text of 1 to {_MAX_ID_CHARACTERS} printable characters")
    return value


def _timestamp(values: Mapping[str, Any]) -> str:
    value = values.get("timestamp")
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return value
    raise _wrong("timestamp", "a UTC time such as 2026-11-22T04:26:11.123Z")


def _sequence(values: Mapping[str, Any]) -> int:
    value = values.get("sequence")
    if type(value) is not int or not 0 <= value <= MAX_SEQUENCE:
        raise _wrong("sequence", "a whole number from 0 to 2**63-1")
    return value


def _sensors(values: Mapping[str, Any]) -> dict[str, float]:
    value = values.get("sensors")
    if not isinstance(value, dict) or not all(type(number) in {int, float} for number in value.values()):
        raise _wrong("sensors", "an object of numbers")
    return {name: float(number) for name, number in value.items()}


def _wrong(key: str, allowed: str) -> PermanentError:
    return PermanentError(f"the reading's {key} is missing or wrong: it must be {allowed}", code="bad_field")
