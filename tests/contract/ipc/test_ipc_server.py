"""The IPC server's socket, its stop and its restart."""

import socket
import stat
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import awsiot.eventstreamrpc
import pytest

from local_core.errors import CoreError
from local_core.ipc.messages import MESSAGE_TYPE, STREAM_ID, MessageType
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from support.ipc import connect
from support.raw_ipc import RawClient, connected, message, number, request
from support.sample_ipc import COMPONENT, SampleCore, Subscription, is_answered, serving
from support.waiting import wait_until

WITHIN_S = 10.0


def test_everybody_may_open_the_socket(core: SampleCore) -> None:
    assert stat.S_IMODE(core.address.stat().st_mode) == 0o666


def test_a_path_longer_than_a_socket_name_has_a_short_address(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30) / ("longer" * 20)
    with serving(folder) as core, connect(core.address, core.token) as client:
        before = core.address
        assert len(str(core.address)) < 108 < len(str(folder))
        assert (folder / "ipc.socket").is_socket()
        assert is_answered(client)
        core.loop.run(core.server.restart())
        assert core.address == before
    assert list(folder.iterdir()) == []


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ipc.socket"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    with serving(tmp_path) as core, connect(core.address, core.token) as client:
        assert is_answered(client)
    assert not path.exists()


def test_stopping_ends_every_connection_and_the_socket(tmp_path: Path) -> None:
    with serving(tmp_path) as core, connect(core.address, core.token) as client:
        subscription = Subscription(client)
        idle = RawClient(core.address)
        wait_until(lambda: core.connection_count == 2, WITHIN_S, "both are connected")
        core.loop.run(core.server.stop())

        assert core.connection_count == 0
        assert not (tmp_path / "ipc.socket").exists()
        with idle:
            assert idle.receive() is None
        assert subscription.closed.wait(WITHIN_S)
        # ConnectionClosedError, or for a moment a plain RuntimeError 4104 of the library below.
        with pytest.raises(RuntimeError):
            client.get_configuration(key_path=[])
        core.loop.run(core.server.stop())


def test_a_call_in_flight_fails_when_the_server_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as core, connect(core.address, core.token) as client:
        pending: Future[Any] = client.update_state_async(state="RUNNING")
        wait_until(lambda: core.operations.counts["UpdateState"], WITHIN_S, "the call runs")
        core.loop.run(core.server.stop())

        with pytest.raises(awsiot.eventstreamrpc.StreamClosedError):
            pending.result(WITHIN_S)


def test_a_restart_drops_everybody_and_takes_them_back(core: SampleCore) -> None:
    with connect(core.address, core.token) as client:
        subscription = Subscription(client)
        core.loop.run(core.server.restart())

        assert subscription.closed.wait(WITHIN_S)
        assert core.connection_count == 0
        assert core.operations.streams == []
    with connect(core.address, core.token) as client:
        assert is_answered(client)


def test_a_restart_survives_a_client_that_does_not_read(core: SampleCore, raw: RawClient) -> None:
    raw.send(*(request(i + 1, "GetConfiguration", {"keyPath": ["fill", "10000"]}) for i in range(300)))
    wait_until(core.is_waiting_for_a_reader, WITHIN_S, "the server waits for its client")
    core.loop.run(core.server.restart())

    assert core.connection_count == 0


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "ipc.socket").write_text("precious")

    with pytest.raises(CoreError, match="is in the way: it is no socket"), serving(tmp_path):
        pytest.fail("started")
    assert (tmp_path / "ipc.socket").read_text() == "precious"


def test_a_server_that_does_not_run_has_no_address(tmp_path: Path) -> None:
    server = IpcServer(tmp_path / "ipc.socket", Tokens(), [])

    with pytest.raises(RuntimeError, match="before start"):
        _ = server.address


def test_what_is_mute_is_done_and_not_answered_until_a_restart(core: SampleCore) -> None:
    core.loop.call(core.server.mute, COMPONENT, "PublishToIoTCore")
    with connected(core.address, core.token) as raw:
        raw.send(request(1, "PublishToIoTCore", {"topicName": "t"}))
        raw.send(request(2, "GetConfiguration", {}))
        assert number(raw.frame(), STREAM_ID) == 2
        assert core.operations.counts["PublishToIoTCore"] == 1
    core.loop.run(core.server.restart())
    with connected(core.address, core.token) as raw:
        raw.send(request(1, "PublishToIoTCore", {"topicName": "t"}))
        assert number(raw.frame(), STREAM_ID) == 1


def test_a_component_whose_every_call_is_mute_connects_and_others_are_answered(core: SampleCore) -> None:
    core.loop.call(core.server.mute, COMPONENT)
    with connected(core.address, core.token) as raw:
        raw.send(request(1, "GetConfiguration", {}))
        raw.send(message(MessageType.PING))
        assert number(raw.frame(), MESSAGE_TYPE) == MessageType.PING_RESPONSE
    with connect(core.address, core.tokens.issue("com.example.Other")) as client:
        assert client.get_configuration(key_path=[]).component_name == "com.example.Other"
