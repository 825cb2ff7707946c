"""Calls over IPC: responses, errors and the work of slow operations."""

import asyncio
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import awsiot.eventstreamrpc
import awsiot.greengrasscoreipc.model as sdk
import orjson
import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from local_core.ipc.messages import CONTENT_TYPE, MESSAGE_FLAGS, MESSAGE_TYPE, SERVICE_MODEL_TYPE, STREAM_ID
from local_core.ipc.messages import MessageType as T
from local_core.ipc.routes import KNOWN_OPERATIONS
from support.raw_ipc import RawClient, connected, number, request, text
from support.sample_ipc import COMPONENT, SampleCore, is_answered, serving
from support.waiting import wait_until

WITHIN_S = 10.0


def test_a_unary_response_ends_its_stream(raw: RawClient) -> None:
    """Without the flag the SDK's client leaks 6 kB with every call."""
    raw.send(request(1, "PublishToIoTCore", {"topicName": "t"}))
    response = raw.frame()

    assert number(response, MESSAGE_TYPE) == T.APPLICATION_MESSAGE
    assert number(response, MESSAGE_FLAGS) == 2
    assert number(response, STREAM_ID) == 1
    assert text(response, CONTENT_TYPE) == "application/json"
    assert text(response, SERVICE_MODEL_TYPE) == "aws.greengrass#PublishToIoTCoreResponse"
    assert response.payload == b"{}"


def test_the_sdk_sees_the_stream_of_a_unary_call_closed(client: GreengrassCoreIPCClientV2) -> None:
    operation = client.client.new_publish_to_iot_core()
    operation.activate(sdk.PublishToIoTCoreRequest(topic_name="t", qos="1", payload=b"p")).result(WITHIN_S)
    operation.get_response().result(WITHIN_S)

    assert operation.close().result(WITHIN_S) is None


def test_a_request_arrives_as_the_sdk_meant_it(core: SampleCore, client: GreengrassCoreIPCClientV2) -> None:
    client.publish_to_iot_core(topic_name="täst/topic", qos=sdk.QOS.AT_LEAST_ONCE, payload=b"\0\xff")

    assert core.operations.latest is not None
    assert core.operations.latest.component == COMPONENT
    assert core.operations.latest.operation == "PublishToIoTCore"
    assert core.operations.latest.request == {"topicName": "täst/topic", "qos": "1", "payload": "AP8="}


def test_a_null_counts_as_absent_but_not_inside_a_message(core: SampleCore, raw: RawClient) -> None:
    raw.send(request(1, "GetConfiguration", {"componentName": None, "keyPath": [None]}))
    raw.frame()

    assert core.operations.latest is not None
    assert core.operations.latest.request == {"keyPath": [None]}


@pytest.mark.parametrize(
    "shape",
    [
        "ComponentNotFoundError",
        "ConflictError",
        "FailedUpdateConditionCheckError",
        "InvalidArgumentsError",
        "InvalidArtifactsDirectoryPathError",
        "InvalidClientDeviceAuthTokenError",
        "InvalidCredentialError",
        "InvalidRecipeDirectoryPathError",
        "InvalidTokenError",
        "ResourceNotFoundError",
        "ServiceError",
        "UnauthorizedError",
    ],
)
def test_a_modelled_error_is_the_sdks_exception(client: GreengrassCoreIPCClientV2, shape: str) -> None:
    with pytest.raises(getattr(sdk, shape)) as raised:
        client.get_secret_value(secret_id=shape)

    assert raised.value.message == f"{shape} was asked for"
    assert is_answered(client)


def test_a_missing_resource_is_named(client: GreengrassCoreIPCClientV2) -> None:
    with pytest.raises(sdk.ResourceNotFoundError) as raised:
        client.get_secret_value(secret_id="ResourceNotFoundError")  # noqa: S106  the name of an error

    assert (raised.value.resource_type, raised.value.resource_name) == ("Secret", "it")


def test_an_error_has_the_keys_of_every_nucleus_and_ends_its_stream(raw: RawClient) -> None:
    raw.send(request(1, "GetSecretValue", {"secretId": "ConflictError"}))
    error = raw.frame()

    assert number(error, MESSAGE_TYPE) == T.APPLICATION_ERROR
    assert number(error, MESSAGE_FLAGS) == 2
    assert text(error, CONTENT_TYPE) == "application/json"
    assert text(error, SERVICE_MODEL_TYPE) == "aws.greengrass#ConflictError"
    assert orjson.loads(error.payload) == {
        "message": "ConflictError was asked for",
        "_message": "ConflictError was asked for",
        "_errorCode": "ConflictError",
        "_service": "aws.greengrass#GreengrassCoreIPC",
    }


def test_an_operation_that_this_core_lacks_is_a_service_error(client: GreengrassCoreIPCClientV2) -> None:
    with pytest.raises(sdk.ServiceError) as raised:
        client.list_components()

    assert raised.value.message == "Operation aws.greengrass#ListComponents is not supported by Greengrass"


def test_every_operation_of_the_sdk_is_known() -> None:
    of_the_sdk = {
        name.removeprefix("_").removesuffix("Operation")
        for name, operation in vars(sdk).items()
        if isinstance(operation, type)
        and issubclass(operation, awsiot.eventstreamrpc.ClientOperation)
        and operation.__module__ == sdk.__name__
    }

    assert of_the_sdk == KNOWN_OPERATIONS


def test_an_unknown_operation_ends_its_stream_and_no_more(raw: RawClient) -> None:
    raw.send(request(1, "MakeCoffee", {}), request(2, "GetConfiguration", {}))
    refusal, response = raw.frame(), raw.frame()

    assert number(refusal, MESSAGE_TYPE) == T.APPLICATION_ERROR
    assert number(refusal, MESSAGE_FLAGS) == 2
    assert number(refusal, STREAM_ID) == 1
    assert SERVICE_MODEL_TYPE not in refusal.headers
    assert number(response, STREAM_ID) == 2


def test_a_defect_in_an_operation_is_a_service_error_and_logged_with_its_traceback(
    client: GreengrassCoreIPCClientV2, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(sdk.ServiceError) as raised:
        client.update_configuration(value_to_merge={})

    assert "a defect in UpdateConfiguration" in raised.value.message
    assert "Traceback" in caplog.text
    assert "ZeroDivisionError: a defect in UpdateConfiguration" in caplog.text
    assert is_answered(client)


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'"text"', b"{", b'{"a": NaN}', b"\xff"])
def test_a_request_that_is_no_json_object_is_refused(core: SampleCore, raw: RawClient, body: bytes) -> None:
    raw.send(request(1, "GetConfiguration", body), request(2, "GetConfiguration", {}))
    refusal, response = raw.frame(), raw.frame()

    assert text(refusal, SERVICE_MODEL_TYPE) == "aws.greengrass#InvalidArgumentsError"
    assert text(response, SERVICE_MODEL_TYPE) == "aws.greengrass#GetConfigurationResponse"
    assert core.operations.counts["GetConfiguration"] == 1


def test_pipelined_calls_are_answered_in_their_order(raw: RawClient) -> None:
    calls = 2_000
    raw.send(*(request(i + 1, "GetConfiguration", {"keyPath": [str(i)]}) for i in range(calls)))
    responses = [raw.frame() for _ in range(calls)]

    assert [number(response, STREAM_ID) for response in responses] == list(range(1, calls + 1))
    assert [orjson.loads(r.payload)["value"]["request"]["keyPath"] for r in responses] == [
        [str(i)] for i in range(calls)
    ]


def test_a_slow_operation_holds_nobody_up(core: SampleCore, client: GreengrassCoreIPCClientV2) -> None:
    slow: Future[Any] = client.update_state_async(state=sdk.ReportedLifecycleState.RUNNING)

    assert is_answered(client)
    assert not slow.done()
    core.loop.call(core.operations.released.set)
    assert isinstance(slow.result(WITHIN_S), sdk.UpdateStateResponse)


def test_errors_of_slow_operations_arrive_too(
    client: GreengrassCoreIPCClientV2, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(sdk.ServiceError) as refused:
        client.pause_component(component_name="c")
    with pytest.raises(sdk.ServiceError) as failed:
        client.resume_component(component_name="c")

    assert refused.value.message == "PauseComponent was refused later"
    assert "a defect in ResumeComponent" in failed.value.message
    assert "ZeroDivisionError: a defect in ResumeComponent" in caplog.text


def test_slow_operations_are_cancelled_with_their_connection(core: SampleCore) -> None:
    with connected(core.address, core.token) as raw:
        raw.send(request(1, "UpdateState", {}), request(2, "UpdateState", {}))
        wait_until(lambda: core.operations.counts["UpdateState"] == 2, WITHIN_S, "both calls run")
    wait_until(lambda: core.operations.cancelled == 2, WITHIN_S, "both calls are cancelled")


def test_slow_operations_are_cancelled_when_the_server_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as core, connected(core.address, core.token) as raw:
        raw.send(request(1, "UpdateState", {}))
        wait_until(lambda: core.operations.counts["UpdateState"], WITHIN_S, "the call runs")
        core.loop.run(core.server.stop())

        assert core.operations.cancelled == 1


def test_a_call_whose_connection_ends_at_once_leaves_nothing_behind(core: SampleCore) -> None:
    """Request and end of the connection in one piece: the call may be cancelled before it has run at all."""
    tasks = partial(core.loop.call, lambda: len(asyncio.all_tasks()))
    tasks_before = tasks()
    for _ in range(50):
        with connected(core.address, core.token) as raw:
            raw.send(request(1, "UpdateState", {}), b"\xff" * 12)
    wait_until(lambda: core.connection_count == 0, WITHIN_S, "no connection")
    wait_until(lambda: tasks() == tasks_before, WITHIN_S, "no task of a call")
    assert core.operations.counts["UpdateState"] == core.operations.cancelled


def test_large_payloads_pass(core: SampleCore, client: GreengrassCoreIPCClientV2) -> None:
    client.publish_to_iot_core(topic_name="t", qos="1", payload=b"p" * 6_000_000)

    assert core.operations.latest is not None
    assert len(core.operations.latest.request["payload"]) == 8_000_000


def test_a_request_too_large_for_the_sdk_does_not_spoil_the_next(client: GreengrassCoreIPCClientV2) -> None:
    """The SDK takes a stream id and then fails by itself; the server must not miss that id."""
    with pytest.raises(Exception, match="MESSAGE_FIELD_SIZE_EXCEEDED"):
        client.publish_to_iot_core(topic_name="t", qos="1", payload=b"p" * 19_000_000)

    assert is_answered(client)


def test_a_response_too_large_for_a_frame_is_a_service_error(client: GreengrassCoreIPCClientV2) -> None:
    with pytest.raises(sdk.ServiceError) as raised:
        client.get_configuration(key_path=["fill", str(25 * 1024 * 1024)])

    assert "a payload of" in raised.value.message
    assert is_answered(client)
