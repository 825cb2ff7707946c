"""Our IPC gateway, with the unmodified AWS SDK below it, against the local core's real IPC server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from edge_common.clock import SystemClock
from edge_common.errors import PermanentError, TransientError
from edge_common.ipc import (
    GatewayFailedError,
    IpcGateway,
    Message,
    NoAnswerError,
    NotGrantedError,
    ReconnectPolicy,
    State,
)
from edge_common.metrics import Counter, Metrics
from edge_common.retry import Backoff
from local_core.ipc.eventstream import FrameReader, HeaderType
from local_core.ipc.messages import CONNECTION_ACCEPTED, MessageType, connection_frame
from local_core.ipc.messages import Message as IpcMessage
from support.scripted_core import ScriptedCore
from support.waiting import wait_until

TOPIC = "orangepi5-core-001/sensors/data"
FILTER = "orangepi5-core-001/+/+"
HASTE = Backoff(initial_s=0.01, max_s=0.05)
QUICK = ReconnectPolicy(backoff=HASTE, stable_after_s=0.1, give_up_after_s=20)
IMPATIENT = ReconnectPolicy(
    backoff=HASTE, connect_timeout_s=0.2, subscribe_timeout_s=0.3, give_up_after_s=0.5
)
PATIENT_BUT_FOR_REFUSALS = ReconnectPolicy(backoff=HASTE, give_up_after_s=3600, refused_after_s=0.5)
PATIENCE_S = 20.0


class Received:
    """What a subscription got; `on_message` of a gateway."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def __call__(self, message: Message) -> None:
        """Note the message."""
        self.messages.append(message)

    @property
    def payloads(self) -> list[bytes]:
        """Of all messages so far."""
        return [message.payload for message in list(self.messages)]

    def wait_for(self, count: int) -> list[bytes]:
        """Wait for `count` messages; the payloads of all that came."""
        wait_until(lambda: len(self.messages) >= count, PATIENCE_S, f"{count} messages")
        return self.payloads


@pytest.fixture
def core(tmp_path: Path) -> Iterator[ScriptedCore]:
    with ScriptedCore(tmp_path) as running:
        yield running


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def gateway(core: ScriptedCore, metrics: Metrics) -> Iterator[IpcGateway]:
    with IpcGateway(
        socket_path=core.socket_path, token=core.token, policy=QUICK, metrics=metrics
    ) as connected:
        yield connected


def test_published_bytes_reach_the_core_unchanged(core: ScriptedCore, gateway: IpcGateway) -> None:
    gateway.publish_to_iot_core(TOPIC, b'{"n":1}', qos=1)
    gateway.publish_to_topic("local/data", {"n": 2})
    gateway.publish_to_topic("local/raw", b"\x00\xff")

    assert core.payloads() == [{"n": 1}]
    assert [request for _, request in core.published] == [
        {"topicName": TOPIC, "qos": "1", "payload": "eyJuIjoxfQ=="},
        {"topic": "local/data", "publishMessage": {"jsonMessage": {"message": {"n": 2}}}},
        {"topic": "local/raw", "publishMessage": {"binaryMessage": {"message": "AP8="}}},
    ]


def test_configuration_and_state_go_through(core: ScriptedCore, gateway: IpcGateway) -> None:
    core.configuration = {"topics": {"data": TOPIC}}

    gateway.update_configuration(["interval"], {"interval_s": 5}, SystemClock().now())
    gateway.update_state("RUNNING")

    assert gateway.get_configuration(["topics"]) == {"data": TOPIC}
    assert gateway.get_configuration() == {"topics": {"data": TOPIC}, "interval_s": 5}
    assert core.states == ["RUNNING"]


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


@pytest.mark.parametrize("shape", ["ServiceError", "InvalidTokenError"])
def test_errors_of_the_core_itself_are_transient(core: ScriptedCore, gateway: IpcGateway, shape: str) -> None:
    core.refused[TOPIC] = shape

    with pytest.raises(TransientError, match=f"PublishToIoTCore .*{shape}: scripted"):
        gateway.publish_to_iot_core(TOPIC, b"1")


@pytest.mark.parametrize(
    "shape",
    [
        "InvalidArgumentsError",
        "ResourceNotFoundError",
        "ConflictError",
        "FailedUpdateConditionCheckError",
        "ComponentNotFoundError",
        "InvalidRecipeDirectoryPathError",
        "InvalidArtifactsDirectoryPathError",
        "InvalidCredentialError",
        "InvalidClientDeviceAuthTokenError",
    ],
)
def test_errors_of_the_request_are_permanent(core: ScriptedCore, gateway: IpcGateway, shape: str) -> None:
    core.refused["interval"] = shape

    with pytest.raises(PermanentError, match=f"GetConfiguration .*{shape}: scripted") as caught:
        gateway.get_configuration(["interval"])
    assert caught.value.code == shape


def test_missing_grant_names_service_operation_and_resource(core: ScriptedCore, gateway: IpcGateway) -> None:
    core.refused = {TOPIC: "UnauthorizedError", "local/#": "UnauthorizedError"}

    with pytest.raises(NotGrantedError) as publishing:
        gateway.publish_to_iot_core(TOPIC, b"1")
    with pytest.raises(NotGrantedError) as subscribing:
        gateway.subscribe_to_topic("local/#", Received())

    refused = publishing.value, subscribing.value
    assert [(error.service, error.operation, error.resource) for error in refused] == [
        ("aws.greengrass.ipc.mqttproxy", "PublishToIoTCore", TOPIC),
        ("aws.greengrass.ipc.pubsub", "SubscribeToTopic", "local/#"),
    ]
    assert f'"aws.greengrass#PublishToIoTCore" on "{TOPIC}"' in publishing.value.reason


def test_message_too_large_for_a_frame_is_permanent(gateway: IpcGateway) -> None:
    with pytest.raises(PermanentError) as caught:
        gateway.publish_to_topic("local/raw", bytes(19_000_000))
    assert caught.value.code == "too_large"


def test_unanswered_call_ends_by_its_deadline_on_a_new_connection(
    core: ScriptedCore, gateway: IpcGateway, metrics: Metrics
) -> None:
    core.silent.add("PublishToIoTCore")
    with pytest.raises(NoAnswerError, match="may have acted"):
        gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=0.2)
    core.silent.clear()
    gateway.publish_to_iot_core(TOPIC, b"2")

    assert core.payloads() == [2]
    assert metrics.snapshot()["ipc_connects"] == 2


def test_call_without_connection_ends_by_its_deadline(core: ScriptedCore, gateway: IpcGateway) -> None:
    gateway.publish_to_iot_core(TOPIC, b"1")
    core.stop_listening()

    with pytest.raises(TransientError):
        gateway.publish_to_iot_core(TOPIC, b"2", timeout_s=0.2)
    with pytest.raises(TransientError, match="no connection to the Greengrass core"):
        gateway.publish_to_iot_core(TOPIC, b"3", timeout_s=0.2)


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


def test_call_in_flight_when_the_connection_is_lost_fails_as_transient(
    core: ScriptedCore, gateway: IpcGateway
) -> None:
    core.silent.add("PublishToIoTCore")
    failures: list[TransientError] = []

    def publish() -> None:
        with pytest.raises(TransientError) as caught:
            gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=PATIENCE_S)
        failures.append(caught.value)

    gateway.get_configuration()
    caller = threading.Thread(target=publish)
    caller.start()
    wait_until(lambda: "PublishToIoTCore" in core.calls, PATIENCE_S, "the call at the core")
    core.restart()
    caller.join(PATIENCE_S)

    assert "may have acted" in failures[0].reason


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


def test_failed_gateway_gives_way_to_the_exception_that_leaves_its_block(core: ScriptedCore) -> None:
    stop = threading.Event()
    policy = replace(PATIENT_BUT_FOR_REFUSALS, refused_after_s=0.0)
    gateway = IpcGateway(socket_path=core.socket_path, token=core.token, policy=policy, stop=stop)

    def use() -> None:
        with gateway:
            stop.wait(PATIENCE_S)
            raise ValueError("of the body")

    core.forget_token()
    with pytest.raises(ValueError, match="of the body"):
        use()
    assert gateway.state is State.FAILED


def test_failure_is_logged_where_the_exception_that_leaves_does_not_say_it(
    core: ScriptedCore, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else whoever owns the work reports what is raised: one failure, one line."""
    policy = replace(PATIENT_BUT_FOR_REFUSALS, refused_after_s=0.0)

    def use(then: Exception | None) -> None:
        stop = threading.Event()
        with IpcGateway(socket_path=core.socket_path, token=core.token, policy=policy, stop=stop):
            assert stop.wait(PATIENCE_S)
            if then is not None:
                raise then

    core.forget_token()
    with pytest.raises(GatewayFailedError):
        use(None)
    quiet = capsys.readouterr().out
    with pytest.raises(ValueError, match="of the body"):
        use(ValueError("of the body"))

    assert "ERROR" not in quiet
    assert capsys.readouterr().out.count("ERROR ipc_failed reason=") == 1


def test_exception_that_leaves_a_gateway_without_a_name_arrives_as_it_was_raised(core: ScriptedCore) -> None:
    """Nothing but the SDK holds such a gateway's connection: awscrt crashed when that let go of it."""
    for count in range(50):
        with (
            pytest.raises(ValueError, match=f"number {count}"),
            IpcGateway(socket_path=core.socket_path, token=core.token),
        ):
            raise ValueError(f"number {count}")


def test_core_that_comes_back_in_time_is_not_given_up(core: ScriptedCore, gateway: IpcGateway) -> None:
    gateway.publish_to_iot_core(TOPIC, b"1")
    core.stop_listening()
    wait_until(lambda: gateway.state is State.CONNECTING, PATIENCE_S, "the loss to be noticed")
    core.listen_again()

    gateway.publish_to_iot_core(TOPIC, b"2", timeout_s=PATIENCE_S)
    assert core.payloads() == [1, 2]


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
    gateway.get_configuration()  # whatever would come twice has come by now
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


def test_stop_event_ends_a_waiting_call(core: ScriptedCore) -> None:
    stop = threading.Event()
    core.silent.add("PublishToIoTCore")
    with IpcGateway(socket_path=core.socket_path, token=core.token, stop=stop) as gateway:
        threading.Timer(0.1, stop.set).start()
        with pytest.raises(NoAnswerError):
            gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=1000)


def test_close_ends_calls_in_flight_and_leaves_nothing_behind(
    core: ScriptedCore, capfd: pytest.CaptureFixture[str]
) -> None:
    core.silent.add("PublishToIoTCore")
    failures: list[TransientError] = []
    threads_before, received = set(threading.enumerate()), Received()
    with IpcGateway(socket_path=core.socket_path, token=core.token) as gateway:
        gateway.subscribe_to_iot_core(FILTER, received)

        def publish() -> None:
            with pytest.raises(TransientError) as caught:
                gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=1000)
            failures.append(caught.value)

        caller = threading.Thread(target=publish)
        caller.start()
        wait_until(lambda: "PublishToIoTCore" in core.calls, PATIENCE_S, "the call at the core")
        core.deliver_iot_core(FILTER, TOPIC, [b"last"])
        received.wait_for(1)
    caller.join(PATIENCE_S)

    assert len(failures) == 1
    assert set(threading.enumerate()) == threads_before
    assert gateway.state is State.CLOSED
    wait_until(lambda: core.connection_count == 0, PATIENCE_S, "the connection's end at the core")
    with pytest.raises(TransientError, match="is ending"):
        gateway.publish_to_iot_core(TOPIC, b"2")
    assert capfd.readouterr().err == ""


def test_closing_twice_or_from_a_callback_is_harmless(core: ScriptedCore) -> None:
    closed = threading.Event()
    with IpcGateway(socket_path=core.socket_path, token=core.token) as gateway:

        def end(_message: Message) -> None:
            gateway.close()
            closed.set()

        gateway.subscribe_to_iot_core(FILTER, end)
        core.deliver_iot_core(FILTER, TOPIC, [b"1"])
        assert closed.wait(PATIENCE_S)


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


def test_closed_gateways_leave_one_native_thread_in_all_and_no_descriptors(core: ScriptedCore) -> None:
    def use_once() -> None:
        with IpcGateway(socket_path=core.socket_path, token=core.token) as gateway:
            gateway.subscribe_to_iot_core(FILTER, Received())
            with pytest.raises(PermanentError):
                gateway.publish_to_iot_core(TOPIC, b"1")

    core.refused[TOPIC] = "ConflictError"
    use_once()
    before = threads_and_descriptors()
    for _ in range(20):
        use_once()

    wait_until(lambda: threads_and_descriptors() <= before, PATIENCE_S, f"no more than {before}")


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


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that connections arrive at; what becomes of them is the test's."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        yield listener


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


def threads_and_descriptors() -> tuple[int, int]:
    """Native threads and open file descriptors of this process."""
    return len(list(Path("/proc/self/task").iterdir())), len(list(Path("/proc/self/fd").iterdir()))
