"""PublishToIoTCore and SubscribeToIoTCore: the unmodified SDK, the real server, a real broker.

`CloudObserver` is the cloud's side and shares no code with the core.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    QOS,
    InvalidArgumentsError,
    PayloadFormat,
    ServiceError,
    UnauthorizedError,
    UserProperty,
)
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from local_core.cloud.broker import BrokerKind
from local_core.cloud.link import Link
from local_core.ipc.authorization import MQTTPROXY, Authorizer
from local_core.ipc.rpc import JsonObject
from local_core.operations.iot_core import MAX_COUNTED_TOPICS, OTHER_TOPICS, IotCore
from local_core.settings import Flavor
from support.cloud import CloudObserver, running_broker
from support.served import Events, Served, allow_all, served
from support.waiting import wait_until

ANSWER_S = 30.0
ALLOW_ALL = allow_all(MQTTPROXY)


class _Core:
    """Everything between a component and the cloud, driven by a test from outside."""

    def __init__(self, core: Served, iot_core: IotCore, link: Link, broker_port: int) -> None:
        self.component = core.component
        self.loop = core.loop
        self.iot_core = iot_core
        self.broker_port = broker_port
        self.link = link

    def cloud(self, topic_filter: str = "#") -> CloudObserver:
        return CloudObserver(self.broker_port, topic_filter)

    def go_offline(self) -> None:
        self.loop.run(self.link.go_offline())

    def go_online(self) -> None:
        self.loop.run(self.link.go_online())


@contextmanager
def core_with_cloud(
    folder: Path,
    flavor: Flavor = Flavor.CLASSIC,
    access_control: Callable[[str], JsonObject] = ALLOW_ALL,
) -> Iterator[_Core]:
    is_classic = flavor is Flavor.CLASSIC
    with running_broker(folder, BrokerKind.MOSQUITTO) as (loop, broker):
        link = loop.call(lambda: Link("thing", once_per_subscription=is_classic, keep_session=is_classic))
        loop.run(link.start(broker.port, broker.protocol))
        iot_core = IotCore(Authorizer(access_control), link, flavor)
        try:
            with served(loop, folder, iot_core.operations()) as core:
                yield _Core(core, iot_core, link, broker.port)
        finally:
            loop.run(link.stop())


def publish(
    client: GreengrassCoreIPCClientV2, topic: str, payload: bytes, qos: str = QOS.AT_LEAST_ONCE
) -> None:
    """One call, answered."""
    client.publish_to_iot_core(topic_name=topic, qos=qos, payload=payload)


def publish_all(client: GreengrassCoreIPCClientV2, topic: str, payloads: list[bytes]) -> list[object]:
    """All at once, then the answers: None for a success, else the error."""
    futures = [
        client.publish_to_iot_core_async(topic_name=topic, qos=QOS.AT_LEAST_ONCE, payload=payload)
        for payload in payloads
    ]
    return [future.exception(ANSWER_S) for future in futures]


def subscribe(client: GreengrassCoreIPCClientV2, topic: str, qos: str = QOS.AT_LEAST_ONCE) -> Events:
    """Subscribe; the events are recorded."""
    events = Events()
    client.subscribe_to_iot_core(
        topic_name=topic,
        qos=qos,
        on_stream_event=events.add,
        on_stream_error=lambda _: False,
        on_stream_closed=lambda: None,
    )
    return events


def payloads_of(events: list[object]) -> list[bytes]:
    """What the cloud had sent."""
    return [event.message.payload for event in events]  # type: ignore[attr-defined]  # untyped SDK


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@pytest.mark.parametrize("flavor", Flavor)
def test_published_message_reaches_the_cloud(tmp_path: Path, flavor: Flavor) -> None:
    with core_with_cloud(tmp_path, flavor) as core, core.cloud() as cloud, core.component("c") as client:
        publish(client, "thing/sensors/data", b"\x00\xff", QOS.AT_LEAST_ONCE)
        publish(client, "thing/sensors/data", b"", QOS.AT_MOST_ONCE)

        seen = [(m.topic, m.payload) for m in cloud.wait_for(2, 5)]
        assert seen == [("thing/sensors/data", b"\x00\xff"), ("thing/sensors/data", b"")]


def test_burst_reaches_the_cloud_complete_and_in_order(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.cloud() as cloud, core.component("c") as client:
        assert publish_all(client, "a", numbered(2000)) == [None] * 2000

        cloud.wait_for(2000, 20)
        assert cloud.payloads == numbered(2000)


def test_every_property_of_a_message_travels_both_ways(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.cloud("a") as cloud, core.component("c") as client:
        events = subscribe(client, "a")
        client.publish_to_iot_core(
            topic_name="a",
            qos=QOS.AT_LEAST_ONCE,
            payload=b"text",
            user_properties=[UserProperty(key="k", value="1"), UserProperty(key="k", value="2")],
            message_expiry_interval_seconds=60,
            correlation_data=b"\x01\x02",
            response_topic="answers",
            payload_format=PayloadFormat.UTF8,
            content_type="text/plain",
        )
        at_cloud = cloud.wait_for(1, 5)[0].properties
        message = events.wait_for(1)[0].message

    assert at_cloud is not None
    assert at_cloud.json() == {  # type: ignore[no-untyped-call]  # paho has no types for it
        "PayloadFormatIndicator": 1,
        "MessageExpiryInterval": 60,
        "ContentType": "text/plain",
        "ResponseTopic": "answers",
        "CorrelationData": "0102",
        "UserProperty": [("k", "1"), ("k", "2")],
    }
    assert (message.topic_name, message.payload, message.retain) == ("a", b"text", False)
    assert [(pair.key, pair.value) for pair in message.user_properties] == [("k", "1"), ("k", "2")]
    assert message.message_expiry_interval_seconds == 60
    assert message.correlation_data == b"\x01\x02"
    assert message.response_topic == "answers"
    assert message.payload_format == PayloadFormat.UTF8
    assert message.content_type == "text/plain"


def test_message_without_properties_says_so_as_on_the_nucleus(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.cloud() as cloud, core.component("c") as client:
        events = subscribe(client, "a")
        cloud.publish("a", b"x")
        message = events.wait_for(1)[0].message

    assert (message.retain, message.payload_format) == (False, PayloadFormat.BYTES)
    assert message.user_properties is None
    assert message.content_type is None


def test_retained_message_is_not_lost_to_a_subscriber_that_has_no_answer_yet(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.component("c") as client:
        client.publish_to_iot_core(topic_name="a", qos=QOS.AT_LEAST_ONCE, payload=b"kept", retain=True)
        assert core.loop.run(core.iot_core.wait_published(5))
        message = subscribe(client, "a").wait_for(1)[0].message

    assert (message.payload, message.retain) == (b"kept", True)


def test_lite_carries_topic_and_payload_only(tmp_path: Path) -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types for it
    properties.ContentType = "text/plain"
    with (
        core_with_cloud(tmp_path, Flavor.LITE) as core,
        core.cloud("up") as cloud,
        core.component("c") as client,
    ):
        events = subscribe(client, "down")
        client.publish_to_iot_core(
            topic_name="up", qos=QOS.AT_LEAST_ONCE, payload=b"x", content_type="text/plain", retain=True
        )
        cloud.publish("down", b"y", properties=properties)
        up = cloud.wait_for(1, 5)[0]
        down = events.wait_for(1)[0].message

    assert up.properties is not None
    assert up.properties.isEmpty()  # type: ignore[no-untyped-call]  # paho has no types for it
    assert (down.payload, down.content_type, down.retain) == (b"y", None, None)


@pytest.mark.parametrize("flavor", Flavor)
def test_cloud_messages_reach_every_component_in_order(tmp_path: Path, flavor: Flavor) -> None:
    with (
        core_with_cloud(tmp_path, flavor) as core,
        core.cloud("x") as cloud,
        core.component("one") as one,
        core.component("other") as other,
    ):
        first, second = subscribe(one, "thing/+/+"), subscribe(other, "thing/+/+")
        cloud.publish("thing/commands/led", *numbered(200))

        assert payloads_of(first.wait_for(200)) == numbered(200)
        assert payloads_of(second.wait_for(200)) == numbered(200)


def test_overlapping_filters_of_two_components_give_duplicates_on_lite_only(tmp_path: Path) -> None:
    counts = {}
    for flavor in Flavor:
        with (
            core_with_cloud(tmp_path / flavor, flavor) as core,
            core.cloud("x") as cloud,
            core.component("one") as one,
            core.component("other") as other,
        ):
            narrow, wide = subscribe(one, "a/b"), subscribe(other, "a/#")
            cloud.publish("a/b", b"x")
            cloud.publish("a", b"end")
            wait_until(lambda wide=wide: b"end" in payloads_of(wide.seen), 5, "the last message")  # type: ignore[misc]
            counts[flavor] = (payloads_of(narrow.seen).count(b"x"), payloads_of(wide.seen).count(b"x"))

    assert counts == {Flavor.CLASSIC: (1, 1), Flavor.LITE: (2, 2)}


def test_closed_stream_and_lost_connection_leave_no_subscription(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core:
        with core.component("c") as client:
            _, handle = client.subscribe_to_iot_core(
                topic_name="a", qos=QOS.AT_LEAST_ONCE, on_stream_event=lambda _: None
            )
            subscribe(client, "b")
            assert core.iot_core.status().subscriptions == 2
            handle.close().result(10)
            wait_until(lambda: core.iot_core.status().subscriptions == 1, 5, "the end of the closed stream")

        wait_until(lambda: core.iot_core.status().subscriptions == 0, 5, "the end of the connection's stream")
        wait_until(lambda: core.link.subscription_count == 0, 5, "the end at the link")


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ({"topic_name": None}, "Topic is required"),
        ({"payload": None}, "Payload is required"),
        ({"qos": None}, "QoS is required"),
        ({"qos": "2"}, "Invalid QoS value: 2"),
        ({"qos": "high"}, "Invalid QoS value: high"),
        ({"payload_format": "7"}, "Invalid payload format: 7"),
        ({"topic_name": None, "payload": None, "qos": None}, "Topic is required"),
    ],
)
def test_incomplete_publish_is_refused_with_the_words_of_the_nucleus(
    tmp_path: Path, missing: dict[str, str | None], text: str
) -> None:
    arguments = {"topic_name": "a", "payload": b"x", "qos": "1", **missing}
    with core_with_cloud(tmp_path) as core, core.component("c") as client:
        with pytest.raises(InvalidArgumentsError) as refusal:
            client.publish_to_iot_core(**arguments)

        assert refusal.value.message == text


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("a/+", "Publish topics must not contain wildcard characters of '#' or '+'"),
        ("a/b/c/d/e/f/g/h/i", "The request topic must have no more than 7 forward slashes (/)"),
        ("x" * 257, "The topic size of request must be no larger than 256 bytes"),
        ("a\x00", "Publish topic must not contain the character U+0000"),
        ("a\x01", "Publish topic must not contain the character U+0001"),
    ],
)
def test_topic_that_the_cloud_would_not_take_is_refused(tmp_path: Path, topic: str, reason: str) -> None:
    with core_with_cloud(tmp_path) as core, core.component("c") as client:
        with pytest.raises(ServiceError) as refusal:
            publish(client, topic, b"x")

        assert refusal.value.message.startswith(f"Publish to topic {topic} failed: {reason}")


def test_hostile_message_does_not_stop_the_good_ones_behind_it(tmp_path: Path) -> None:
    hostile: list[dict[str, Any]] = [
        {"topic_name": "a\x00b"},
        {"content_type": "\x00"},
        {"response_topic": "a/#"},
        {"response_topic": ""},
        {"user_properties": [UserProperty(key="\x01", value="")]},
        {"user_properties": [UserProperty(key="k", value="\ufffe")]},
        {"correlation_data": bytes(70_000)},
        {"message_expiry_interval_seconds": -1},
        {"message_expiry_interval_seconds": 2**32},
    ]
    good: dict[str, Any] = {"topic_name": "a", "qos": QOS.AT_LEAST_ONCE, "payload": b"x"}
    with core_with_cloud(tmp_path) as core, core.cloud("a") as cloud, core.component("c") as client:
        for bad in hostile:
            with pytest.raises(ServiceError) as refusal:
                client.publish_to_iot_core(**(good | bad))
            assert refusal.value.message.startswith("Publish to topic a")
            client.publish_to_iot_core(**good)

        assert cloud.wait_for(len(hostile), 5)
        assert core.loop.run(core.iot_core.wait_published(5))


def test_payload_of_128_kib_passes_and_one_byte_more_does_not(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.cloud() as cloud, core.component("c") as client:
        publish(client, "a", bytes(131_072))
        with pytest.raises(ServiceError) as refusal:
            publish(client, "a", bytes(131_073))

        assert refusal.value.message == (
            "Publish to topic a failed: "
            "The publishing message size 131073 bytes exceeds the configured limit of 131072 bytes"
        )
        assert len(cloud.wait_for(1, 5)[0].payload) == 131_072


@pytest.mark.parametrize(
    ("topic", "reason"), [("a/#/b", "'+' must stand"), ("a\x00", "U+0000"), ("x" * 257, "256")]
)
def test_filter_that_the_cloud_would_not_take_is_refused(tmp_path: Path, topic: str, reason: str) -> None:
    with core_with_cloud(tmp_path) as core, core.component("c") as client:
        with pytest.raises(ServiceError) as refusal:
            subscribe(client, topic)

        assert refusal.value.message.startswith(f"Subscribe to topic {topic} failed with error ")
        assert reason in refusal.value.message
        assert core.iot_core.status().subscriptions == 0


def test_nothing_is_allowed_that_the_recipe_does_not_grant(tmp_path: Path) -> None:
    grants = {
        MQTTPROXY: {"1": {"operations": ["aws.greengrass#PublishToIoTCore"], "resources": ["granted/#"]}}
    }
    with core_with_cloud(tmp_path, access_control=lambda _: grants) as core, core.component("c") as client:
        publish(client, "granted/topic", b"x")
        for attempt in (lambda: publish(client, "other", b"x"), lambda: subscribe(client, "granted/topic")):
            with pytest.raises(UnauthorizedError) as refusal:
                attempt()
            assert refusal.value.message == "Not Authorized"


def test_classic_core_loses_nothing_over_an_outage_and_keeps_the_order(tmp_path: Path) -> None:
    payloads = numbered(3000)
    with core_with_cloud(tmp_path) as core, core.cloud() as cloud, core.component("c") as client:
        assert publish_all(client, "a", payloads[:1000]) == [None] * 1000
        core.go_offline()
        assert publish_all(client, "a", payloads[1000:2000]) == [None] * 1000
        spooled = core.iot_core.status()
        core.go_online()
        assert publish_all(client, "a", payloads[2000:]) == [None] * 1000
        cloud.wait_for(3000, 20)

        assert cloud.payloads == payloads
        assert spooled.spooled_messages >= 1000
        assert core.loop.run(core.iot_core.wait_published(5))
        assert core.iot_core.status().dropped == 0


def test_classic_core_refuses_qos_0_while_offline(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.component("c") as client:
        core.go_offline()
        with pytest.raises(ServiceError) as refusal:
            publish(client, "a", b"x", QOS.AT_MOST_ONCE)

        assert refusal.value.message == (
            "Publish to topic a failed: Device is offline. Dropping QoS 0 message."
        )


def test_classic_core_refuses_what_the_spool_cannot_hold(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.component("c") as client:
        core.go_offline()
        assert publish_all(client, "a", [bytes(131_072)] * 20) == [None] * 20
        with pytest.raises(ServiceError) as refusal:
            publish(client, "a", b"x")

        assert refusal.value.message == (
            "Publish to topic a failed: Message spool is full. Message could not be added."
        )
        status = core.iot_core.status()
        assert (status.spooled_messages, status.spooled_bytes) == (20, 2_621_440)
        core.go_online()
        assert core.loop.run(core.iot_core.wait_published(10))


def test_lite_core_refuses_at_once_while_offline(tmp_path: Path) -> None:
    with (
        core_with_cloud(tmp_path, Flavor.LITE) as core,
        core.cloud() as cloud,
        core.component("c") as client,
    ):
        core.go_offline()
        for qos in (QOS.AT_MOST_ONCE, QOS.AT_LEAST_ONCE):
            with pytest.raises(ServiceError) as refusal:
                publish(client, "a", b"lost", qos)
            assert refusal.value.message == "Failed to publish the message."
        core.go_online()
        publish(client, "a", b"sent")

        assert [m.payload for m in cloud.wait_for(1, 5)] == [b"sent"]


def test_lite_core_refuses_part_of_a_burst_and_delivers_the_rest(tmp_path: Path) -> None:
    with (
        core_with_cloud(tmp_path, Flavor.LITE) as core,
        core.cloud() as cloud,
        core.component("c") as client,
    ):
        results = publish_all(client, "a", numbered(500))
        taken = [number for number, error in zip(numbered(500), results, strict=True) if error is None]
        cloud.wait_for(len(taken), 10)

        assert cloud.payloads == taken
        assert 10 <= len(taken) < 500
        assert {type(error) for error in results} == {type(None), ServiceError}


def test_lite_core_carries_payloads_up_to_its_default_limit(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path, Flavor.LITE) as core, core.component("c") as client:
        publish(client, "a", bytes(6_000))
        with pytest.raises(ServiceError):
            publish(client, "a", bytes(7_000))


def test_lite_core_loses_what_does_not_fit_its_receive_buffer(tmp_path: Path) -> None:
    with (
        core_with_cloud(tmp_path, Flavor.LITE) as core,
        core.cloud("x") as cloud,
        core.component("c") as client,
    ):
        events = subscribe(client, "a")
        cloud.publish("a", bytes(5_000), b"fits")

        assert payloads_of(events.wait_for(1)) == [b"fits"]
        assert core.iot_core.status().dropped == 1


def test_subscribing_while_offline_is_refused(tmp_path: Path) -> None:
    texts = {}
    for flavor in Flavor:
        with core_with_cloud(tmp_path / flavor, flavor) as core, core.component("c") as client:
            core.go_offline()
            with pytest.raises(ServiceError) as refusal:
                subscribe(client, "a")
            texts[flavor] = refusal.value.message

    assert texts == {
        Flavor.CLASSIC: "Subscribe to topic a failed with error Device is offline.",
        Flavor.LITE: "Failed to bind the subscription.",
    }


def test_muted_subscription_stays_open_and_silent_until_it_is_made_anew(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.cloud("x") as cloud, core.component("other") as other:
        witness = subscribe(other, "a")
        with core.component("c") as client:
            dead, alive = subscribe(client, "a"), subscribe(client, "b")
            assert core.loop.call(core.iot_core.mute, "c", "a") == 1
            cloud.publish("a", b"unheard")
            cloud.publish("b", b"heard")

            assert payloads_of(witness.wait_for(1)) == [b"unheard"]
            assert payloads_of(alive.wait_for(1)) == [b"heard"]
            assert dead.seen == []
            assert core.iot_core.status().subscriptions == 3
            assert core.loop.call(core.iot_core.mute, "c") == 2
        with core.component("c") as client:
            again = subscribe(client, "a")
            cloud.publish("a", b"heard again")

            assert payloads_of(again.wait_for(1)) == [b"heard again"]


def test_counters_say_what_went_where(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.cloud("x") as cloud, core.component("c") as client:
        events = subscribe(client, "down")
        publish_all(client, "up/1", numbered(3))
        publish_all(client, "up/2", numbered(2))
        cloud.publish("down", *numbered(4))
        events.wait_for(4)
        assert core.loop.run(core.iot_core.wait_published(5))
        status = core.iot_core.status()

    assert (status.published, status.published_by_topic) == (5, {"up/1": 3, "up/2": 2})
    assert (status.delivered, status.subscriptions, status.dropped) == (4, 1, 0)
    assert (status.spooled_messages, status.spooled_bytes, status.in_flight) == (0, 0, 0)
    assert status.is_online


def test_counting_by_topic_is_bounded(tmp_path: Path) -> None:
    with core_with_cloud(tmp_path) as core, core.component("c") as client:
        futures = [
            client.publish_to_iot_core_async(topic_name=f"t/{number}", qos=QOS.AT_LEAST_ONCE, payload=b"")
            for number in range(MAX_COUNTED_TOPICS + 5)
        ]
        assert [future.exception(ANSWER_S) for future in futures] == [None] * len(futures)
        assert core.loop.run(core.iot_core.wait_published(10))
        status = core.iot_core.status()

    assert status.published == MAX_COUNTED_TOPICS + 5
    assert len(status.published_by_topic) == MAX_COUNTED_TOPICS + 1
    assert status.published_by_topic[OTHER_TOPICS] == 5
