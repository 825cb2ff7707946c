"""Does in the core's event loop what paho-mqtt would do in a thread: reads, writes, keeps alive.

It owns the socket of one paho client from its opening to its end and knows nothing of what the packets mean.
Everything runs in the loop.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any, cast

import paho.mqtt.client as paho

_LOOK_AFTER_PERIOD_S = 5.0  # how often paho looks whether a PINGREQ is due
_READS_PER_STEP = 64  # packets taken in one loop step, so that a flood cannot starve the rest of the core

_logger = logging.getLogger(__name__)


class MqttDriver:
    """Drives one client. Made before the client connects; `stop` ends it for good.

    Args:
        client: Its socket callbacks are taken over; it must not reconnect by itself.
        on_fault: Called when one of the client's other callbacks has failed: the connection must not be used
            any more, for paho may have lost what it was working on.
    """

    def __init__(self, client: paho.Client, on_fault: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._on_fault = on_fault
        self._has_stopped = False
        self._is_in_paho = False
        self._packets = 0
        self._flush_is_due = False
        self._writer_fd: int | None = None
        self._timer = self._loop.call_later(_LOOK_AFTER_PERIOD_S, self._look_after)
        client.on_socket_open = self._socket_opened
        client.on_socket_close = self._socket_closing
        client.on_socket_register_write = self._want_write

    def count_packet(self) -> None:
        """To be called from the client's callbacks: a packet was there, so another may be."""
        self._packets += 1

    def poll(self) -> None:
        """Write what waits and read what has arrived by now, without waiting for the loop to come round."""
        self._flush()
        self._read()

    def stop(self) -> None:
        """Close the socket; what was not written is lost. Twice does no harm."""
        self._has_stopped = True
        self._timer.cancel()
        sock = self._client.socket()
        if sock is not None:
            self._socket_closing(self._client, None, sock)
            self._client.on_socket_close = None  # paho closes it once more when it is collected
            sock.close()

    def _socket_opened(self, _client: paho.Client, _userdata: object, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(sock.fileno(), self._read)

    def _socket_closing(self, _client: paho.Client, _userdata: object, sock: Any) -> None:
        self._loop.remove_reader(sock.fileno())
        self._stop_writer()

    def _want_write(self, _client: paho.Client, _userdata: object, _sock: Any) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _read(self) -> None:
        self._run(self._read_what_is_there)

    def _read_what_is_there(self) -> None:
        for _ in range(_READS_PER_STEP):
            before = self._packets
            self._client.loop_read()
            if self._packets == before:
                return

    def _flush(self) -> None:
        self._flush_is_due = False
        self._run(self._write)
        sock = None if self._has_stopped else self._client.socket()
        if sock is None or not self._client.want_write():
            self._stop_writer()
        elif self._writer_fd is None:
            self._writer_fd = sock.fileno()
            self._loop.add_writer(self._writer_fd, self._flush)

    def _write(self) -> None:
        # paho sends each packet by itself; corked, they leave together and wake the broker once.
        sock = cast("socket.socket | None", self._client.socket())  # TCP: never one of paho's wrappers
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            self._client.loop_write()
            if self._client.socket() is not None:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    def _stop_writer(self) -> None:
        if self._writer_fd is not None:
            self._loop.remove_writer(self._writer_fd)
            self._writer_fd = None

    def _look_after(self) -> None:
        self._run(self._client.loop_misc)
        if not self._has_stopped:
            self._timer = self._loop.call_later(_LOOK_AFTER_PERIOD_S, self._look_after)

    def _run(self, step: Callable[[], object]) -> None:
        """Let paho work: the one place that catches whatever its callbacks raise."""
        if self._has_stopped or self._is_in_paho:
            return
        self._is_in_paho = True
        try:
            step()
        except Exception:
            _logger.exception("The MQTT connection is made anew after a fault in the core itself")
            self._on_fault()
        finally:
            self._is_in_paho = False
