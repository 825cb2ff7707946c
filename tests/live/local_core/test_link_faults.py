"""What a broker or the core itself does wrong is said in the log, and the link lives on."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_core.cloud import link as link_module
from local_core.cloud.link import Link
from local_core.cloud.message import CloudMessage
from local_core.cloud.mqtt.connection import MqttError
from support.cloud import running_broker
from support.loops import LoopThread
from support.waiting import wait_until

WITHIN_S = 10.0

CONNECT, SUBSCRIBE = 0x10, 0x80  # the upper halves of MQTT's fixed headers (MQTT 5.0, table 2-1)
CONNACK = b"\x20\x03\x00\x00\x00"  # no session, success, no properties
GRANTED_QOS_1, NOT_AUTHORIZED = 0x01, 0x87


class _MoodyBroker:
    """Takes every connection, and grants subscriptions until `refuses` is set; speaks little of MQTT 5."""

    def __init__(self) -> None:
        self.refuses = False
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.closing(writer), contextlib.suppress(EOFError, ConnectionError):
            while True:
                header, length = await reader.readexactly(2)
                assert length < 0x80, "longer than what this broker understands"
                body = await reader.readexactly(length)
                if header & 0xF0 == CONNECT:
                    writer.write(CONNACK)
                elif header & 0xF0 == SUBSCRIBE:
                    reason = NOT_AUTHORIZED if self.refuses else GRANTED_QOS_1
                    writer.write(b"\x90\x04" + body[:2] + bytes([0, reason]))


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


def test_subscription_that_is_refused_after_a_reconnect_is_said_and_asked_for_again(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    broker, link = _MoodyBroker(), loop.call(Link, "thing")
    loop.run(broker.start())
    loop.run(link.start(broker.port))
    try:
        loop.run(link.subscribe("a/#", 1, print))
        broker.refuses = True
        loop.call(broker.hang_up)
        wait_until(lambda: "a/#" in caplog.text, WITHIN_S, "word of the refusal")
        (said,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert said == (
            "IoT Core refuses the subscription to a/# that it granted before: Not authorized. Nothing comes "
            "for it until it is asked for again, at the next connection"
        )
        assert link.is_online

        broker.refuses = False
        loop.call(broker.hang_up)
        wait_until(lambda: link._session.holds("a/#"), WITHIN_S, "the subscription again")
    finally:
        loop.run(link.stop())
        loop.run(broker.stop())


def test_watcher_that_fails_is_said_and_the_link_reconnects_ever_after(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: MqttError | None = None) -> None:
        raise RuntimeError("a fault in the core")

    changes: list[bool] = []
    with running_broker(tmp_path) as (loop, broker):
        link = loop.call(Link, "thing")
        loop.run(link.start(broker.port, broker.protocol))
        loop.call(link.watch, fail)
        loop.call(link.watch, lambda: changes.append(link.is_online))
        try:
            loop.call(link.publish, CloudMessage("a", b"", 1), fail)
            wait_until(lambda: changes == [False, True], WITHIN_S, "a new connection")
            loop.call(link.publish, CloudMessage("a", b"", 1), fail)
            wait_until(lambda: changes == [False, True] * 2, WITHIN_S, "another new connection")
        finally:
            loop.run(link.stop())

    assert "was not told that the link to IoT Core has changed" in caplog.text


def test_fault_while_connecting_is_said_and_tried_again(
    loop: LoopThread, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a thing whose name no MQTT packet can carry; whatever it is, the link must not die of it."""
    monkeypatch.setattr(link_module, "CONNECT_TIMEOUT_S", 0.1)
    link = loop.call(Link, "\udcff")
    try:
        with pytest.raises(Exception, match="could not connect"):
            loop.run(link.start(1))
        wait_until(lambda: caplog.text.count("UnicodeEncodeError") > 1, WITHIN_S, "a second try")
    finally:
        loop.run(link.stop())

    assert "The link to IoT Core failed by a fault in the core" in caplog.text
