"""`python -m mqtt_subscriber`: the component's process."""

from edge_common.runtime import run
from mqtt_subscriber.app import MqttSubscriber
from mqtt_subscriber.config import MqttSubscriberConfig

if __name__ == "__main__":
    raise SystemExit(run("com.example.MqttSubscriber", MqttSubscriberConfig, MqttSubscriber))
