"""What a batch of readings becomes, which must be the same for ever: it is sent again after a restart."""

import json
from datetime import UTC, datetime
from hashlib import sha256

from edge_common.messages import Reading, encode
from edge_common.outbox import Frozen
from s3_batch_uploader.readings import preparing

THING = "orangepi5-core-001"
FROZEN_AT = datetime(2026, 11, 22, 23, 59, 59, 123_456, tzinfo=UTC)


def frozen(count: int) -> Frozen:
    """So many readings, from number 7 on."""
    readings = [
        encode(Reading(THING, "2026-11-22T04:26:11.123Z", "boot", number, {"temperature": 21.5}))
        for number in range(count)
    ]
    return Frozen(7, 6 + count, FROZEN_AT, tuple(readings))


def test_an_object_is_made_of_its_batch_and_of_nothing_else() -> None:
    """Neither of the time at which it is made, nor of who makes it."""
    parcel = preparing("sensor-data", THING)(frozen(2))

    assert json.loads(parcel.body) == {
        "device_id": THING,
        "upload_time": "2026-11-22T23:59:59.123Z",
        "record_count": 2,
        "records": [json.loads(record) for record in frozen(2).records],
    }
    assert parcel.name == (f"sensor-data/{THING}/2026/11/22/7-8-{sha256(parcel.body).hexdigest()[:16]}.json")
    assert preparing("sensor-data", THING)(frozen(2)) == parcel
