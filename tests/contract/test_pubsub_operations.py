"""PublishToTopic and SubscribeToTopic, called by the unmodified SDK through the real server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    BinaryMessage,
    InvalidArgumentsError,
    JsonMessage,
    MessageContext,
    PublishMessage,
    UnauthorizedError,
)

from local_core.ipc.authorization import PUBSUB, Authorizer
from local_core.ipc.rpc import JsonObject
from local_core.operations.pubsub import PubSub
from local_core.settings import Flavor
from support.loops import LoopThread
from support.served import Events, Served, allow_all, served
from support.waiting import wait_until

ALL = "RECEIVE_ALL_MESSAGES"
OTHERS = "RECEIVE_MESSAGES_FROM_OTHERS"


@contextmanager
def core_with_pubsub(
    folder: Path,
    flavor: Flavor = Flavor.CLASSIC,
    access_control: Callable[[str], JsonObject] = allow_all(PUBSUB),  # noqa: B008  the result is never changed
) -> Iterator[tuple[Served, PubSub]]:
    pubsub = PubSub(Authorizer(access_control), flavor)
    with LoopThread() as loop, served(loop, folder, pubsub.operations()) as core:
        yield core, pubsub


def publish(client: GreengrassCoreIPCClientV2, topic: str, *texts: str) -> None:
    """Publish each text as a binary message."""
    for text in texts:
        message = PublishMessage(binary_message=BinaryMessage(message=text.encode()))
        client.publish_to_topic(topic=topic, publish_message=message)


def subscribe(client: GreengrassCoreIPCClientV2, topic: str, mode: str | None = None) -> Events:
    """Subscribe; the events are recorded."""
    events = Events()
    client.subscribe_to_topic(
        topic=topic,
        receive_mode=mode,
        on_stream_event=events.add,
        on_stream_error=lambda _: False,
        on_stream_closed=lambda: None,
    )
    return events


def texts_of(events: list[object]) -> list[str]:
    """What `publish` had been given."""
    return [event.binary_message.message.decode() for event in events]  # type: ignore[attr-defined]  # untyped SDK


def test_message_reaches_every_matching_stream_once_and_in_order(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(300)]
    with (
        core_with_pubsub(tmp_path) as (core, _),
        core.component("pub") as sender,
        core.component("sub") as sub,
    ):
        streams = [subscribe(sub, topic) for topic in ("a/b", "a/+", "#", "a/b")]
        elsewhere = subscribe(sub, "a/b/c")
        publish(sender, "a/b", *numbers)

        for stream in streams:
            assert texts_of(stream.wait_for(300)) == numbers
        assert elsewhere.seen == []


def test_message_arrives_as_it_was_sent_with_its_topic(tmp_path: Path) -> None:
    document = {"temperature": 24.31, "nested": [1, None, {"ä": True}]}
    own_context = MessageContext(topic="pretended")
    with core_with_pubsub(tmp_path) as (core, _), core.component("c") as client:
        events = subscribe(client, "a/b")
        json_message = JsonMessage(message=document, context=own_context)
        client.publish_to_topic(topic="a/b", publish_message=PublishMessage(json_message=json_message))
        client.publish_to_topic(
            topic="a/b", publish_message=PublishMessage(binary_message=BinaryMessage(message=b"\x00\xff"))
        )
        first, second = events.wait_for(2)

    assert first.json_message.message == document
    assert first.json_message.context.topic == "a/b"
    assert second.binary_message.message == b"\x00\xff"
    assert second.binary_message.context.topic == "a/b"


def test_publishing_to_nobody_succeeds(tmp_path: Path) -> None:
    with core_with_pubsub(tmp_path) as (core, _), core.component("c") as client:
        publish(client, "nobody/listens", "x")


def test_multi_level_wildcard_does_not_match_its_parent(tmp_path: Path) -> None:
    with (
        core_with_pubsub(tmp_path) as (core, _),
        core.component("pub") as sender,
        core.component("sub") as sub,
    ):
        events = subscribe(sub, "a/#")
        publish(sender, "a", "parent")
        publish(sender, "a/b/c", "below")

        assert texts_of(events.wait_for(1)) == ["below"]


@pytest.mark.parametrize(
    ("topic", "mode", "comes_back"),
    [
        ("a/b", None, True),
        ("a/b", ALL, True),
        ("a/b", OTHERS, False),
        ("a/+", None, False),
        ("a/#", None, False),
        ("a/+", ALL, True),
        ("a/#", OTHERS, False),
    ],
)
def test_own_messages_come_back_as_the_receive_mode_says(
    tmp_path: Path, topic: str, mode: str | None, *, comes_back: bool
) -> None:
    with (
        core_with_pubsub(tmp_path) as (core, _),
        core.component("me") as me,
        core.component("other") as other,
    ):
        events = subscribe(me, topic, mode)
        publish(me, "a/b", "own")
        publish(other, "a/b", "other's")

        assert texts_of(events.wait_for(1 + comes_back)) == ["own"] * comes_back + ["other's"]


def test_lite_ignores_the_receive_mode(tmp_path: Path) -> None:
    with core_with_pubsub(tmp_path, Flavor.LITE) as (core, _), core.component("me") as me:
        events = subscribe(me, "a/+", OTHERS)
        publish(me, "a/b", "own")

        assert texts_of(events.wait_for(1)) == ["own"]


def test_identity_is_the_component_not_the_connection(tmp_path: Path) -> None:
    """Two connections of one component: what one publishes is the other's own message."""
    with core_with_pubsub(tmp_path) as (core, _), core.component("me") as listening:
        events = subscribe(listening, "a", OTHERS)
        with core.component("me") as publishing, core.component("other") as other:
            publish(publishing, "a", "own")
            publish(other, "a", "other's")

            assert texts_of(events.wait_for(1)) == ["other's"]


@pytest.mark.parametrize("topic", ["a/+", "#", "a/*"])
def test_wildcard_in_a_published_topic_is_refused(tmp_path: Path, topic: str) -> None:
    with core_with_pubsub(tmp_path) as (core, _), core.component("c") as client:
        with pytest.raises(InvalidArgumentsError) as refusal:
            publish(client, topic, "x")

        assert refusal.value.message == "Publish topic must not contain a wildcard."


def test_missing_topics_are_refused(tmp_path: Path) -> None:
    with core_with_pubsub(tmp_path) as (core, _), core.component("c") as client:
        with pytest.raises(InvalidArgumentsError) as refusal:
            client.publish_to_topic(publish_message=PublishMessage(binary_message=BinaryMessage(message=b"")))
        assert refusal.value.message == "Publish topic must not be null"

        for topic in ("", None):
            with pytest.raises(InvalidArgumentsError) as refusal:
                subscribe(client, topic)  # type: ignore[arg-type]  # what a hasty caller does
            assert refusal.value.message == "Subscribe topic must not be empty"


@pytest.mark.parametrize("message", [None, PublishMessage(), PublishMessage(binary_message=BinaryMessage())])
def test_publishing_no_message_is_refused(tmp_path: Path, message: PublishMessage | None) -> None:
    with (
        core_with_pubsub(tmp_path) as (core, _),
        core.component("c") as client,
        pytest.raises(InvalidArgumentsError),
    ):
        client.publish_to_topic(topic="a", publish_message=message)


def test_unknown_receive_mode_is_refused(tmp_path: Path) -> None:
    with core_with_pubsub(tmp_path) as (core, _), core.component("c") as client:
        with pytest.raises(InvalidArgumentsError) as refusal:
            subscribe(client, "a", "RECEIVE_NOTHING")
        assert "RECEIVE_NOTHING" in refusal.value.message


def test_nothing_is_allowed_that_the_recipe_does_not_grant(tmp_path: Path) -> None:
    grants: JsonObject = {
        PUBSUB: {"1": {"operations": ["aws.greengrass#PublishToTopic"], "resources": ["granted/*"]}}
    }
    with (
        core_with_pubsub(tmp_path, access_control=lambda _: grants) as (core, _),
        core.component("c") as client,
    ):
        publish(client, "granted/topic", "x")
        with pytest.raises(UnauthorizedError) as refusal:
            publish(client, "other/topic", "x")
        assert refusal.value.message == (
            "Principal c is not authorized to perform aws.greengrass.ipc.pubsub:"
            "aws.greengrass#PublishToTopic on resource other/topic"
        )
        with pytest.raises(UnauthorizedError):
            subscribe(client, "granted/topic")


def test_closed_stream_and_lost_connection_leave_no_subscription(tmp_path: Path) -> None:
    with core_with_pubsub(tmp_path) as (core, pubsub):
        with core.component("c") as client:
            _, handle = client.subscribe_to_topic(topic="a", on_stream_event=lambda _: None)
            subscribe(client, "b")
            assert core.loop.call(lambda: pubsub.subscription_count) == 2
            handle.close().result(10)
            wait_until(lambda: pubsub.subscription_count == 1, 5, "the end of the closed stream")

        wait_until(lambda: pubsub.subscription_count == 0, 5, "the end of the connection's stream")


def test_muted_subscription_stays_open_and_silent_until_it_is_made_anew(tmp_path: Path) -> None:
    with core_with_pubsub(tmp_path) as (core, pubsub), core.component("other") as other:
        witness = subscribe(other, "a", ALL)
        with core.component("c") as client:
            dead, alive = subscribe(client, "a"), subscribe(client, "b")
            assert core.loop.call(pubsub.mute, "c", "a") == 1
            publish(other, "a", "unheard")
            publish(other, "b", "heard")

            assert texts_of(witness.wait_for(1)) == ["unheard"]
            assert texts_of(alive.wait_for(1)) == ["heard"]
            assert dead.seen == []
            assert pubsub.subscription_count == 3
            assert core.loop.call(pubsub.mute, "c") == 2
        with core.component("c") as client:
            again = subscribe(client, "a")
            publish(other, "a", "heard again")

            assert texts_of(again.wait_for(1)) == ["heard again"]
