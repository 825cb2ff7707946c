"""What the server does when a client breaks the rules of event-stream RPC, or reads too slowly."""

import awsiot.eventstreamrpc
import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from local_core.ipc import connection as connection_module
from local_core.ipc.eventstream import Headers, HeaderType
from local_core.ipc.messages import MESSAGE_FLAGS, MESSAGE_TYPE, SERVICE_MODEL_TYPE, STREAM_ID
from local_core.ipc.messages import MessageType as T
from support.raw_ipc import (
    RawClient,
    assert_ended_by_protocol_error,
    connect_message,
    connected,
    message,
    number,
    request,
    text,
)
from support.sample_ipc import COMPONENT, SampleCore, Subscription, is_answered, json_message
from support.waiting import wait_until

WITHIN_S = 10.0


@pytest.mark.parametrize(
    "frame",
    [
        request(2, "GetConfiguration", {}),
        request(0, "GetConfiguration", {}),
        request(-1, "GetConfiguration", {}),
        message(T.APPLICATION_MESSAGE, 1),
        message(
            T.APPLICATION_ERROR, 1, headers={"operation": (HeaderType.STRING, "aws.greengrass#UpdateState")}
        ),
        message(T.PING, 1),
        message(T.CONNECT_ACK, flags=1),
        message(T.PROTOCOL_ERROR),
        message(T.INTERNAL_ERROR),
        message(99),
        message(-1),
    ],
    ids=[
        "a stream id is left out",
        "stream 0 for a call",
        "a negative stream",
        "no operation",
        "a call that is an error",
        "a ping on a stream",
        "CONNECT_ACK",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "an unknown type",
        "a negative type",
    ],
)
def test_breaking_the_protocol_ends_the_connection(core: SampleCore, raw: RawClient, frame: bytes) -> None:
    raw.send(frame)

    assert_ended_by_protocol_error(raw)
    assert not core.operations.counts


def test_nothing_is_answered_after_the_protocol_was_broken(core: SampleCore) -> None:
    with connected(core.address, core.token) as raw:
        raw.send(message(T.CONNECT_ACK))
        assert number(raw.frame(), MESSAGE_TYPE) == T.PROTOCOL_ERROR
        raw.send(message(T.PING), request(1, "GetConfiguration", {}))
        raw.end()

        assert raw.receive_all() == []
    assert not core.operations.counts


def test_a_ping_on_an_open_stream_ends_the_connection(raw: RawClient) -> None:
    raw.send(request(1, "SubscribeToTopic", {"topic": "t"}))
    raw.frame()
    raw.send(message(T.PING, 1))

    assert_ended_by_protocol_error(raw)


def test_a_message_on_a_stream_that_has_ended_ends_the_connection(raw: RawClient) -> None:
    raw.send(request(1, "GetConfiguration", {}))
    raw.frame()
    raw.send(request(1, "GetConfiguration", {}))

    assert_ended_by_protocol_error(raw)


def test_a_further_message_on_a_stream_ends_the_stream_with_an_error(
    core: SampleCore, raw: RawClient
) -> None:
    raw.send(request(1, "SubscribeToTopic", {"topic": "t"}), request(1, "SubscribeToTopic", {"topic": "u"}))
    _, refusal = raw.frame(), raw.frame()
    raw.send(request(2, "GetConfiguration", {}))

    assert text(refusal, SERVICE_MODEL_TYPE) == "aws.greengrass#ServiceError"
    assert number(refusal, MESSAGE_FLAGS) == 2
    assert number(raw.frame(), STREAM_ID) == 2
    assert core.operations.streams == []


def test_a_call_that_ends_its_own_stream_is_not_made(core: SampleCore, raw: RawClient) -> None:
    raw.send(request(1, "PublishToIoTCore", {}, flags=2), request(2, "GetConfiguration", {}))

    assert number(raw.frame(), STREAM_ID) == 2
    assert core.operations.counts["PublishToIoTCore"] == 0


def test_a_slow_call_that_the_client_gave_up_is_finished_without_an_answer(
    core: SampleCore, raw: RawClient
) -> None:
    raw.send(
        request(1, "UpdateState", {}),
        message(T.APPLICATION_MESSAGE, 1, flags=2),
        request(2, "GetConfiguration", {}),
    )
    assert number(raw.frame(), STREAM_ID) == 2
    core.loop.call(core.operations.released.set)
    raw.send(request(3, "GetConfiguration", {}))

    assert number(raw.frame(), STREAM_ID) == 3
    assert core.operations.cancelled == 0


def test_a_ping_comes_back_with_its_payload_and_own_headers(raw: RawClient) -> None:
    own: Headers = {"x": (HeaderType.STRING, "1"), "y": (HeaderType.TIMESTAMP, -1)}
    raw.send(message(T.PING, headers=own | {":z": (HeaderType.TRUE, True)}, payload=b"\0payload"))
    answer = raw.frame()

    assert number(answer, MESSAGE_TYPE) == T.PING_RESPONSE
    assert number(answer, STREAM_ID) == 0
    assert {name: value for name, value in answer.headers.items() if not name.startswith(":")} == own
    assert ":z" not in answer.headers
    assert answer.payload == b"\0payload"


def test_the_sdk_may_ping_and_answer_pings(client: GreengrassCoreIPCClientV2) -> None:
    amendment = awsiot.eventstreamrpc.MessageAmendment(payload=b"ping")
    client.client._connection.send_ping(amendment).result(WITHIN_S)
    client.client._connection.send_ping_response(amendment).result(WITHIN_S)

    assert is_answered(client)


@pytest.mark.parametrize("wait_for_connect", [True, False], ids=["connected", "not connected"])
@pytest.mark.parametrize(
    "noise",
    [
        b"\xff" * 12,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x7f\xff\xff\xff\x00\x00\x00\x00" + b"\x00" * 4,
        message(T.PING)[:-1] + b"\0",
    ],
    ids=["noise", "another protocol", "an oversized frame", "a wrong CRC"],
)
def test_a_bad_frame_ends_its_connection_and_nothing_else(
    core: SampleCore, client: GreengrassCoreIPCClientV2, noise: bytes, *, wait_for_connect: bool
) -> None:
    subscription = Subscription(client)
    with RawClient(core.address) as raw:
        raw.send(*([connect_message(core.token)] if wait_for_connect else []), noise)
        frames_before_the_end = len(raw.receive_all())

    assert frames_before_the_end == int(wait_for_connect)
    client.publish_to_topic(topic="t", publish_message=json_message({"n": 1}))
    wait_until(lambda: subscription.messages, WITHIN_S, "the other connection goes on")


def test_a_client_that_does_not_read_is_not_read_either(core: SampleCore, raw: RawClient) -> None:
    calls = 400
    response_bytes = 10_000
    filling = {"keyPath": ["fill", str(response_bytes)]}
    # Sent while the server's loop can do nothing else: all calls lie in one chunk when it reads.
    core.loop.call(raw.send, *(request(i + 1, "GetConfiguration", filling) for i in range(calls)))
    wait_until(core.is_waiting_for_a_reader, WITHIN_S, "the server waits for its client")
    answered = core.operations.counts["GetConfiguration"]
    responses = [raw.frame() for _ in range(calls)]

    in_the_kernel_bytes = 500_000
    assert answered < (connection_module.PAUSE_READING_BYTES + in_the_kernel_bytes) / response_bytes
    assert [number(response, STREAM_ID) for response in responses] == list(range(1, calls + 1))
    wait_until(lambda: not core.is_waiting_for_a_reader(), WITHIN_S, "the server reads again")


def test_a_subscriber_that_never_reads_is_disconnected_and_the_others_served(
    core: SampleCore,
    client: GreengrassCoreIPCClientV2,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(connection_module, "MAX_UNREAD_BYTES", 3_000_000)
    good = Subscription(client)
    with connected(core.address, core.token) as raw:
        raw.send(request(1, "SubscribeToTopic", {"topic": "t"}))
        raw.frame()
        for n in range(50):
            client.publish_to_topic(
                topic="t", publish_message=json_message({"n": n, "filling": "x" * 100_000})
            )
        wait_until(lambda: len(core.operations.streams) == 1, WITHIN_S, "the deaf subscriber is gone")
    wait_until(lambda: len(good.messages) == 50, WITHIN_S, "the good subscriber has everything")

    assert "does not read" in caplog.text
    assert COMPONENT in caplog.text
