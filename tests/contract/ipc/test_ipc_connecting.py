"""Who may connect to the IPC server, and what must come first."""

from pathlib import Path

import awsiot.eventstreamrpc
import orjson
import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from local_core.ipc import connection as connection_module
from local_core.ipc.dialect import LITE
from local_core.ipc.eventstream import Headers, HeaderType
from local_core.ipc.messages import MESSAGE_FLAGS, MESSAGE_TYPE
from local_core.ipc.messages import MessageType as T
from support.ipc import connect
from support.raw_ipc import (
    RawClient,
    assert_ended_by_protocol_error,
    connect_message,
    connected,
    message,
    number,
    request,
)
from support.sample_ipc import COMPONENT, SampleCore, is_answered, serving
from support.waiting import wait_until

WITHIN_S = 10.0


def test_the_token_alone_says_who_calls(core: SampleCore) -> None:
    with connect(core.address, core.tokens.issue("com.example.Other")) as client:
        assert client.get_configuration(key_path=[]).component_name == "com.example.Other"


def test_a_wrong_token_is_denied(core: SampleCore) -> None:
    with (
        pytest.raises(awsiot.eventstreamrpc.AccessDeniedError),
        connect(core.address, "WRONG"),
    ):
        pytest.fail("connected")


def test_lite_hangs_up_on_a_wrong_token_without_an_answer(tmp_path: Path) -> None:
    with serving(tmp_path, LITE) as core, RawClient(core.address) as raw:
        raw.send(connect_message("WRONG"))

        assert raw.receive() is None


def test_a_revoked_token_is_denied_and_open_connections_stay(
    core: SampleCore, client: GreengrassCoreIPCClientV2
) -> None:
    core.loop.call(core.tokens.revoke, COMPONENT)

    assert is_answered(client)
    with pytest.raises(awsiot.eventstreamrpc.AccessDeniedError), connect(core.address, core.token):
        pytest.fail("connected")


@pytest.mark.parametrize(
    ("headers", "payload"),
    [
        ({":version": (HeaderType.STRING, "0.2.0")}, b'{"authToken": "TOKEN"}'),
        ({":version": (HeaderType.INT32, 1)}, b'{"authToken": "TOKEN"}'),
        ({}, b'{"authToken": "TOKEN"}'),
        ({":version": (HeaderType.STRING, "0.1.0")}, b"no json"),
        ({":version": (HeaderType.STRING, "0.1.0")}, b""),
        ({":version": (HeaderType.STRING, "0.1.0")}, b'["TOKEN"]'),
        ({":version": (HeaderType.STRING, "0.1.0")}, b'{"token": "TOKEN"}'),
        ({":version": (HeaderType.STRING, "0.1.0")}, b'{"authToken": 7}'),
        ({":version": (HeaderType.STRING, "0.1.0")}, b'{"authToken": ""}'),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_bad_connect_is_acknowledged_without_acceptance_and_closed(
    core: SampleCore, headers: Headers, payload: bytes
) -> None:
    with RawClient(core.address) as raw:
        raw.send(message(T.CONNECT, headers=headers, payload=payload.replace(b"TOKEN", core.token.encode())))
        acknowledged = raw.frame()

        assert number(acknowledged, MESSAGE_TYPE) == T.CONNECT_ACK
        assert number(acknowledged, MESSAGE_FLAGS) == 0
        assert raw.receive() is None


def test_header_names_are_read_without_case(core: SampleCore) -> None:
    headers: Headers = {":Version": (HeaderType.STRING, "0.1.0")}
    with RawClient(core.address) as raw:
        raw.send(message(T.CONNECT, headers=headers, payload=orjson.dumps({"authToken": core.token})))

        assert number(raw.frame(), MESSAGE_FLAGS) == 1


@pytest.mark.parametrize(
    "first",
    [message(T.PING), request(1, "GetConfiguration", {}), message(T.CONNECT_ACK, flags=1)],
    ids=["ping", "call", "acknowledgement"],
)
@pytest.mark.usefixtures("impatient")
def test_whatever_comes_before_connect_ends_the_connection(core: SampleCore, first: bytes) -> None:
    with RawClient(core.address) as raw:
        raw.send(first)

        assert_ended_by_protocol_error(raw)
    assert not core.operations.counts


def test_a_second_connect_ends_the_connection(core: SampleCore, raw: RawClient) -> None:
    raw.send(connect_message(core.token))

    assert_ended_by_protocol_error(raw)


def test_a_connection_that_never_says_connect_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "CONNECT_DEADLINE_S", 0.05)
    with serving(tmp_path) as core, RawClient(core.address) as raw:
        assert raw.receive() is None


def test_the_deadline_for_connect_ends_with_connect(core: SampleCore) -> None:
    with RawClient(core.address) as raw:
        wait_until(lambda: core.connection_count == 1, WITHIN_S, "it is connected")
        (connection,) = core.server._connections
        assert not connection._timer.cancelled()
        raw.send(connect_message(core.token))
        raw.frame()

        assert connection._timer.cancelled()


def test_connections_are_counted(core: SampleCore) -> None:
    with RawClient(core.address), connected(core.address, core.token):
        wait_until(lambda: core.connection_count == 2, WITHIN_S, "two connections")
    wait_until(lambda: core.connection_count == 0, WITHIN_S, "no connection")
