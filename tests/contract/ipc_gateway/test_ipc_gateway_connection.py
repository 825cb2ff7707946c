"""The connection of our IPC gateway: lost, refused, given up, and built again."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_common.backoff import Backoff
from edge_common.errors import TransientError
from edge_common.ipc import (
    GatewayFailedError,
    IpcGateway,
    ReconnectPolicy,
    State,
)
from edge_common.metrics import Counter, Metrics
from local_core.ipc.eventstream import FrameReader, HeaderType
from local_core.ipc.messages import CONNECTION_ACCEPTED, MessageType, connection_frame
from local_core.ipc.messages import Message as IpcMessage
from support.ipc_gateway import (
    FILTER,
    IMPATIENT,
    PATIENCE_S,
    PATIENT_BUT_FOR_REFUSALS,
    TOPIC,
    Received,
    listening,
    threads_and_descriptors,
)
from support.scripted_core import ScriptedCore
from support.waiting import wait_until


def test_server_that_accepts_and_says_nothing_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "silent.socket"
    gateway = IpcGateway(socket_path=str(path), token="SILENT", policy=IMPATIENT)  # noqa: S106  a test's

    def use() -> None:
        with gateway:
            with pytest.raises(TransientError, match="no connection"):
                gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=0.1)
            gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=PATIENCE_S)

    with listening(path), pytest.raises(GatewayFailedError, match="nobody answered"):
        use()
    assert gateway.state is State.FAILED
    assert not [record for record in caplog.records if record.name.startswith("awsiot")]


def test_core_that_accepts_but_answers_no_call_is_given_up(core: ScriptedCore) -> None:
    core.silent.add("GetConfiguration")
    with (
        pytest.raises(GatewayFailedError, match="answers nothing"),
        IpcGateway(socket_path=core.socket_path, token=core.token, policy=IMPATIENT) as gateway,
    ):
        gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=PATIENCE_S)


def test_connection_and_subscriptions_come_back_after_a_restart(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    received = Received()
    gateway.subscribe_to_iot_core(FILTER, received)
    gateway.subscribe_to_topic("local/data", received)
    core.deliver_iot_core(FILTER, TOPIC, [b"before"])
    received.wait_for(1)

    core.restart()
    wait_until(lambda: len(core.subscribed) == 4, PATIENCE_S, "both subscriptions again")
    gateway.publish_to_iot_core(TOPIC, b"1")
    core.deliver_iot_core(FILTER, TOPIC, [b"after"])
    core.deliver_json("local/data", "local/data", {})

    assert received.wait_for(3) == [b"before", b"after", b"{}"]
    assert core.payloads() == [1]
    assert core.connection_count == 1
    assert metrics.snapshot()["ipc_connects"] == 2


def test_refused_token_fails_the_gateway_soon(core: ScriptedCore) -> None:
    """However long it would wait for a core that is away: only a new process gets a valid token."""
    stop = threading.Event()
    gateway = IpcGateway(
        socket_path=core.socket_path, token=core.token, policy=PATIENT_BUT_FOR_REFUSALS, stop=stop
    )

    def use() -> None:
        with gateway:
            gateway.publish_to_iot_core(TOPIC, b"1")
            core.forget_token()
            core.restart()
            assert stop.wait(PATIENCE_S)
            with pytest.raises(GatewayFailedError):
                gateway.publish_to_iot_core(TOPIC, b"2")
            with pytest.raises(GatewayFailedError):
                gateway.subscribe_to_topic("local/data", Received())

    with pytest.raises(GatewayFailedError, match="refused the token of this process"):
        use()


def test_core_that_hangs_up_on_the_token_refuses_it(tmp_path: Path) -> None:
    """Greengrass Lite does so, without an answer: client_ready in its modules/ggipcd/src/ipc_server.c."""
    path, stop = tmp_path / "raw.socket", threading.Event()

    def hang_up(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the end of the test
            while True:
                peer, _ = listener.accept()
                peer.recv(65536)
                peer.close()

    with listening(path) as listener:
        hanging_up = threading.Thread(target=hang_up, args=[listener])
        hanging_up.start()
        gateway = IpcGateway(
            socket_path=str(path),
            token="OLD",  # noqa: S106  a test's
            policy=PATIENT_BUT_FOR_REFUSALS,
            stop=stop,
        )
        with pytest.raises(GatewayFailedError, match="refused the token of this process"), gateway:
            stop.wait(PATIENCE_S)
        listener.shutdown(socket.SHUT_RDWR)
        hanging_up.join(PATIENCE_S)


def test_core_that_refuses_only_while_it_starts_is_not_given_up(core: ScriptedCore) -> None:
    policy = replace(PATIENT_BUT_FOR_REFUSALS, refused_after_s=PATIENCE_S)
    core.forget_token()
    with IpcGateway(socket_path=core.socket_path, token=core.token, policy=policy) as gateway:
        with pytest.raises(TransientError, match="refused the token of this process"):
            gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=0.2)
        core.remember_token()
        gateway.publish_to_iot_core(TOPIC, b"2", timeout_s=PATIENCE_S)
    assert core.payloads() == [2]


def test_core_that_comes_back_in_time_is_not_given_up(core: ScriptedCore, gateway: IpcGateway) -> None:
    gateway.publish_to_iot_core(TOPIC, b"1")
    core.stop_listening()
    wait_until(lambda: gateway.state is State.CONNECTING, PATIENCE_S, "the loss to be noticed")
    core.listen_again()

    gateway.publish_to_iot_core(TOPIC, b"2", timeout_s=PATIENCE_S)
    assert core.payloads() == [1, 2]


def test_two_hundred_reconnects_leak_neither_threads_nor_descriptors(core: ScriptedCore) -> None:
    connects, hasty = Metrics(), ReconnectPolicy(backoff=Backoff(initial_s=0.001, max_s=0.002))
    with IpcGateway(
        socket_path=core.socket_path, token=core.token, policy=hasty, metrics=connects
    ) as gateway:
        gateway.subscribe_to_iot_core(FILTER, Received())
        reconnect(core, connects.counter("ipc_connects"), 10)
        before = threads_and_descriptors()
        reconnect(core, connects.counter("ipc_connects"), 190)

        # Native threads of gateways that ended before may still be ending: only growth is a leak.
        wait_until(lambda: threads_and_descriptors() <= before, PATIENCE_S, f"no more than {before}")
        gateway.publish_to_iot_core(TOPIC, b"1")


def test_ping_of_the_core_is_answered_with_its_own_payload(tmp_path: Path) -> None:
    with (
        listening(tmp_path / "raw.socket") as listener,
        contextlib.ExitStack() as ending,
    ):
        ending.enter_context(IpcGateway(socket_path=str(tmp_path / "raw.socket"), token="RAW"))  # noqa: S106
        peer = ending.enter_context(listener.accept()[0])
        peer.settimeout(PATIENCE_S)
        sent = messages_of(peer)
        assert next(sent).type is MessageType.CONNECT
        peer.sendall(connection_frame(MessageType.CONNECT_ACK, CONNECTION_ACCEPTED))
        peer.sendall(connection_frame(MessageType.PING, headers={"n": (HeaderType.INT32, 7)}, payload=b"?"))

        answer = next(m for m in sent if m.type is MessageType.PING_RESPONSE)
        assert answer.payload == b"?"
        assert answer.headers["n"] == (HeaderType.INT32, 7)


def messages_of(peer: socket.socket) -> Iterator[IpcMessage]:
    """What a client sends, message by message."""
    reader = FrameReader()
    while chunk := peer.recv(65536):
        reader.feed(chunk)
        while (frame := reader.next_frame()) is not None:
            yield IpcMessage.of(frame)


def reconnect(core: ScriptedCore, connects: Counter, times: int) -> None:
    """Restart the core `times` times, each time when the gateway has come back."""
    for count in range(connects.value, connects.value + times):
        core.restart()
        wait_for_more_than(count, connects)
    wait_until(lambda: core.connection_count == 1, PATIENCE_S, "one connection")


def wait_for_more_than(count: int, counter: Counter) -> None:
    """Wait until the counter has passed `count`."""
    wait_until(lambda: counter.value > count, PATIENCE_S, f"{counter.name} above {count}")
