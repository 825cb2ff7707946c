"""The publisher's settings; the recipe's DefaultConfiguration says the same."""

from typing import Annotated

from edge_common.config import ComponentConfig, checked, setting
from edge_common.messages import MAX_PAYLOAD_BYTES
from edge_common.outbox import OutboxConfig
from edge_common.sensors import SensorConfig
from edge_common.topics import check_topic


class MqttPublisherConfig(ComponentConfig):
    """Everything the publisher can be told."""

    data_topic: Annotated[str, checked(check_topic)] = setting(
        "{iot:thingName}/sensors/data", description="Topic of the readings, including those that wait."
    )
    heartbeat_topic: Annotated[str, checked(check_topic)] = setting(
        "{iot:thingName}/status/heartbeat", description="Topic of the heartbeats."
    )
    heartbeat_every: int = setting(
        10,
        ge=0,
        le=100_000,
        description="Delivered readings between two heartbeats; 0: no heartbeats.",
    )
    publish_interval_s: float = setting(
        5.0, unit="s", ge=0.01, le=86_400, description="Time from one reading to the next."
    )
    publish_timeout_s: float = setting(
        10.0,
        unit="s",
        ge=0.1,
        le=300,
        description="Longest time to wait for an answer before the reading is sent again.",
    )
    max_in_flight: int = setting(
        4,
        ge=1,
        le=100,
        description="Readings that may be sent before an answer comes; a heartbeat does not count. "
        "Greengrass "
        "Lite takes ten messages from all components together. 1: strictly one after the other.",
    )
    max_payload_bytes: int = setting(
        5_000,
        unit="bytes",
        ge=1_024,
        le=MAX_PAYLOAD_BYTES,
        description="A longer reading becomes a dead letter. Greengrass Lite takes no more; the classic "
        "nucleus takes 131072.",
    )
    give_up_after_s: float = setting(
        60.0,
        unit="s",
        ge=5,
        le=3_600,
        description="The component ends with an error after this time without a core.",
    )
    outbox: OutboxConfig = setting(OutboxConfig(), description="Where readings wait for delivery.")
    sensor: SensorConfig = setting(SensorConfig(), description="Where readings come from.")
