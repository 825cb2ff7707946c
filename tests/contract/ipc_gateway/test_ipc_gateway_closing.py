"""The end of our IPC gateway: by its block, the stop event, an exception or a failure."""

import threading
from dataclasses import replace

import pytest

from edge_common.errors import PermanentError, TransientError
from edge_common.ipc import (
    GatewayFailedError,
    IpcGateway,
    Message,
    NoAnswerError,
    State,
)
from support.ipc_gateway import (
    FILTER,
    PATIENCE_S,
    PATIENT_BUT_FOR_REFUSALS,
    TOPIC,
    Received,
    threads_and_descriptors,
)
from support.scripted_core import ScriptedCore
from support.waiting import wait_until


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
