"""Subscriptions of our IPC gateway: what arrives, in which order, and how they are kept alive."""

import threading

import orjson
import pytest

from edge_common.ipc import GatewayFailedError, IpcGateway, Message
from edge_common.metrics import Metrics
from support.ipc_gateway import (
    FILTER,
    IMPATIENT,
    PATIENCE_S,
    QUICK,
    TOPIC,
    Received,
)
from support.scripted_core import ScriptedCore
from support.waiting import wait_until


def test_messages_arrive_with_their_concrete_topic(core: ScriptedCore, gateway: IpcGateway) -> None:
    cloud, local = Received(), Received()
    assert gateway.subscribe_to_iot_core(FILTER, cloud).active
    assert gateway.subscribe_to_topic("local/#", local).active

    core.deliver_iot_core(FILTER, TOPIC, [b"\x00\xff"])
    core.deliver_json("local/#", "local/ä", {"wärme": 24.31})
    binary = {"binaryMessage": {"message": "AP8=", "context": {"topic": "local/raw"}}}
    core.deliver("local/#", "SubscriptionResponseMessage", binary)

    cloud.wait_for(1)
    local.wait_for(2)
    assert cloud.messages == [Message(TOPIC, b"\x00\xff")]
    assert local.messages == [
        Message("local/ä", '{"wärme":24.31}'.encode()),
        Message("local/raw", b"\x00\xff"),
    ]


def test_five_thousand_events_keep_their_order(core: ScriptedCore, gateway: IpcGateway) -> None:
    received = Received()
    gateway.subscribe_to_iot_core(FILTER, received)
    gateway.subscribe_to_topic("local/data", received)

    sent = list(range(5000))
    for n in sent[::2]:
        core.deliver_iot_core(FILTER, TOPIC, [orjson.dumps({"n": n})])
        core.deliver_json("local/data", "local/data", {"n": n + 1})

    received.wait_for(5000)
    assert [orjson.loads(payload)["n"] for payload in received.payloads] == sent


def test_failing_callback_costs_only_its_own_message(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    received = Received()

    def choosy(message: Message) -> None:
        if message.payload == b"bad":
            raise RuntimeError("cannot take this")
        received(message)

    gateway.subscribe_to_iot_core(FILTER, choosy)
    core.deliver_iot_core(FILTER, TOPIC, [b"first", b"bad", b"last"])

    assert received.wait_for(2) == [b"first", b"last"]
    assert metrics.snapshot()["ipc_callback_errors"] == 1


def test_callback_may_call_the_core(core: ScriptedCore, gateway: IpcGateway) -> None:
    def answer(message: Message) -> None:
        gateway.publish_to_iot_core(f"{message.topic}/response", message.payload)

    gateway.subscribe_to_iot_core(FILTER, answer)
    core.deliver_iot_core(FILTER, TOPIC, [b"1", b"2"])

    wait_until(lambda: len(core.published) == 2, PATIENCE_S, "two responses")
    assert core.payloads() == [1, 2]


def test_unreadable_events_are_counted_and_the_next_one_arrives(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    received = Received()
    gateway.subscribe_to_iot_core(FILTER, received)

    core.deliver(FILTER, "IoTCoreMessage", {})
    core.deliver(FILTER, "IoTCoreMessage", {"message": {"payload": "AP8="}})
    core.deliver(FILTER, "IoTCoreMessage", {"message": {"topicName": TOPIC, "payload": 7}})
    core.deliver(FILTER, "ShapeOfTheFuture", {})
    core.deliver_iot_core(FILTER, TOPIC, [b"good"])

    assert received.wait_for(1) == [b"good"]
    assert metrics.snapshot()["ipc_events_malformed"] == 4


def test_slow_callback_loses_what_does_not_fit_and_stops_no_call(core: ScriptedCore) -> None:
    release, started, metrics, received = threading.Event(), threading.Event(), Metrics(), Received()

    def slow(message: Message) -> None:
        started.set()
        release.wait(PATIENCE_S)
        received(message)

    with IpcGateway(
        socket_path=core.socket_path, token=core.token, metrics=metrics, max_pending_bytes=3000
    ) as gateway:
        gateway.subscribe_to_iot_core(FILTER, slow)
        core.deliver_iot_core(FILTER, TOPIC, [b"now"])
        started.wait(PATIENCE_S)
        core.deliver_iot_core(FILTER, TOPIC, [b"1" * 1000, b"2" * 1000, b"3" * 1000, b"4" * 1000])
        gateway.publish_to_iot_core(TOPIC, b"5")
        dropped = metrics.snapshot()["ipc_messages_dropped"]
        release.set()
        received.wait_for(3)

    assert dropped == 2
    assert received.payloads == [b"now", b"1" * 1000, b"2" * 1000]
    assert metrics.snapshot()["ipc_messages_received"] == 5


def test_subscription_refused_for_now_is_made_later(core: ScriptedCore, gateway: IpcGateway) -> None:
    received = Received()
    core.refused[FILTER] = "ServiceError"
    subscription = gateway.subscribe_to_iot_core(FILTER, received)
    was_active = subscription.active
    core.refused.clear()
    wait_until(lambda: subscription.active, PATIENCE_S, "the subscription")
    core.deliver_iot_core(FILTER, TOPIC, [b"1"])

    assert not was_active
    assert received.wait_for(1) == [b"1"]


def test_subscription_refused_after_a_reconnect_fails_the_gateway(core: ScriptedCore) -> None:
    """A component that has become deaf must not look alive."""
    stop = threading.Event()
    gateway = IpcGateway(socket_path=core.socket_path, token=core.token, policy=QUICK, stop=stop)

    def use() -> None:
        with gateway:
            gateway.subscribe_to_iot_core(FILTER, Received())
            core.refused[FILTER] = "UnauthorizedError"
            core.restart()
            stop.wait(PATIENCE_S)

    with pytest.raises(GatewayFailedError, match="not granted"):
        use()


def test_unanswered_subscription_is_asked_for_again_on_a_new_connection(core: ScriptedCore) -> None:
    core.silent.add("SubscribeToIoTCore")
    with IpcGateway(socket_path=core.socket_path, token=core.token, policy=IMPATIENT) as gateway:
        subscription = gateway.subscribe_to_iot_core(FILTER, Received(), timeout_s=0.1)
        assert not subscription.active
        wait_until(lambda: len(core.subscribed) > 1, PATIENCE_S, "a second attempt")
        core.silent.clear()
        wait_until(lambda: subscription.active, PATIENCE_S, "the subscription")


def test_subscription_that_the_core_ends_is_made_again(core: ScriptedCore, gateway: IpcGateway) -> None:
    received = Received()
    subscription = gateway.subscribe_to_iot_core(FILTER, received)
    core.end_streams(FILTER)
    wait_until(lambda: len(core.subscribed) == 2 and subscription.active, PATIENCE_S, "a new stream")
    core.deliver_iot_core(FILTER, TOPIC, [b"1"])

    assert received.wait_for(1) == [b"1"]


def test_silent_subscription_is_replaced_and_nothing_is_lost_or_comes_twice(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    """Without any patience it is replaced all the time, so that messages meet every moment of it."""
    received = Received()
    gateway.subscribe_to_iot_core(FILTER, received, resubscribe_after_silence_s=0.0)
    payloads = [str(n).encode() for n in range(2000)]
    for payload in payloads:
        core.deliver_iot_core(FILTER, TOPIC, [payload])
    wait_until(lambda: len(core.subscribed) > 20, PATIENCE_S, "replacements")

    received.wait_for(2000)
    gateway.publish_to_iot_core(TOPIC, b"1")  # whatever would come twice has come by now
    assert received.payloads == payloads
    assert metrics.snapshot()["ipc_connects"] == 1


def test_replaced_streams_are_closed(core: ScriptedCore, gateway: IpcGateway) -> None:
    gateway.subscribe_to_iot_core(FILTER, Received(), resubscribe_after_silence_s=0.01)
    wait_until(lambda: len(core.subscribed) >= 20, PATIENCE_S, "replacements")

    wait_until(lambda: len(core.streams[FILTER]) <= 2, PATIENCE_S, "the old streams' end")


def test_closed_subscription_gets_nothing_and_is_closed_at_the_core(
    core: ScriptedCore, gateway: IpcGateway
) -> None:
    received, other = Received(), Received()
    subscription = gateway.subscribe_to_iot_core(FILTER, received)
    gateway.subscribe_to_iot_core("other/#", other)
    subscription.close()
    wait_until(lambda: not core.streams[FILTER], PATIENCE_S, "the stream's end at the core")
    core.restart()
    wait_until(lambda: core.streams["other/#"], PATIENCE_S, "the other subscription again")

    assert core.subscribed.count(FILTER) == 1
    assert not received.messages
