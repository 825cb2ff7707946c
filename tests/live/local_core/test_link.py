"""The link against real brokers; `CloudObserver` is the cloud's side."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from local_core.cloud.broker import Broker, BrokerKind
from local_core.cloud.link import Link, OfflineError
from local_core.cloud.message import CloudMessage, check_publishable
from local_core.cloud.mqtt.connection import ConnectionLostError, MqttError
from local_core.cloud.subscriptions import Subscriber
from local_core.ipc.topics import TopicError, check_text
from support.cloud import CloudObserver, running_broker
from support.loops import LoopThread
from support.waiting import wait_until

MOSQUITTO = BrokerKind.MOSQUITTO


class _Core:
    """The core's side: a link in its loop, driven by a test from outside."""

    def __init__(self, loop: LoopThread, broker: Broker, link: Link) -> None:
        self.loop = loop
        self.broker = broker
        self.link = link

    def publish(self, topic: str, *payloads: bytes, qos: int = 1) -> list[MqttError | None]:
        """Publish all at once; returns what became of each."""
        return self.send(*[CloudMessage(topic, payload, qos) for payload in payloads])

    def send(self, *messages: CloudMessage) -> list[MqttError | None]:
        async def work() -> list[MqttError | None]:
            loop = asyncio.get_running_loop()
            results: list[asyncio.Future[MqttError | None]] = [loop.create_future() for _ in messages]
            for message, result in zip(messages, results, strict=True):
                self.link.publish(message, result.set_result)
            return await asyncio.gather(*results)

        return self.loop.run(work())

    def subscribe(self, topic_filter: str, seen: list[CloudMessage], qos: int = 1) -> Subscriber:
        return self.loop.run(self.link.subscribe(topic_filter, qos, seen.append))

    def cloud(self, topic_filter: str) -> CloudObserver:
        return CloudObserver(self.broker.port, topic_filter, self.broker.protocol.value)

    def has_tcp_connection(self) -> bool:
        """Whether this process holds an open connection to the broker."""
        peers = [
            c.raddr for c in psutil.Process().net_connections("tcp") if c.status == psutil.CONN_ESTABLISHED
        ]
        return ("127.0.0.1", self.broker.port) in peers


@contextmanager
def linked(
    root: Path,
    kind: BrokerKind = MOSQUITTO,
    *,
    once_per_subscription: bool = True,
    keep_session: bool = True,
) -> Iterator[_Core]:
    with running_broker(root, kind) as (loop, broker):
        link = loop.call(
            lambda: Link("thing", once_per_subscription=once_per_subscription, keep_session=keep_session)
        )
        loop.run(link.start(broker.port, broker.protocol))
        try:
            yield _Core(loop, broker, link)
        finally:
            loop.run(link.stop())


def arrived(seen: list[CloudMessage], count: int) -> list[CloudMessage]:
    """Wait for `count` messages of a subscription."""
    wait_until(lambda: len(seen) >= count, 10, f"{count} messages")
    return seen


@pytest.mark.parametrize("kind", BrokerKind)
@pytest.mark.parametrize("qos", [0, 1])
def test_messages_reach_the_cloud_in_order_and_are_acknowledged(
    tmp_path: Path, kind: BrokerKind, qos: int
) -> None:
    payloads = [b"%d" % number for number in range(200)]
    with linked(tmp_path, kind) as core, core.cloud("a/b") as observer:
        assert core.publish("a/b", *payloads, qos=qos) == [None] * 200

        observer.wait_for(200, 10)
        assert observer.payloads == payloads


@pytest.mark.parametrize("kind", BrokerKind)
def test_messages_of_the_cloud_reach_every_subscriber_of_a_filter(tmp_path: Path, kind: BrokerKind) -> None:
    one: list[CloudMessage] = []
    other: list[CloudMessage] = []
    with linked(tmp_path, kind) as core, core.cloud("x") as observer:
        first = core.subscribe("a/+", one)
        core.subscribe("a/+", other)
        observer.publish("a/1", b"both")
        arrived(one, 1)
        arrived(other, 1)
        core.loop.call(core.link.unsubscribe, first)
        observer.publish("a/2", b"one left")

        assert [m.payload for m in arrived(other, 2)] == [b"both", b"one left"]
        assert [m.payload for m in one] == [b"both"]


def test_broker_forgets_a_filter_that_nobody_wants_any_more(tmp_path: Path) -> None:
    seen: list[CloudMessage] = []
    witness: list[CloudMessage] = []
    with linked(tmp_path) as core, core.cloud("x") as observer:
        subscriber = core.subscribe("a", seen)
        core.loop.call(core.link.unsubscribe, subscriber)
        core.loop.call(core.link.unsubscribe, subscriber)
        core.subscribe("b", witness)
        observer.publish("a", b"too late")
        observer.publish("b", b"later still")
        arrived(witness, 1)

        assert seen == []
        assert core.link.subscription_count == 1


def test_every_property_of_mqtt_5_travels_both_ways(tmp_path: Path) -> None:
    sent = CloudMessage(
        "a",
        b"\x00\xff",
        1,
        retain=False,
        user_properties=(("k", "1"), ("k", "2"), ("ä", "")),
        message_expiry_interval_s=60,
        correlation_data=b"\x01\x02",
        response_topic="answers/here",
        payload_is_text=True,
        content_type="text/plain",
    )
    seen: list[CloudMessage] = []
    with linked(tmp_path) as core:
        core.subscribe("a", seen)
        assert core.send(sent) == [None]

        assert arrived(seen, 1) == [sent]


def test_retained_message_comes_to_the_first_subscriber_of_a_filter(tmp_path: Path) -> None:
    one: list[CloudMessage] = []
    other: list[CloudMessage] = []
    with linked(tmp_path) as core:
        assert core.send(CloudMessage("a", b"kept", 1, retain=True)) == [None]
        core.subscribe("a", one)
        assert [(m.payload, m.retain) for m in arrived(one, 1)] == [(b"kept", True)]
        core.subscribe("a", other)
        assert core.publish("a", b"new") == [None]

        assert [m.payload for m in arrived(other, 1)] == [b"new"]
        assert [m.payload for m in arrived(one, 2)] == [b"kept", b"new"]


def test_overlapping_filters_deliver_once_to_each_subscription(tmp_path: Path) -> None:
    narrow: list[CloudMessage] = []
    wide: list[CloudMessage] = []
    with linked(tmp_path) as core, core.cloud("x") as observer:
        core.subscribe("a/b", narrow)
        core.subscribe("a/#", wide)
        observer.publish("a/b", b"1", b"2")
        observer.publish("a", b"end")
        arrived(wide, 3)

        assert [m.payload for m in narrow] == [b"1", b"2"]
        assert [m.payload for m in wide] == [b"1", b"2", b"end"]


def test_overlapping_filters_give_duplicates_as_on_lite(tmp_path: Path) -> None:
    narrow: list[CloudMessage] = []
    wide: list[CloudMessage] = []
    with (
        linked(tmp_path, once_per_subscription=False, keep_session=False) as core,
        core.cloud("x") as observer,
    ):
        core.subscribe("a/b", narrow)
        core.subscribe("a/#", wide)
        observer.publish("a/b", b"1")

        assert [m.payload for m in arrived(narrow, 2)] == [b"1", b"1"]
        assert [m.payload for m in arrived(wide, 2)] == [b"1", b"1"]


def test_subscriber_that_fails_costs_neither_the_others_nor_the_link(tmp_path: Path) -> None:
    seen: list[CloudMessage] = []

    def fail(message: CloudMessage) -> None:
        raise RuntimeError(message.topic)

    with linked(tmp_path) as core, core.cloud("x") as observer:
        core.loop.run(core.link.subscribe("a", 1, fail))
        core.subscribe("a", seen)
        observer.publish("a", b"1", b"2")

        assert [m.payload for m in arrived(seen, 2)] == [b"1", b"2"]


def test_sender_that_fails_costs_one_connection_and_the_link_comes_back(tmp_path: Path) -> None:
    def fail(_: MqttError | None) -> None:
        raise RuntimeError("a fault in the core")

    changes: list[bool] = []
    with linked(tmp_path) as core:
        core.link.watch(lambda: changes.append(core.link.is_online))
        core.loop.call(core.link.publish, CloudMessage("a", b"", 1), fail)

        wait_until(lambda: changes == [False, True], 10, "a new connection")
        assert core.publish("a", b"x") == [None]


def test_outage_closes_the_connection_and_refuses_until_it_is_over(tmp_path: Path) -> None:
    with linked(tmp_path) as core:
        assert core.has_tcp_connection()
        core.loop.run(core.link.go_offline())

        assert not core.has_tcp_connection()
        assert not core.link.is_online
        assert isinstance(core.publish("a", b"lost")[0], OfflineError)
        with pytest.raises(OfflineError):
            core.subscribe("b", [])
        core.loop.run(core.link.go_online())
        assert core.publish("a", b"sent") == [None]


def test_outage_lets_what_is_in_flight_be_acknowledged_first(tmp_path: Path) -> None:
    async def publish_and_go(core: _Core) -> MqttError | None:
        result: asyncio.Future[MqttError | None] = asyncio.get_running_loop().create_future()
        core.link.publish(CloudMessage("a", b"x", 1), result.set_result)
        await core.link.go_offline()
        return result.result()

    with linked(tmp_path) as core:
        assert core.loop.run(publish_and_go(core)) is None


def test_session_keeps_what_the_cloud_sends_during_an_outage(tmp_path: Path) -> None:
    seen: list[CloudMessage] = []
    with linked(tmp_path) as core, core.cloud("x") as observer:
        core.subscribe("a", seen)
        core.loop.run(core.link.go_offline())
        observer.publish("a", b"1", b"2")
        core.loop.run(core.link.go_online())

        assert [m.payload for m in arrived(seen, 2)] == [b"1", b"2"]


def test_lite_misses_what_the_cloud_sends_during_an_outage(tmp_path: Path) -> None:
    seen: list[CloudMessage] = []
    with (
        linked(tmp_path, once_per_subscription=False, keep_session=False) as core,
        core.cloud("x") as observer,
    ):
        core.subscribe("a", seen)
        core.loop.run(core.link.go_offline())
        observer.publish("a", b"missed")
        core.loop.run(core.link.go_online())
        observer.publish("a", b"seen")

        assert [m.payload for m in arrived(seen, 1)] == [b"seen"]


def test_filter_given_up_during_an_outage_is_given_up_at_the_broker_too(tmp_path: Path) -> None:
    """Else every message that both filters match would come twice here."""
    stale: list[CloudMessage] = []
    wide: list[CloudMessage] = []
    with linked(tmp_path, once_per_subscription=False) as core, core.cloud("x") as observer:
        subscriber = core.subscribe("a", stale)
        core.loop.run(core.link.go_offline())
        core.loop.call(core.link.unsubscribe, subscriber)
        core.loop.run(core.link.go_online())
        core.subscribe("#", wide)
        observer.publish("a", b"once", b"end")

        assert [m.payload for m in arrived(wide, 2)] == [b"once", b"end"]
        assert stale == []


def test_known_filter_can_be_shared_during_an_outage(tmp_path: Path) -> None:
    one: list[CloudMessage] = []
    other: list[CloudMessage] = []
    with linked(tmp_path) as core, core.cloud("x") as observer:
        core.subscribe("a", one)
        core.loop.run(core.link.go_offline())
        core.subscribe("a", other)
        core.loop.run(core.link.go_online())
        observer.publish("a", b"x")

        assert [m.payload for m in arrived(other, 1)] == [b"x"]


def test_filter_given_up_and_taken_again_during_an_outage_goes_on(tmp_path: Path) -> None:
    """A component that is restarted while the cloud is out of reach."""
    seen: list[CloudMessage] = []
    with linked(tmp_path) as core, core.cloud("x") as observer:
        earlier = core.subscribe("a/+", [])
        core.loop.run(core.link.go_offline())
        core.loop.call(core.link.unsubscribe, earlier)
        core.subscribe("a/+", seen)
        observer.publish("a/1", b"meanwhile")
        core.loop.run(core.link.go_online())
        observer.publish("a/2", b"afterwards")

        assert [m.payload for m in arrived(seen, 2)] == [b"meanwhile", b"afterwards"]


@pytest.mark.parametrize("kind", BrokerKind)
def test_link_and_its_subscriptions_survive_a_killed_broker(tmp_path: Path, kind: BrokerKind) -> None:
    seen: list[CloudMessage] = []
    with linked(tmp_path, kind) as core:
        core.subscribe("a", seen)
        assert core.broker.pid is not None
        os.kill(core.broker.pid, signal.SIGKILL)
        wait_until(lambda: not core.link.is_online, 5, "the link's loss")
        core.loop.run(core.broker.stop())
        with running_broker(tmp_path / "again", kind, core.broker.port) as (_, again):
            wait_until(lambda: core.link.is_online, 10, "the link's return")
            with CloudObserver(again.port, "x", again.protocol.value) as observer:
                observer.publish("a", b"x")

                assert [m.payload for m in arrived(seen, 1)] == [b"x"]


def test_message_that_a_dead_broker_never_acknowledged_is_told_as_lost(tmp_path: Path) -> None:
    async def publish_into_the_void(core: _Core, kill: Callable[[], None]) -> MqttError | None:
        result: asyncio.Future[MqttError | None] = asyncio.get_running_loop().create_future()
        core.link.publish(CloudMessage("a", b"x", 1), result.set_result)
        kill()
        return await result

    with linked(tmp_path) as core:
        pid = core.broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)

        lost = core.loop.run(publish_into_the_void(core, lambda: os.kill(pid, signal.SIGKILL)))
        assert isinstance(lost, ConnectionLostError)


SUSPICIOUS = [
    *range(0x20),
    *range(0x7E, 0xA2),
    0xFDCF,
    0xFDD0,
    0xFDEF,
    0xFDF0,
    0xFFFD,
    0xFFFE,
    0xFFFF,
    0x10000,
]
SUSPICIOUS += [0x1FFFE, 0x1FFFF, 0x20000, 0xFFFFF, 0x10FFFD, 0x10FFFE, 0x10FFFF]


def _passes(text: str) -> bool:
    try:
        check_text(text, "Text")
    except TopicError:
        return False
    return True


def test_no_character_that_passes_the_check_breaks_the_link(tmp_path: Path) -> None:
    """Mosquitto closes the connection at the first string that it does not like."""
    passing = [chr(code) for code in SUSPICIOUS if _passes(chr(code))]
    messages = [
        CloudMessage(
            f"a{character}b", b"", 1, content_type=character, user_properties=((character, character),)
        )
        for character in passing
    ]
    for message in messages:
        check_publishable(message)
    with linked(tmp_path) as core:
        assert core.send(*messages) == [None] * len(messages)


@pytest.mark.parametrize(
    "code", [0x00, 0x01, 0x1F, 0x7F, 0x9F, 0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF]
)
def test_each_character_that_the_check_refuses_would_have_broken_the_link(tmp_path: Path, code: int) -> None:
    """Else the check would refuse more than it must. The message is sent past the check."""
    assert not _passes(chr(code))
    with linked(tmp_path) as core:
        results = core.send(CloudMessage(f"a{chr(code)}b", b"", 1))

        assert isinstance(results[0], ConnectionLostError)
