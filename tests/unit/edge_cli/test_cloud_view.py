"""The cloud's end of a demo: which messages are readings."""

from datetime import UTC, datetime

import pytest

from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo.cloud_view import CloudView, reading_id
from edge_cli.demo.reconcile import Ledger, ReadingId

READING = b'{"device_id": "t", "boot_id": "6f1c", "sequence": 3, "sensors": {"cpu_temp": 48.2}}'


def _message(payload: bytes, topic: str = "t/sensors/data") -> TopicMessage:
    return TopicMessage(datetime.now(UTC), topic, payload)


def test_reading_is_known_by_boot_id_and_sequence() -> None:
    assert reading_id(_message(READING)) == ReadingId("6f1c", 3)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[1, 2]",
        b'{"device_id": "t", "status": "healthy", "messages_sent": 10}',
        b'{"boot_id": "6f1c", "sequence": "3", "sensors": {}}',
        b'{"boot_id": "6f1c", "sequence": 3}',
    ],
)
def test_anything_else_is_no_reading(payload: bytes) -> None:
    assert reading_id(_message(payload)) is None


def test_every_message_counts_by_topic_and_readings_go_into_the_ledger() -> None:
    ledger = Ledger()
    view = CloudView(ledger)
    for message in (
        _message(READING),
        _message(READING),
        _message(b'{"status": "healthy"}', "t/status/heartbeat"),
    ):
        view.receive(message)
    assert len(view.take(0)) == 2
    assert view.by_topic == {"t/sensors/data": 2, "t/status/heartbeat": 1}
    assert (ledger.balance().delivered, ledger.balance().duplicated) == (1, 1)
