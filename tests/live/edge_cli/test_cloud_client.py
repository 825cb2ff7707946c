"""The command's client of the cloud's broker: real mosquitto, real sockets."""

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_cli.core.cloud_mqtt import CloudClient
from edge_cli.core.topic_messages import TopicMessage
from edge_cli.errors import CommandError
from support.cloud import running_broker

DEADLINE_S = 10.0


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """`host:port` of a broker that has just been started."""
    with running_broker(tmp_path) as (_, broker):
        yield f"127.0.0.1:{broker.port}"


def test_message_published_after_subscribe_has_returned_arrives(endpoint: str) -> None:
    arrived: queue.SimpleQueue[TopicMessage] = queue.SimpleQueue()
    with CloudClient(endpoint, arrived.put) as listener, CloudClient(endpoint) as sender:
        listener.subscribe("a/+")
        sender.publish("a/b", b'{"x": 1}')
        message = arrived.get(timeout=DEADLINE_S)
    assert (message.topic, message.content()) == ("a/b", {"x": 1})


def test_messages_arrive_in_order(endpoint: str) -> None:
    arrived: queue.SimpleQueue[TopicMessage] = queue.SimpleQueue()
    with CloudClient(endpoint, arrived.put) as listener, CloudClient(endpoint) as sender:
        listener.subscribe("#")
        for number in range(200):
            sender.publish("a", str(number).encode())
        assert [arrived.get(timeout=DEADLINE_S).content() for _ in range(200)] == list(range(200))


def test_retained_message_meets_a_later_listener(endpoint: str) -> None:
    arrived: queue.SimpleQueue[TopicMessage] = queue.SimpleQueue()
    with CloudClient(endpoint) as sender:
        sender.publish("a", b"kept", retain=True)
    with CloudClient(endpoint, arrived.put) as listener:
        listener.subscribe("a")
        assert arrived.get(timeout=DEADLINE_S).payload == b"kept"


@pytest.mark.parametrize("topic_filter", ["a/#/b", "a+", ""])
def test_filter_that_is_none_is_refused_before_it_is_sent(endpoint: str, topic_filter: str) -> None:
    with CloudClient(endpoint) as client, pytest.raises(CommandError, match="not a topic filter"):
        client.subscribe(topic_filter)


def test_topic_with_a_wildcard_cannot_be_published_to(endpoint: str) -> None:
    with CloudClient(endpoint) as client, pytest.raises(CommandError, match="no '\\+' and no '#'"):
        client.publish("a/#", b"1")


def test_end_of_the_broker_is_noticed(tmp_path: Path) -> None:
    ended: queue.SimpleQueue[bool] = queue.SimpleQueue()
    with (
        running_broker(tmp_path) as (loop, broker),
        CloudClient(f"127.0.0.1:{broker.port}", on_end=lambda: ended.put(True)),
    ):
        loop.run(broker.stop())
        assert ended.get(timeout=DEADLINE_S)


def test_own_goodbye_is_not_taken_for_the_brokers_end(endpoint: str) -> None:
    ended: queue.SimpleQueue[bool] = queue.SimpleQueue()
    with CloudClient(endpoint, on_end=lambda: ended.put(True)):
        pass
    assert ended.empty()


def test_broker_that_is_not_there_is_one_message_with_its_address() -> None:
    with pytest.raises(CommandError, match=r"127\.0\.0\.1:1 does not answer.*core status"):
        CloudClient("127.0.0.1:1")
