import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from edge_common.messages import (
    MAX_PAYLOAD_BYTES,
    Heartbeat,
    Reading,
    decode_object,
    decode_reading,
    encode,
    encode_batch,
)
from edge_common.timestamps import format_timestamp

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=128)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
READINGS = st.builds(
    Reading,
    device_id=WORDS,
    timestamp=st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z"),
    boot_id=WORDS,
    sequence=st.integers(0, 2**63 - 1),
    sensors=st.dictionaries(WORDS, FINITE, max_size=8),
)
MOMENTS = st.datetimes(datetime.fromisoformat("1970-01-02"), timezones=st.timezones())
GOOD: dict[str, Any] = {
    "device_id": "orangepi5-core-001",
    "timestamp": "2026-11-22T04:26:11.123Z",
    "boot_id": "0123456789abcdef",
    "sequence": 17,
    "sensors": {"temperature": 24.31, "humidity": 55},
}


@given(READINGS)
def test_reading_survives_the_wire(reading: Reading) -> None:
    assert decode_reading(encode(reading)) == reading


def test_reading_has_the_documented_form() -> None:
    assert json.loads(encode(decode_reading(json.dumps(GOOD).encode()))) == GOOD


def test_keys_of_a_later_version_are_left_aside() -> None:
    later = json.dumps(GOOD | {"quality": "good"}).encode()
    assert decode_reading(later) == decode_reading(json.dumps(GOOD).encode())


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_number_that_is_not_finite_is_refused_with_the_name_of_its_field(number: float) -> None:
    reading = decode_reading(json.dumps(GOOD | {"sensors": {}}).encode())
    broken = Reading(
        reading.device_id, reading.timestamp, reading.boot_id, 0, {"humidity": 50.0, "light": number}
    )
    with pytest.raises(PermanentError, match=r"reading\.sensors\.light") as refusal:
        encode(broken)
    assert refusal.value.code == "non_finite"


def test_heartbeat_carries_its_details_beside_its_fields() -> None:
    heartbeat = Heartbeat("core", GOOD["timestamp"], "healthy", 170, {"uptime_s": 850.5})
    assert json.loads(encode(heartbeat)) == {
        "device_id": "core",
        "timestamp": GOOD["timestamp"],
        "status": "healthy",
        "messages_sent": 170,
        "uptime_s": 850.5,
    }


def test_detail_cannot_take_the_name_of_a_field() -> None:
    with pytest.raises(PermanentError, match="status"):
        encode(Heartbeat("core", GOOD["timestamp"], "healthy", 1, {"status": "superb"}))


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(PermanentError):
        encode(Heartbeat("core\ud800", GOOD["timestamp"], "healthy", 1))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"device_id": None}, "device_id"),
        ({"device_id": ""}, "device_id"),
        ({"device_id": 5}, "device_id"),
        ({"device_id": "a" * 129}, "device_id"),
        ({"device_id": "a\nb"}, "device_id"),
        ({"boot_id": ["x"]}, "boot_id"),
        ({"timestamp": "2026-11-22T04:26:11Z"}, "timestamp"),
        ({"timestamp": "2026-11-22T04:26:11.123+00:00"}, "timestamp"),
        ({"timestamp": "2026-13-22T04:26:11.123Z"}, "timestamp"),
        ({"timestamp": "٢٠٢٦-11-22T04:26:11.123Z"}, "timestamp"),
        ({"timestamp": 1_700_000_000}, "timestamp"),
        ({"sequence": -1}, "sequence"),
        ({"sequence": 1.0}, "sequence"),
        ({"sequence": "1"}, "sequence"),
        ({"sequence": True}, "sequence"),
        ({"sequence": 2**63}, "sequence"),
        ({"sensors": [1, 2]}, "sensors"),
        ({"sensors": {"temperature": "24"}}, "sensors"),
        ({"sensors": {"temperature": None}}, "sensors"),
        ({"sensors": {"temperature": True}}, "sensors"),
        ({"sensors": {"temperature": {"celsius": 24}}}, "sensors"),
    ],
)
def test_reading_with_a_wrong_field_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(PermanentError, match=f"reading's {field} ") as refusal:
        decode_reading(json.dumps(GOOD | change).encode())
    assert refusal.value.code == "bad_field"


@pytest.mark.parametrize("missing", list(GOOD))
def test_reading_without_a_field_is_refused_by_name(missing: str) -> None:
    rest = {key: value for key, value in GOOD.items() if key != missing}
    with pytest.raises(PermanentError, match=f"reading's {missing} "):
        decode_reading(json.dumps(rest).encode())


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b"[]", "not_object"),
        (b"24.31", "not_object"),
        (b'{"sequence": 1, "sequence": 2}', "duplicate_key"),
        (b'{"sensors": {"temperature": NaN}}', "non_finite"),
        (b'{"sequence": 99999999999999999999}', "integer_range"),
        (b'{"sensors": ' + b"[" * 40 + b"]" * 40 + b"}", "too_deep"),
        (b" " * (MAX_PAYLOAD_BYTES + 1), "too_large"),
    ],
)
def test_payload_that_is_no_strict_json_object_is_refused_by_a_fixed_word(payload: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        decode_object(payload)
    assert refusal.value.code == code


@given(st.binary(max_size=300))
def test_any_payload_ends_in_a_reading_or_in_our_error(payload: bytes) -> None:
    with pytest.raises(PermanentError):
        decode_reading(payload)


@given(WORDS, MOMENTS, st.lists(READINGS, min_size=1, max_size=5))
def test_batch_holds_its_readings_as_they_were_encoded(
    device_id: str, upload_time: datetime, readings: list[Reading]
) -> None:
    batch = json.loads(encode_batch(device_id, upload_time, [encode(reading) for reading in readings]))
    assert list(batch) == ["device_id", "upload_time", "record_count", "records"]
    assert (batch["device_id"], batch["upload_time"]) == (device_id, format_timestamp(upload_time))
    assert batch["record_count"] == len(readings)
    assert [decode_reading(json.dumps(record).encode()) for record in batch["records"]] == readings


@pytest.mark.parametrize(
    ("record", "code"),
    [(b"", "not_json"), (b"{}]}", "not_json"), (b"{},{}", "not_json"), (b"[]", "not_object")],
)
def test_record_that_would_spoil_its_batch_is_refused(record: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        encode_batch("core", datetime(2026, 11, 22, tzinfo=UTC), [b"{}", record])
    assert refusal.value.code == code
