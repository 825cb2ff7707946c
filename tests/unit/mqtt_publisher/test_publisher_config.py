"""The publisher's settings: the bounds that keep it able to work."""

import json

import pytest

from edge_common.config import load_config
from edge_common.errors import ConfigError
from edge_common.messages import encode
from mqtt_publisher.config import MqttPublisherConfig
from mqtt_publisher.logic import Heartbeats

LONGEST_THING_NAME = "n" * 128  # AWS IoT: a thing name has 1 to 128 characters
MOST = 2**63 - 1


def loaded(**settings: object) -> MqttPublisherConfig:
    """The settings as a core hands them over."""
    return load_config(
        MqttPublisherConfig, {"GG_COMPONENT_CONFIG": json.dumps(settings), "AWS_IOT_THING_NAME": "core-1"}
    )


def test_payload_limit_that_no_message_would_pass_is_refused() -> None:
    with pytest.raises(ConfigError, match="/settings/max_payload_bytes: 148 is not allowed"):
        loaded(max_payload_bytes=148)


def test_longest_heartbeat_passes_the_smallest_payload_limit() -> None:
    smallest = loaded(max_payload_bytes=1024).max_payload_bytes
    counts = dict.fromkeys(
        ["messages_sent", "outbox_waiting", "outbox_dropped", "outbox_damaged", "outbox_dead"], MOST
    )
    heartbeat = Heartbeats(LONGEST_THING_NAME, 1, 20).next(1, counts, "2026-11-22T04:26:11.123Z")
    assert heartbeat is not None
    assert len(encode(heartbeat)) <= smallest
