"""What goes wrong beside a whole core, on request or by itself, seen by the unmodified SDK and boto3."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from awscrt.exceptions import AwsCrtError
from awsiot.eventstreamrpc import ConnectionClosedError, StreamClosedError
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import QOS, BinaryMessage, PublishMessage, ServiceError
from botocore.config import Config
from botocore.exceptions import ClientError, CredentialRetrievalError, HTTPClientError

from local_core.cloud.spooler import MAX_IN_FLIGHT_OF_BACKLOG
from local_core.errors import CoreError
from support.cloud import CloudObserver
from support.core import RunningCore, running_core
from support.ipc import connect
from support.served import Events
from support.waiting import wait_until

WITHIN_S = 20.0
# How the SDK tells of a connection that is gone; which it is depends on the moment.
GONE = (ConnectionClosedError, StreamClosedError, AwsCrtError, RuntimeError)
CLI = "aws.greengrass.Cli"


@pytest.fixture
def core(tmp_path: Path) -> Iterator[RunningCore]:
    with running_core(tmp_path / "core") as core:
        yield core


def log_of(core: RunningCore) -> str:
    return (core.root / "logs" / "greengrass.log").read_text()


def child_of(core: RunningCore, name: str) -> int:
    """The process id of a child, by a word of its command line."""
    children = json.loads((core.root / "config" / "children.json").read_text())
    text = json.dumps(children)
    found = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.parent.name in text and name.encode() in path.read_bytes()
    ]
    (pid,) = found
    return pid


@pytest.fixture
def environment(core: RunningCore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the core gives a component that uploads, and no other credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", core.endpoints["token_exchange"])
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", core.cli_token)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", core.endpoints["s3"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", core.status()["region"])


@contextmanager
def s3_client() -> Iterator[Any]:
    """A new boto3 session; each fetches credentials of its own."""
    client = boto3.session.Session().client("s3", config=Config(retries={"total_max_attempts": 1}))
    try:
        yield client
    finally:
        client.close()


def test_broker_that_is_killed_is_said_shown_and_started_again_on_its_port(core: RunningCore) -> None:
    broker = child_of(core, "mosquitto")
    events = Events()
    with connect(Path(core.endpoints["ipc"]), core.cli_token) as client:
        client.subscribe_to_iot_core(topic_name="down", qos=QOS.AT_LEAST_ONCE, on_stream_event=events.add)
        assert core.status()["services"]["mqtt"] == {"state": "running", "restarts": 0}
        os.kill(broker, signal.SIGKILL)
        wait_until(lambda: core.status()["services"]["mqtt"]["restarts"] == 1, WITHIN_S, "a restart")
        wait_until(lambda: core.status()["online"], WITHIN_S, "the link")
        with CloudObserver(core.mqtt_port, "up") as cloud:
            client.publish_to_iot_core(topic_name="up", payload=b"1", qos=QOS.AT_LEAST_ONCE)
            cloud.publish("down", b"2")

            assert cloud.wait_for(1, WITHIN_S)[0].payload == b"1"
            assert events.wait_for(1)[0].message.payload == b"2"

    assert child_of(core, "mosquitto") != broker
    assert core.status()["services"]["mqtt"] == {"state": "running", "restarts": 1}
    (said,) = [line for line in log_of(core).splitlines() if "[ERROR]" in line]
    assert f"(process {broker}) ended by itself: killed by SIGKILL" in said
    assert "broker.log" in said


@pytest.mark.usefixtures("environment")
def test_s3_that_is_killed_is_said_shown_and_started_again_with_an_empty_bucket(core: RunningCore) -> None:
    server = child_of(core, "cloud.s3.server")
    bucket = core.status()["bucket"]
    with s3_client() as s3:
        s3.put_object(Bucket=bucket, Key="before", Body=b"x")
        core.ask("expire_credentials")
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: core.status()["services"]["s3"]["restarts"] == 1, WITHIN_S, "a restart")

        with pytest.raises(ClientError, match="ExpiredToken"):
            s3.list_objects_v2(Bucket=bucket)
    with s3_client() as s3:
        s3.put_object(Bucket=bucket, Key="after", Body=b"x")
        assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["after"]

    (said,) = [line for line in log_of(core).splitlines() if "[ERROR]" in line]
    assert "All objects in bucket" in said


def test_service_that_cannot_be_started_again_is_down_until_it_can(core: RunningCore) -> None:
    configuration = core.root / "cloud" / "mosquitto.conf"
    configuration.unlink()
    configuration.mkdir()
    os.kill(child_of(core, "mosquitto"), signal.SIGKILL)
    wait_until(lambda: "is down; the next try" in log_of(core), WITHIN_S, "a try that failed")
    assert core.status()["services"]["mqtt"] == {"state": "down", "restarts": 0}
    assert core.status()["online"] is False

    configuration.rmdir()
    wait_until(lambda: core.status()["online"], WITHIN_S, "the broker again")
    assert core.status()["services"]["mqtt"] == {"state": "running", "restarts": 1}


@pytest.mark.usefixtures("environment")
def test_expired_credentials_are_refused_and_new_ones_are_given(core: RunningCore) -> None:
    bucket = core.status()["bucket"]
    with s3_client() as s3:
        s3.put_object(Bucket=bucket, Key="before", Body=b"x")
        assert core.ask("expire_credentials") == {"expired_credentials": 1}
        with pytest.raises(ClientError, match="ExpiredToken"):
            s3.put_object(Bucket=bucket, Key="after", Body=b"x")
    with s3_client() as s3:
        s3.put_object(Bucket=bucket, Key="after", Body=b"x")


@pytest.mark.usefixtures("environment")
def test_nothing_of_the_cloud_is_in_reach_in_an_outage_and_everything_after_it(core: RunningCore) -> None:
    bucket = core.status()["bucket"]
    with s3_client() as s3, CloudObserver(core.mqtt_port, "x") as cloud:
        s3.put_object(Bucket=bucket, Key="before", Body=b"x")
        core.ask("expire_credentials")
        core.ask("offline")
        with pytest.raises(HTTPClientError):
            s3.put_object(Bucket=bucket, Key="outage", Body=b"x")
        with pytest.raises(CredentialRetrievalError), s3_client():
            pytest.fail("credentials came")
        with connect(Path(core.endpoints["ipc"]), core.cli_token) as client:
            client.publish_to_iot_core(topic_name="x", payload=b"1", qos=QOS.AT_LEAST_ONCE)
            assert core.status()["iot_core"]["spooled_messages"] == 1
        assert cloud.payloads == []
        core.ask("online")

        assert cloud.wait_for(1, WITHIN_S)[0].payload == b"1"
    with s3_client() as s3:
        s3.put_object(Bucket=bucket, Key="after", Body=b"x")
        assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [
            "after",
            "before",
        ]


@pytest.mark.usefixtures("environment")
def test_s3_alone_is_out_of_reach_also_when_it_was_started_again(core: RunningCore) -> None:
    bucket = core.status()["bucket"]
    with s3_client() as s3:
        s3.put_object(Bucket=bucket, Key="before", Body=b"x")
        core.ask("offline", only="s3")
        with pytest.raises(HTTPClientError):
            s3.put_object(Bucket=bucket, Key="large", Body=bytes(5 << 20))
        assert core.status()["online"] is True
        os.kill(child_of(core, "cloud.s3.server"), signal.SIGKILL)
        wait_until(lambda: core.status()["services"]["s3"]["restarts"] == 1, WITHIN_S, "a restart")
        with pytest.raises(HTTPClientError):
            s3.list_objects_v2(Bucket=bucket)
        core.ask("online")

        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert (core.root / "logs" / "s3.log").read_text() == ""


def test_what_is_offline_since_when_is_kept_until_it_is_back(core: RunningCore) -> None:
    since = core.ask("offline", only="s3")["away"]["s3"]
    assert core.ask("offline")["away"]["s3"] == since
    assert core.ask("online")["back"] == ["iot-core", "s3", "credentials"]
    assert core.status()["away"] == {}
    with pytest.raises(CoreError, match="no service 'moon'; there are iot-core, s3, credentials"):
        core.ask("offline", only="moon")


def test_muted_subscriptions_hear_nothing_more_and_new_ones_do(core: RunningCore) -> None:
    """Those to IoT Core and those of this core alike: a component must notice by itself either way."""
    from_cloud, local, new_from_cloud, new_local = Events(), Events(), Events(), Events()

    def subscribe(client: GreengrassCoreIPCClientV2, cloud_events: Events, local_events: Events) -> None:
        client.subscribe_to_iot_core(topic_name="a", qos=QOS.AT_LEAST_ONCE, on_stream_event=cloud_events.add)
        client.subscribe_to_topic(topic="a", on_stream_event=local_events.add)

    with (
        connect(Path(core.endpoints["ipc"]), core.cli_token) as client,
        CloudObserver(core.mqtt_port, "x") as cloud,
    ):

        def publish(payload: bytes) -> None:
            cloud.publish("a", payload)
            message = PublishMessage(binary_message=BinaryMessage(message=payload))
            client.publish_to_topic(topic="a", publish_message=message)

        subscribe(client, from_cloud, local)
        publish(b"1")
        from_cloud.wait_for(1)
        local.wait_for(1)
        assert core.ask("mute_subscription", component=CLI, topic_filter="b") == {"muted_subscriptions": 0}
        assert core.ask("mute_subscription", component=CLI) == {"muted_subscriptions": 2}
        subscribe(client, new_from_cloud, new_local)
        publish(b"2")

        assert [event.message.payload for event in new_from_cloud.wait_for(1)] == [b"2"]
        assert [event.binary_message.message for event in new_local.wait_for(1)] == [b"2"]
        assert [event.message.payload for event in from_cloud.seen] == [b"1"]
        assert [event.binary_message.message for event in local.seen] == [b"1"]


@pytest.mark.parametrize("flavor", ["classic", "lite"])
def test_connections_end_with_ipc_and_only_lite_forgets_who_was_who(tmp_path: Path, flavor: str) -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.example.X",
        "ComponentVersion": "1.0.0",
        "Manifests": [
            {
                "Platform": {"os": "linux", "runtime": "*"},
                "Lifecycle": {"run": {"Script": "echo $SVCUID > token; exec sleep 1000"}},
            }
        ],
    }
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "com.example.X-1.0.0.json").write_text(json.dumps(recipe))
    with running_core(tmp_path / "core", "--flavor", flavor) as core:
        address = Path(core.endpoints["ipc"])
        with connect(address, core.cli_token) as cli:
            cli.create_local_deployment(
                recipe_directory_path=str(recipes), root_component_versions_to_add={"com.example.X": "1.0.0"}
            )
            file = core.root / "work" / "com.example.X" / "token"
            wait_until(lambda: file.exists() and file.read_text().endswith("\n"), WITHIN_S, "its token")
            token = file.read_text().strip()
            with connect(address, token) as component:
                assert core.ask("restart_ipc") == {"dropped_connections": 2}
                with pytest.raises(GONE):
                    component.get_configuration(key_path=[])
        if flavor == "lite":
            # Lite hangs up without a word, unlike the classic nucleus, which says AccessDenied.
            with pytest.raises(AwsCrtError, match="AWS_IO_SOCKET_CLOSED"), connect(address, token):
                pass
        else:
            with connect(address, token) as component:
                component.get_configuration(key_path=[])
        with connect(address, core.cli_token) as cli:
            assert cli.list_components().components


@pytest.mark.parametrize(
    ("flavor", "payload_bytes", "expected"),
    [
        ("classic", 7_400, None),
        ("lite", 6_000, None),
        ("lite", 7_000, ServiceError),
        ("lite", 7_400, GONE),
    ],
)
def test_payload_of_lite_is_bounded_by_its_frames(
    tmp_path: Path, flavor: str, payload_bytes: int, expected: Any
) -> None:
    """Measured on Lite 2.6.0: 6,000 bytes pass, 7,000 are refused, 7,400 cost the connection."""
    with (
        running_core(tmp_path / "core", "--flavor", flavor) as core,
        connect(Path(core.endpoints["ipc"]), core.cli_token) as client,
    ):

        def publish() -> type[BaseException] | None:
            sent = client.publish_to_iot_core_async(
                topic_name="a", payload=bytes(payload_bytes), qos=QOS.AT_LEAST_ONCE
            )
            error = sent.exception(WITHIN_S)
            return type(error) if error else None

        outcome = publish()

    assert outcome is None if expected is None else issubclass(outcome or object, expected)


def test_what_components_said_last_is_in_the_cloud_when_the_core_is_down(core: RunningCore) -> None:
    count = 20 * MAX_IN_FLIGHT_OF_BACKLOG
    with connect(Path(core.endpoints["ipc"]), core.cli_token) as client:
        accepted = [
            client.publish_to_iot_core_async(topic_name="a", payload=b"x", qos=QOS.AT_LEAST_ONCE)
            for _ in range(count)
        ]
        accepted[-1].result(WITHIN_S)
        core.process.terminate()
        core.process.wait(WITHIN_S)

    assert "are lost" not in log_of(core)


def test_what_the_spooler_loses_with_the_core_is_said(core: RunningCore) -> None:
    core.ask("offline")
    with connect(Path(core.endpoints["ipc"]), core.cli_token) as client:
        for _ in range(3):
            client.publish_to_iot_core(topic_name="a", payload=b"x", qos=QOS.AT_LEAST_ONCE)
    core.process.terminate()
    core.process.wait(WITHIN_S)

    assert "3 messages for IoT Core are lost" in log_of(core)
