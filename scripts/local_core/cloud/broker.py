"""The MQTT broker that plays AWS IoT Core: a child process on loopback.

Mosquitto when it is installed, else amqtt, which comes with the project but speaks only MQTT 3.1.1. It keeps
nothing on disk: its sessions and retained messages end with the process. What is here runs in the core's
event loop.
"""

import asyncio
import contextlib
import os
import sys
from enum import StrEnum
from pathlib import Path

from local_core.cloud.keeper import Keeper
from local_core.cloud.mosquitto import find_mosquitto
from local_core.cloud.mqtt.connection import HOST, MqttProtocol
from local_core.cloud.ports import check_port_is_free, free_port, is_listening
from local_core.errors import CoreError
from local_core.layout import Layout
from local_core.processes.children import Children

START_TIMEOUT_S = 15.0
STOP_GRACE_S = 3.0

_POLL_S = 0.01
_ATTEMPTS_AT_A_FREE_PORT = 5
_OPTION = "--mqtt-port"

# CONNECT of MQTT 3.1.1 with a clean session and client id "ready?", and DISCONNECT: every broker knows them.
_CONNECT = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x3c\x00\x06ready?"
_CONNACK_ACCEPTED = b"\x20\x02\x00\x00"
_DISCONNECT = b"\xe0\x00"


class BrokerKind(StrEnum):
    """Which program plays IoT Core."""

    MOSQUITTO = "mosquitto"
    AMQTT = "amqtt"

    @property
    def protocol(self) -> MqttProtocol:
        """The best that it speaks."""
        return MqttProtocol.V5 if self is BrokerKind.MOSQUITTO else MqttProtocol.V311


class Broker:
    """One broker. `start` it once, `stop` it once; in between its process is started again should it end.

    Args:
        layout: Its configuration goes to `cloud/`, its output to `logs/broker.log`.
        children: Who starts and stops processes for this core.
        port: TCP port on loopback; 0 takes a free one.
        kind: None takes mosquitto when it is installed, else amqtt.
    """

    def __init__(
        self, layout: Layout, children: Children, port: int = 0, kind: BrokerKind | None = None
    ) -> None:
        self._layout = layout
        self._children = children
        self._wanted_port = port
        self._process: asyncio.subprocess.Process | None = None
        self._mosquitto = find_mosquitto()
        if kind is None:
            kind = BrokerKind.MOSQUITTO if self._mosquitto else BrokerKind.AMQTT
        self.kind = kind
        self.port = port
        self.keeper = Keeper(
            f"The MQTT broker {kind} that plays IoT Core",
            "What it had not delivered yet and what it retained is lost.",
            self.log_file,
            self._start_again,
        )

    @property
    def protocol(self) -> MqttProtocol:
        """What to speak with it."""
        return self.kind.protocol

    @property
    def log_file(self) -> Path:
        """What the broker says of itself."""
        return self._layout.logs / "broker.log"

    @property
    def pid(self) -> int | None:
        """Process id of the latest process; None before `start` and after `stop`."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and wait until it accepts an MQTT connection.

        Raises:
            CoreError: Port taken, program missing, or not ready within 15 s.
        """
        if self.kind is BrokerKind.MOSQUITTO and self._mosquitto is None:
            raise CoreError(
                "mosquitto is not installed (looked on PATH, in /usr/sbin and /usr/local/sbin). Install it: "
                "apt install mosquitto. Without it the core uses amqtt, which is slower and has no MQTT 5."
            )
        self._layout.logs.mkdir(parents=True, exist_ok=True)
        self._layout.cloud.mkdir(parents=True, exist_ok=True)
        self.log_file.write_bytes(b"")
        if self._wanted_port:
            check_port_is_free(self._wanted_port, "MQTT", _OPTION)
            self.port = self._wanted_port
            self.keeper.watch(await self._start_on_port())
        else:
            self.keeper.watch(await self._start_on_a_free_port())

    async def stop(self) -> None:
        """End the process and wait for it."""
        await self.keeper.stop()
        await self._end_process()

    async def _start_again(self) -> asyncio.subprocess.Process:
        await self._end_process()
        return await self._start_on_port()

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await self._children.stop(process, STOP_GRACE_S)

    async def _start_on_a_free_port(self) -> asyncio.subprocess.Process:
        for _ in range(_ATTEMPTS_AT_A_FREE_PORT - 1):
            self.port = free_port()
            with contextlib.suppress(_PortLostError):
                return await self._start_on_port()
        self.port = free_port()
        return await self._start_on_port()

    async def _start_on_port(self) -> asyncio.subprocess.Process:
        with self.log_file.open("ab") as log:
            already_said_bytes = log.tell()
            self._process = await self._children.spawn(
                self._command(),
                cwd=self._layout.cloud,
                env=os.environ,
                stdout=log.fileno(),
                stderr=log.fileno(),
            )
        try:
            await asyncio.wait_for(self._until_ready(self._process), START_TIMEOUT_S)
        except (TimeoutError, _EndedError) as error:
            await self._end_process()
            said = self.log_file.read_bytes()[already_said_bytes:].decode(errors="replace")
            if "ddress already in use" in said:
                raise _PortLostError(
                    f"MQTT port {self.port} on {HOST} was taken a moment ago. Try again."
                ) from error
            last_line = said.strip().rpartition("\n")[2] or "it said nothing"
            raise CoreError(
                f"{self.kind} did not start on {HOST}:{self.port}: {last_line}. "
                f"All it said is in {self.log_file}."
            ) from error
        return self._process

    def _command(self) -> list[str]:
        configuration = self._layout.cloud / f"{self.kind}.conf"
        if self.kind is BrokerKind.MOSQUITTO:
            configuration.write_text(_mosquitto_configuration(self.port))
            return [str(self._mosquitto), "-c", str(configuration)]
        configuration.write_text(_amqtt_configuration(self.port))
        return [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(configuration)]

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        while not (is_listening(process.pid, self.port) and await _answers(self.port)):
            if process.returncode is not None:
                raise _EndedError
            await asyncio.sleep(_POLL_S)


class _EndedError(Exception):
    """The process ended before it was ready."""


class _PortLostError(CoreError):
    """Somebody took the port between its choice and its use."""


async def _answers(port: int) -> bool:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(_CONNECT)
            answer = await reader.readexactly(len(_CONNACK_ACCEPTED))
            writer.write(_DISCONNECT)
            await writer.drain()
            return answer == _CONNACK_ACCEPTED
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    return False


def _mosquitto_configuration(port: int) -> str:
    # As root mosquitto would become another user, and the kernel would forget that it dies with the core.
    user = "user root\n" if os.geteuid() == 0 else ""
    return f"""# Written by the core at every start: changes are lost.
listener {port} {HOST}
allow_anonymous true
{user}persistence false
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
sys_interval 0
log_dest stderr
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S%z
"""


def _amqtt_configuration(port: int) -> str:
    return f"""# Written by the core at every start: changes are lost.
listeners:
  default:
    type: tcp
    bind: {HOST}:{port}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""
