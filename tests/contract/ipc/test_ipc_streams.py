"""Streams of events over IPC: their order, and how either side ends them."""

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from local_core.ipc.eventstream import Frame, HeaderType
from local_core.ipc.messages import MESSAGE_FLAGS, MESSAGE_TYPE, SERVICE_MODEL_TYPE, STREAM_ID
from local_core.ipc.messages import MessageType as T
from support.ipc import connect
from support.raw_ipc import RawClient, message, number, request, text
from support.sample_ipc import SampleCore, Subscription, is_answered, json_message
from support.waiting import wait_until

WITHIN_S = 10.0


def test_five_thousand_events_arrive_in_order(core: SampleCore, client: GreengrassCoreIPCClientV2) -> None:
    events = 5_000
    subscription = Subscription(client)
    with connect(core.address, core.token) as publisher:
        pending = [
            publisher.publish_to_topic_async(topic="t", publish_message=json_message({"n": n}))
            for n in range(events)
        ]
        for future in pending:
            future.result(WITHIN_S)
    wait_until(lambda: len(subscription.messages) >= events, WITHIN_S, "all events")

    assert [content["n"] for content in subscription.messages] == list(range(events))
    assert not subscription.errors


def test_every_stream_gets_its_own_events(core: SampleCore, client: GreengrassCoreIPCClientV2) -> None:
    one, two = Subscription(client), Subscription(client)
    client.publish_to_topic(topic="t", publish_message=json_message({"n": 1}))
    wait_until(lambda: one.messages and two.messages, WITHIN_S, "both have it")

    one.operation.close().result(WITHIN_S)
    wait_until(lambda: len(core.operations.streams) == 1, WITHIN_S, "the server has dropped one stream")
    client.publish_to_topic(topic="t", publish_message=json_message({"n": 2}))
    wait_until(lambda: len(two.messages) == 2, WITHIN_S, "the other still gets events")
    assert one.messages == [{"n": 1}]


def test_a_stream_that_the_client_closed_gets_no_event(core: SampleCore, raw: RawClient) -> None:
    body = {"topic": "t", "publishMessage": {"jsonMessage": {"message": {}}}}
    raw.send(request(1, "SubscribeToTopic", {"topic": "t"}), request(2, "PublishToTopic", body))
    before = [number(raw.frame(), STREAM_ID) for _ in range(3)]
    raw.send(message(T.APPLICATION_MESSAGE, 1, flags=2), request(3, "PublishToTopic", body))

    assert before == [1, 1, 2]
    assert number(raw.frame(), STREAM_ID) == 3
    assert core.operations.streams == []


def test_a_stream_that_the_server_closes_is_closed_for_the_client(
    core: SampleCore, client: GreengrassCoreIPCClientV2
) -> None:
    subscription = Subscription(client)
    client.publish_to_topic(topic="t", publish_message=json_message({"n": 1}))
    client.stop_component(component_name="c")

    assert subscription.closed.wait(WITHIN_S)
    assert subscription.messages == [{"n": 1}]
    assert core.operations.streams == []
    assert is_answered(client)


def test_the_end_of_a_stream_is_an_empty_message_with_the_flag(raw: RawClient) -> None:
    raw.send(request(1, "SubscribeToTopic", {"topic": "t"}))
    response = raw.frame()
    raw.send(request(2, "StopComponent", {"componentName": "c"}))
    end, _ = raw.frame(), raw.frame()

    assert number(response, MESSAGE_FLAGS) == 0
    assert end == Frame(
        {
            MESSAGE_TYPE: (HeaderType.INT32, 0),
            MESSAGE_FLAGS: (HeaderType.INT32, 2),
            STREAM_ID: (HeaderType.INT32, 1),
        },
        b"",
    )


def test_both_sides_may_close_a_stream_at_the_same_time(raw: RawClient) -> None:
    raw.send(
        request(1, "SubscribeToTopic", {"topic": "t"}),
        request(2, "StopComponent", {"componentName": "c"}),
        message(T.APPLICATION_MESSAGE, 1, flags=2),
        request(3, "GetConfiguration", {}),
    )

    assert [number(raw.frame(), STREAM_ID) for _ in range(4)] == [1, 1, 2, 3]


def test_no_event_leaves_before_the_response(raw: RawClient) -> None:
    """The SDK would take it for the response."""
    raw.send(request(1, "SubscribeToConfigurationUpdate", {"keyPath": []}))
    response, event = raw.frame(), raw.frame()

    assert text(response, SERVICE_MODEL_TYPE) == "aws.greengrass#SubscribeToConfigurationUpdateResponse"
    assert text(event, SERVICE_MODEL_TYPE) == "aws.greengrass#ConfigurationUpdateEvents"
    assert event.payload == b"{}"


def test_a_stream_closed_before_its_response_ends_with_it(raw: RawClient) -> None:
    raw.send(request(1, "SubscribeToComponentUpdates", {}), request(2, "GetConfiguration", {}))
    response, following = raw.frame(), raw.frame()

    assert text(response, SERVICE_MODEL_TYPE) == "aws.greengrass#SubscribeToComponentUpdatesResponse"
    assert number(response, MESSAGE_FLAGS) == 2
    assert number(following, STREAM_ID) == 2


def test_streams_end_with_their_connection(core: SampleCore) -> None:
    with connect(core.address, core.token) as client:
        Subscription(client)
        assert len(core.operations.streams) == 1
    wait_until(lambda: not core.operations.streams, WITHIN_S, "the stream has ended")


def test_an_event_that_no_frame_can_carry_is_dropped_and_logged(
    core: SampleCore, raw: RawClient, caplog: pytest.LogCaptureFixture
) -> None:
    too_deep = b'{"publishMessage": {"jsonMessage": {"message": %s}}}' % (b"[" * 300 + b"]" * 300)
    raw.send(request(1, "SubscribeToTopic", {"topic": "t"}))
    raw.frame()
    raw.send(request(2, "PublishToTopic", too_deep))

    assert text(raw.frame(), SERVICE_MODEL_TYPE) == "aws.greengrass#PublishToTopicResponse"
    assert "Dropped an event" in caplog.text
    assert len(core.operations.streams) == 1
