"""Publishing many messages at once through our IPC gateway, against the local core's real IPC server."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_common.errors import PermanentError, TransientError
from edge_common.ipc import (
    GatewayFailedError,
    IpcGateway,
    NoAnswerError,
    NotGrantedError,
    ReconnectPolicy,
    State,
)
from edge_common.metrics import Metrics
from support.ipc_gateway import HASTE, PATIENCE_S, TOPIC
from support.scripted_core import ScriptedCore
from support.waiting import wait_until


def test_many_messages_are_all_sent_in_order_before_the_first_is_answered(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    core.hold_answers()
    with ThreadPoolExecutor() as threads:
        messages = [(TOPIC, str(number).encode()) for number in range(20)]
        publishing = threads.submit(gateway.publish_many_to_iot_core, messages, timeout_s=PATIENCE_S)
        wait_until(lambda: len(core.published) == 20, PATIENCE_S, "twenty unanswered messages")
        assert not publishing.done()
        core.give_answers()
        assert publishing.result() == [None] * 20
    assert core.payloads() == list(range(20))
    assert metrics.snapshot()["ipc_published"] == 20


def test_each_of_many_messages_has_an_outcome_of_its_own(core: ScriptedCore, gateway: IpcGateway) -> None:
    core.refused = {"a/busy": "ServiceError", "a/closed": "UnauthorizedError", "a/odd": "ConflictError"}
    topics = ["a/good", "a/busy", "a/#", "a/closed", "a/odd", "a/good"]
    messages = [(topic, str(number).encode()) for number, topic in enumerate(topics)]
    messages.append(("a/good", bytes(128 * 1024 + 1)))

    outcomes = gateway.publish_many_to_iot_core(messages)

    assert [outcome and type(outcome) for outcome in outcomes] == [
        None,
        TransientError,
        PermanentError,
        NotGrantedError,
        PermanentError,
        None,
        PermanentError,
    ]
    assert core.payloads() == [0, 5]


def test_no_messages_need_no_connection(gateway: IpcGateway) -> None:
    assert gateway.publish_many_to_iot_core([]) == []


def test_many_messages_on_a_connection_that_is_lost_all_fail_as_transient_and_the_next_go_through(
    core: ScriptedCore, gateway: IpcGateway
) -> None:
    core.silent.add("PublishToIoTCore")
    with ThreadPoolExecutor() as threads:
        publishing = threads.submit(
            gateway.publish_many_to_iot_core, [(TOPIC, b"1")] * 3, timeout_s=PATIENCE_S
        )
        wait_until(lambda: core.calls.count("PublishToIoTCore") == 3, PATIENCE_S, "the calls at the core")
        core.restart()
        outcomes = publishing.result()
    core.silent.clear()

    assert [type(outcome) for outcome in outcomes] == [TransientError] * 3
    assert all("may have acted" in str(outcome) for outcome in outcomes)
    assert gateway.publish_many_to_iot_core([(TOPIC, b"2")], timeout_s=PATIENCE_S) == [None]


def test_many_messages_of_which_one_is_not_answered_cost_the_connection_and_only_that_one_fails(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    core.unanswered_topics.add("a/mute")
    messages = [(TOPIC, b"1"), ("a/mute", b"2"), (TOPIC, b"3")]

    outcomes = gateway.publish_many_to_iot_core(messages, timeout_s=1)
    gateway.publish_to_iot_core(TOPIC, b"4")

    assert [outcome and type(outcome) for outcome in outcomes] == [None, NoAnswerError, None]
    assert metrics.snapshot()["ipc_connects"] == 2


def test_many_messages_without_a_connection_all_fail_as_transient(
    core: ScriptedCore, gateway: IpcGateway
) -> None:
    wait_until(lambda: gateway.state is State.CONNECTED, PATIENCE_S, "a connection")
    core.stop_listening()
    wait_until(lambda: gateway.state is State.CONNECTING, PATIENCE_S, "the loss to be noticed")

    outcomes = gateway.publish_many_to_iot_core([(TOPIC, b"1"), (TOPIC, b"2")], timeout_s=0.2)

    assert ["no connection to the Greengrass core" in str(outcome) for outcome in outcomes] == [True, True]
    assert core.published == []


def test_a_connection_that_comes_late_leaves_the_answers_their_whole_time(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    """What is sent a moment before a deadline would cost the connection and be sent twice."""
    timeout_s = 3.0
    wait_until(lambda: gateway.state is State.CONNECTED, PATIENCE_S, "a connection")
    core.stop_listening()
    core.hold_answers()
    wait_until(lambda: gateway.state is State.CONNECTING, PATIENCE_S, "the loss to be noticed")
    began_s = time.monotonic()
    with ThreadPoolExecutor() as threads:
        publishing = threads.submit(gateway.publish_many_to_iot_core, [(TOPIC, b"1")], timeout_s=timeout_s)
        wait_until(lambda: time.monotonic() > began_s + timeout_s / 2, PATIENCE_S, "half of the time")
        core.listen_again()
        wait_until(lambda: time.monotonic() > began_s + 1.1 * timeout_s, PATIENCE_S, "more than all of it")
        core.give_answers()
        assert publishing.result() == [None]
    assert metrics.snapshot()["ipc_connects"] <= 2


def test_many_messages_on_a_gateway_that_has_failed_raise_its_failure(core: ScriptedCore) -> None:
    stop = threading.Event()
    policy = ReconnectPolicy(backoff=HASTE, refused_after_s=0.0)
    gateway = IpcGateway(socket_path=core.socket_path, token=core.token, policy=policy, stop=stop)
    core.forget_token()

    def use() -> None:
        with gateway:
            gateway.publish_many_to_iot_core([(TOPIC, b"1")], timeout_s=PATIENCE_S)

    with pytest.raises(GatewayFailedError, match="refused the token"):
        use()
    assert stop.is_set()
