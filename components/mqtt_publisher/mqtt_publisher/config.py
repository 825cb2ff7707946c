"""The publisher's settings; the recipe's DefaultConfiguration says the same."""

from typing import Annotated, Literal

from edge_common.config import ComponentConfig, checked, setting
from edge_common.sensors import SensorConfig
from edge_common.topics import check_topic


class MqttPublisherConfig(ComponentConfig):
    """Everything the publisher can be told."""

    data_topic: Annotated[str, checked(check_topic)] = setting(
        "{iot:thingName}/sensors/data", description="Topic of the readings."
    )
    heartbeat_topic: Annotated[str, checked(check_topic)] = setting(
        "{iot:thingName}/status/heartbeat", description="Topic of the heartbeats."
    )
    heartbeat_every: int = setting(
        10, ge=0, le=100_000, description="A heartbeat follows every so many readings; 0: none."
    )
    publish_interval_s: float = setting(
        5.0, unit="s", ge=0.01, le=86_400, description="Time from one reading to the next."
    )
    publish_timeout_s: float = setting(
        10.0, unit="s", ge=0.1, le=300, description="How long one message is tried before it is given up."
    )
    qos: Literal[0, 1] = setting(1, description="MQTT quality of service; 0 is dropped while offline.")
    give_up_after_s: float = setting(
        60.0,
        unit="s",
        ge=5,
        le=3_600,
        description="Without a core for so long the component ends with an error.",
    )
    sensor: SensorConfig = setting(SensorConfig(), description="Where readings come from.")
