import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from local_core.cloud import broker as broker_module
from local_core.cloud import mosquitto
from local_core.cloud.broker import Broker, BrokerKind
from local_core.cloud.ports import free_port
from local_core.errors import CoreError
from local_core.layout import Layout
from local_core.processes.children import Children
from support.cloud import CloudObserver, running_broker
from support.loops import LoopThread
from support.waiting import wait_until


def _has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # nobody may be there to collect it
    except psutil.NoSuchProcess:
        return True


PROTOCOLS = {BrokerKind.MOSQUITTO: MQTTProtocolVersion.MQTTv5, BrokerKind.AMQTT: MQTTProtocolVersion.MQTTv311}


@pytest.mark.parametrize("kind", BrokerKind)
def test_broker_carries_messages_as_soon_as_it_has_started(tmp_path: Path, kind: BrokerKind) -> None:
    with (
        running_broker(tmp_path, kind) as (_, broker),
        CloudObserver(broker.port, "a/#", PROTOCOLS[kind]) as observer,
    ):
        observer.publish("a/b", b"payload")

        assert [(m.topic, m.payload, m.qos) for m in observer.wait_for(1, 5)] == [("a/b", b"payload", 1)]


@pytest.mark.parametrize("kind", BrokerKind)
def test_broker_listens_on_loopback_only(tmp_path: Path, kind: BrokerKind) -> None:
    with running_broker(tmp_path, kind) as (_, broker):
        assert broker.pid is not None
        sockets = psutil.Process(broker.pid).net_connections("inet")

        listening = [s.laddr for s in sockets if s.status == psutil.CONN_LISTEN]
        assert listening == [("127.0.0.1", broker.port)]


@pytest.mark.parametrize("kind", BrokerKind)
def test_stopped_broker_leaves_no_process_and_a_free_port(tmp_path: Path, kind: BrokerKind) -> None:
    with running_broker(tmp_path, kind) as (loop, broker):
        pid, port = broker.pid, broker.port
        loop.run(broker.stop())

    assert pid is not None
    assert not psutil.pid_exists(pid)
    with running_broker(tmp_path, kind, port) as (_, again):
        assert again.port == port


def test_two_brokers_without_a_wanted_port_do_not_meet(tmp_path: Path) -> None:
    with running_broker(tmp_path / "1") as (_, one), running_broker(tmp_path / "2") as (_, other):
        assert one.port != other.port


def test_mosquitto_is_found_outside_of_path_and_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert Broker(Layout(tmp_path), Children(tmp_path / "children.json")).kind is BrokerKind.MOSQUITTO


def test_amqtt_steps_in_where_mosquitto_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mosquitto, "_MORE_FOLDERS", ())

    assert Broker(Layout(tmp_path), Children(tmp_path / "children.json")).kind is BrokerKind.AMQTT


def test_mosquitto_that_is_wanted_but_missing_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mosquitto, "_MORE_FOLDERS", ())

    with (
        pytest.raises(CoreError, match="apt install mosquitto"),
        running_broker(tmp_path, BrokerKind.MOSQUITTO),
    ):
        pass


def test_taken_port_is_refused_with_its_holder_and_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        with pytest.raises(CoreError) as refusal, running_broker(tmp_path, port=port):
            pass

    text = str(refusal.value)
    assert f"MQTT port {port} on 127.0.0.1 is taken (by " in text
    assert f"process {os.getpid()})" in text
    assert "--mqtt-port" in text


def test_free_port_that_somebody_takes_first_is_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival:
        lost, won = rival.getsockname()[1], free_port()
        choices = iter([lost, won])
        monkeypatch.setattr(broker_module, "free_port", lambda: next(choices))

        with running_broker(tmp_path, BrokerKind.MOSQUITTO) as (_, broker):
            assert broker.port == won


def test_broker_that_cannot_start_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bin" / "mosquitto"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho the moon is full >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent), prepend=os.pathsep)

    with pytest.raises(CoreError) as refusal, running_broker(tmp_path / "root"):
        pass

    assert "the moon is full" in str(refusal.value)
    assert str(tmp_path / "root" / "logs" / "broker.log") in str(refusal.value)


def test_absent_subscriber_of_a_lasting_session_misses_none_of_many_messages(tmp_path: Path) -> None:
    """With Mosquitto's defaults 1,000 of these would be dropped without a word."""
    payloads = [b"%d" % number for number in range(2000)]
    received: list[bytes] = []

    def client() -> mqtt.Client:
        return mqtt.Client(CallbackAPIVersion.VERSION2, "absent", protocol=MQTTProtocolVersion.MQTTv5)

    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types for it
    session.SessionExpiryInterval = 600
    first, second = client(), client()

    def subscribe_first(*_: Any) -> None:
        first.subscribe("a", 1)

    def leave_first(*_: Any) -> None:
        first.disconnect()

    first.on_connect = subscribe_first
    first.on_subscribe = leave_first
    second.on_message = lambda _client, _userdata, message: received.append(bytes(message.payload))
    with (
        running_broker(tmp_path, BrokerKind.MOSQUITTO) as (_, broker),
        CloudObserver(broker.port) as observer,
    ):
        first.connect("127.0.0.1", broker.port, properties=session)
        first.loop_forever()
        observer.publish("a", *payloads)
        second.connect("127.0.0.1", broker.port, clean_start=False, properties=session)
        second.loop_start()
        wait_until(lambda: len(received) >= len(payloads), 20, "everything that was published meanwhile")
        second.disconnect()
        second.loop_stop()

    assert received == payloads


@pytest.mark.parametrize("kind", BrokerKind)
def test_broker_dies_with_a_core_that_is_killed(tmp_path: Path, kind: BrokerKind) -> None:
    program = f"""
import asyncio, pathlib
from local_core.processes.children import Children
from local_core.cloud.broker import Broker, BrokerKind
from local_core.layout import Layout

async def main():
    root = pathlib.Path({str(tmp_path)!r})
    broker = Broker(Layout(root), Children(root / "children.json"), kind=BrokerKind({kind.value!r}))
    await broker.start()
    print(broker.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as core:
        assert core.stdout is not None
        broker_pid = int(core.stdout.readline())
        core.send_signal(signal.SIGKILL)

    wait_until(lambda: _has_ended(broker_pid), 10, "the broker's end")


def test_core_without_children_has_no_broker_process(tmp_path: Path) -> None:
    with LoopThread() as loop:
        broker = loop.call(Broker, Layout(tmp_path), Children(tmp_path / "children.json"))

        assert broker.pid is None
        loop.run(broker.stop())
