"""`python -m mqtt_publisher`: the component's process."""

from edge_common.runtime import run
from mqtt_publisher.app import MqttPublisher
from mqtt_publisher.config import MqttPublisherConfig

if __name__ == "__main__":
    raise SystemExit(run("com.example.MqttPublisher", MqttPublisherConfig, MqttPublisher))
