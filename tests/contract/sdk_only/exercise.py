"""A component that uses only the AWS SDK: runs each operation and writes what came of it to results.json.

It shares no code with the project. Each result is "ok" or the name of the SDK's exception.
"""

import concurrent.futures
import datetime as dt
import json
import os
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    BinaryMessage,
    ConfigurationUpdateEvents,
    JsonMessage,
    PublishMessage,
)

DEADLINE_S = 10.0
BINARY = b"\x00\xff"
THING = os.environ["AWS_IOT_THING_NAME"]


def outcome(action: Callable[[], object]) -> str:
    """What came of one call."""
    try:
        action()
    except Exception as error:  # noqa: BLE001  the exception's name is the result
        return type(error).__name__
    return "ok"


def round_trip_local(client: GreengrassCoreIPCClientV2) -> None:
    """A message published on a local topic comes back to its own subscription."""
    arrived: queue.Queue[Any] = queue.Queue()
    _, handle = client.subscribe_to_topic(topic="granted/echo", on_stream_event=arrived.put)
    client.publish_to_topic(
        topic="granted/echo", publish_message=PublishMessage(json_message=JsonMessage(message={"n": 1}))
    )
    client.publish_to_topic(
        topic="granted/echo",
        publish_message=PublishMessage(binary_message=BinaryMessage(message=BINARY)),
    )
    first, second = arrived.get(timeout=DEADLINE_S), arrived.get(timeout=DEADLINE_S)
    handle.close().result(DEADLINE_S)
    if first.json_message.message != {"n": 1} or first.json_message.context.topic != "granted/echo":
        raise ValueError(first)
    if second.binary_message.message != BINARY:
        raise ValueError(second)


def round_trip_cloud(client: GreengrassCoreIPCClientV2) -> None:
    """A message published to IoT Core comes back through a subscription with a wildcard."""
    arrived: queue.Queue[Any] = queue.Queue()
    _, handle = client.subscribe_to_iot_core(
        topic_name=f"{THING}/granted/#", qos="1", on_stream_event=arrived.put
    )
    client.publish_to_iot_core(topic_name=f"{THING}/granted/echo", qos="1", payload=b"\x01\x02")
    event = arrived.get(timeout=DEADLINE_S)
    handle.close().result(DEADLINE_S)
    if (event.message.topic_name, event.message.payload) != (f"{THING}/granted/echo", b"\x01\x02"):
        raise ValueError(event)


def read_configuration(client: GreengrassCoreIPCClientV2) -> None:
    """The recipe's default is there, by a key of any case; a leaf comes back below its own name."""
    whole = client.get_configuration(key_path=["Settings"]).value
    leaf = client.get_configuration(key_path=["settings", "answer"]).value
    if str(whole["answer"]) != "42" or str(leaf["answer"]) != "42":
        raise ValueError((whole, leaf))


def change_configuration(client: GreengrassCoreIPCClientV2) -> None:
    """A change of its own configuration is told to its subscription and can be read back."""
    changed: queue.Queue[ConfigurationUpdateEvents] = queue.Queue()
    _, handle = client.subscribe_to_configuration_update(key_path=["settings"], on_stream_event=changed.put)
    client.update_configuration(
        key_path=["settings"],
        timestamp=dt.datetime.now(dt.UTC),
        value_to_merge={"learnt": "yes"},
    )
    event = changed.get(timeout=DEADLINE_S)
    handle.close().result(DEADLINE_S)
    if event.configuration_update_event.key_path[0] != "settings":
        raise ValueError(event)
    if client.get_configuration(key_path=["settings", "learnt"]).value != {"learnt": "yes"}:
        raise ValueError


def use_credentials() -> None:
    """boto3 finds credentials at the token exchange and puts an object with them."""
    boto3.client("s3").put_object(Bucket=os.environ["TEST_BUCKET"], Key="sdk-only.txt", Body=b"hello")


def main() -> None:
    """Everything once; the file appears whole or not at all."""
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        client = GreengrassCoreIPCClientV2(executor=executor)
        results = {
            "local_round_trip": outcome(lambda: round_trip_local(client)),
            "cloud_round_trip": outcome(lambda: round_trip_cloud(client)),
            "read_configuration": outcome(lambda: read_configuration(client)),
            "change_configuration": outcome(lambda: change_configuration(client)),
            "update_state": outcome(lambda: client.update_state(state="RUNNING")),
            "credentials": outcome(use_credentials),
            "publish_local_not_granted": outcome(
                lambda: client.publish_to_topic(
                    topic="other/topic", publish_message=PublishMessage(json_message=JsonMessage(message={}))
                )
            ),
            "subscribe_local_not_granted": outcome(
                lambda: client.subscribe_to_topic(topic="other/topic", on_stream_event=print)
            ),
            "publish_cloud_not_granted": outcome(
                lambda: client.publish_to_iot_core(topic_name=f"{THING}/other", qos="1", payload=b"x")
            ),
            "subscribe_cloud_not_granted": outcome(
                lambda: client.subscribe_to_iot_core(topic_name="#", qos="1", on_stream_event=print)
            ),
            "validate_token_not_granted": outcome(
                lambda: client.validate_authorization_token(token=os.environ["SVCUID"])
            ),
            "change_grants": outcome(
                lambda: client.update_configuration(
                    key_path=["accessControl"],
                    timestamp=dt.datetime.now(dt.UTC),
                    value_to_merge={"aws.greengrass.ipc.pubsub": {}},
                )
            ),
        }
        client.close()
    whole = Path("results.new")
    whole.write_text(json.dumps(results))
    whole.replace("results.json")


if __name__ == "__main__":
    main()
