"""Which filters may be set, by the source of the messages."""

import json
from typing import Any

import pytest

from edge_common.config import load_config
from edge_common.errors import ConfigError
from mqtt_subscriber.config import MqttSubscriberConfig

DEEP = "/".join("abcdefghi")
LONG = "é" * 129


def filters_of(*subscriptions: dict[str, Any]) -> list[str]:
    """The filters that are made of these settings."""
    settings = json.dumps({"subscriptions": subscriptions})
    config = load_config(MqttSubscriberConfig, {"GG_COMPONENT_CONFIG": settings, "AWS_IOT_THING_NAME": "t"})
    return [made.filter for made in config.subscriptions]


@pytest.mark.parametrize("topic_filter", [DEEP, LONG])
def test_a_local_filter_may_be_longer_and_deeper_than_one_of_iot_core(topic_filter: str) -> None:
    assert filters_of({"source": "local", "filter": topic_filter}) == [topic_filter]


@pytest.mark.parametrize("source", [{"source": "iot_core"}, {}])
@pytest.mark.parametrize(
    ("topic_filter", "reason"),
    [(DEEP, "8 slashes and 7 are allowed"), (LONG, "258 bytes and 256 are allowed")],
)
def test_a_filter_of_iot_core_keeps_its_limits(
    source: dict[str, str], topic_filter: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=rf"/settings/subscriptions/0/filter: .*{reason}"):
        filters_of({**source, "filter": topic_filter})


def test_a_filter_that_is_none_is_refused_whatever_its_source() -> None:
    with pytest.raises(ConfigError) as refusal:
        filters_of({"source": "local", "filter": "a/b+"}, {"source": "nowhere", "filter": "a+"})
    assert [fault.partition(": ")[0] for fault in refusal.value.faults] == [
        "/settings/subscriptions/0/filter",
        "/settings/subscriptions/1/source",
        "/settings/subscriptions/1/filter",
    ]
