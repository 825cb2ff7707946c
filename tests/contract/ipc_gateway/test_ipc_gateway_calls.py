"""Calls of our IPC gateway: what reaches the core, and what each kind of refusal becomes."""

import threading

import pytest

from edge_common.errors import PermanentError, TransientError
from edge_common.ipc import (
    IpcGateway,
    NoAnswerError,
    NotGrantedError,
    State,
)
from edge_common.metrics import Metrics
from support.ipc_gateway import PATIENCE_S, TOPIC, Received
from support.scripted_core import ScriptedCore
from support.waiting import wait_until


def test_published_bytes_reach_the_core_unchanged(core: ScriptedCore, gateway: IpcGateway) -> None:
    gateway.publish_to_iot_core(TOPIC, b'{"n":1}', qos=1)
    gateway.publish_to_iot_core(TOPIC, b"\x00\xff", qos=0)

    assert core.published == [
        {"topicName": TOPIC, "qos": "1", "payload": "eyJuIjoxfQ=="},
        {"topicName": TOPIC, "qos": "0", "payload": "AP8="},
    ]


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
    core.refused[TOPIC] = shape

    with pytest.raises(PermanentError, match=f"PublishToIoTCore .*{shape}: scripted") as caught:
        gateway.publish_to_iot_core(TOPIC, b"1")
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


def test_message_too_large_for_a_frame_is_permanent(core: ScriptedCore) -> None:
    with (
        IpcGateway(socket_path=core.socket_path, token=core.token, max_payload_bytes=20_000_000) as gateway,
        pytest.raises(PermanentError, match="too large for IPC") as caught,
    ):
        gateway.publish_to_iot_core(TOPIC, bytes(19_000_000))
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


def test_call_in_flight_when_the_connection_is_lost_fails_as_transient(
    core: ScriptedCore, gateway: IpcGateway
) -> None:
    core.silent.add("PublishToIoTCore")
    failures: list[TransientError] = []

    def publish() -> None:
        with pytest.raises(TransientError) as caught:
            gateway.publish_to_iot_core(TOPIC, b"1", timeout_s=PATIENCE_S)
        failures.append(caught.value)

    wait_until(lambda: gateway.state is State.CONNECTED, PATIENCE_S, "a connection")
    caller = threading.Thread(target=publish)
    caller.start()
    wait_until(lambda: "PublishToIoTCore" in core.calls, PATIENCE_S, "the call at the core")
    core.restart()
    caller.join(PATIENCE_S)

    assert "may have acted" in failures[0].reason
