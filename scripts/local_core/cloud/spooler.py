"""The classic nucleus's memory spooler: every message for the cloud goes through it, online or not.

A message is accepted as soon as it is stored; it is removed when the broker has acknowledged it. It survives
an outage of the cloud, not an end of the core. Greengrass Lite has none: see `direct_publisher`. Texts and
limits are those of the nucleus's Spool and MqttClient, but for its throttle of 100 messages a second, which
belongs to AWS IoT Core's quota. Everything runs in the core's event loop.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from local_core.cloud.message import CloudMessage
from local_core.cloud.mqtt.connection import Done, MqttError

MAX_BYTES = 2_621_440  # mqtt.spooler.maxSizeInBytes: payloads only
MAX_IN_FLIGHT = 5  # mqtt.maxInFlightPublishes

# With more than BACKLOG waiting, the most that the nucleus lets that option be (AWS IoT Core's quota): core
# and broker share a machine, and with five in flight five messages move each time the broker gets the CPU.
BACKLOG = 100
MAX_IN_FLIGHT_OF_BACKLOG = 100

# A burst of calls fills one step of the loop: every so many messages what has been acknowledged is taken in.
POLL_EVERY = 16

MAX_RETRIES = 100  # mqtt.maxPublishRetry

_logger = logging.getLogger(__name__)


class PublishError(Exception):
    """A message was not accepted; the text is the nucleus's."""


class Uplink(Protocol):
    """What the spooler needs of the link."""

    @property
    def is_online(self) -> bool:
        """Whether a publish has a chance now."""

    def publish(self, message: CloudMessage, done: Done) -> None:
        """Send one message; `done` is called once, never from within this call."""

    def poll(self) -> None:
        """Take in acknowledgements that have arrived by now."""

    def watch(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` each time that `is_online` has changed."""


@dataclass(slots=True)
class _Spooled:
    sequence: int
    message: CloudMessage
    retries: int = 0


class Spooler:
    """A bounded queue that empties itself into the link, in order.

    Args:
        link: Where messages go.
        on_published: Called with each message that the cloud has acknowledged.
    """

    def __init__(self, link: Uplink, on_published: Callable[[CloudMessage], None]) -> None:
        self._link = link
        self._on_published = on_published
        self._queue: OrderedDict[int, _Spooled] = OrderedDict()  # by sequence: the oldest first
        self._queued_qos0: OrderedDict[int, None] = OrderedDict()  # found without searching the queue
        self._in_flight = 0
        self._stored_bytes = 0  # queued and in flight, as the nucleus counts
        self._last_sequence = 0
        self._dropped = 0
        self._emptied = asyncio.Event()
        link.watch(self._link_changed)

    @property
    def messages(self) -> int:
        """Messages stored: queued and in flight."""
        return len(self._queue) + self._in_flight

    @property
    def stored_bytes(self) -> int:
        """Bytes of payload stored."""
        return self._stored_bytes

    @property
    def in_flight(self) -> int:
        """Messages sent and not yet acknowledged."""
        return self._in_flight

    @property
    def dropped(self) -> int:
        """Messages accepted and then given up: QoS 0 that made room or met an outage, or 100 retries."""
        return self._dropped

    def publish(self, message: CloudMessage) -> None:
        """Store one message that `check_publishable` has let pass, and send what may be sent.

        Raises:
            PublishError: Offline with QoS 0, or no room.
        """
        if message.qos == 0 and not self._link.is_online:
            raise PublishError("Device is offline. Dropping QoS 0 message.")  # keepQos0WhenOffline: false
        self._make_room(len(message.payload))
        self._last_sequence += 1
        self._append(_Spooled(self._last_sequence, message))
        self._stored_bytes += len(message.payload)
        if self._in_flight >= self._in_flight_limit() and self._last_sequence % POLL_EVERY == 0:
            self._link.poll()
        self._send()

    async def wait_empty(self, within_s: float) -> bool:
        """Wait until everything is acknowledged; False when `within_s` seconds were not enough."""
        if self.messages:
            self._emptied.clear()
            try:
                await asyncio.wait_for(self._emptied.wait(), within_s)
            except TimeoutError:
                return False
        return True

    def _make_room(self, payload_bytes: int) -> None:
        if payload_bytes > MAX_BYTES:
            raise PublishError("Message is larger than the size of message spool.")
        while self._stored_bytes + payload_bytes > MAX_BYTES and self._queued_qos0:
            self._drop(self._queue[next(iter(self._queued_qos0))], "the spool is full")
        if self._stored_bytes + payload_bytes > MAX_BYTES:
            raise PublishError("Message spool is full. Message could not be added.")

    def _append(self, spooled: _Spooled) -> None:
        self._queue[spooled.sequence] = spooled
        if spooled.message.qos == 0:
            self._queued_qos0[spooled.sequence] = None

    def _take_oldest(self) -> _Spooled:
        sequence, spooled = self._queue.popitem(last=False)
        self._queued_qos0.pop(sequence, None)
        return spooled

    def _drop(self, spooled: _Spooled, reason: str) -> None:
        self._queue.pop(spooled.sequence, None)
        self._queued_qos0.pop(spooled.sequence, None)
        self._remove(spooled)
        self._dropped += 1
        level = logging.ERROR if spooled.message.qos else logging.DEBUG  # QoS 0 is lost by the thousand
        _logger.log(
            level, "Dropped a QoS %d message on %s: %s", spooled.message.qos, spooled.message.topic, reason
        )

    def _remove(self, spooled: _Spooled) -> None:
        self._stored_bytes -= len(spooled.message.payload)
        if not self.messages:
            self._emptied.set()

    def _in_flight_limit(self) -> int:
        return MAX_IN_FLIGHT if len(self._queue) <= BACKLOG else MAX_IN_FLIGHT_OF_BACKLOG

    def _send(self) -> None:
        while self._queue and self._in_flight < self._in_flight_limit() and self._link.is_online:
            spooled = self._take_oldest()
            self._in_flight += 1
            self._link.publish(spooled.message, partial(self._sent, spooled))

    def _sent(self, spooled: _Spooled, error: MqttError | None) -> None:
        self._in_flight -= 1
        if error is None:
            self._remove(spooled)
            self._on_published(spooled.message)
        elif spooled.message.qos == 0 and not self._link.is_online:
            self._drop(spooled, "the device is offline")
        elif spooled.retries >= MAX_RETRIES:
            self._drop(spooled, f"{error} after {MAX_RETRIES} retries")
        else:
            spooled.retries += 1
            self._put_back(spooled)
        self._send()

    def _put_back(self, spooled: _Spooled) -> None:
        """Queue it again in its old place: before all but the few that were put back and are older."""
        older = []
        while self._queue and next(iter(self._queue)) < spooled.sequence:
            older.append(self._take_oldest())
        for returned in [spooled, *reversed(older)]:
            self._append(returned)
            self._queue.move_to_end(returned.sequence, last=False)
            if returned.sequence in self._queued_qos0:
                self._queued_qos0.move_to_end(returned.sequence, last=False)

    def _link_changed(self) -> None:
        if self._link.is_online:
            self._send()
        else:
            for sequence in list(self._queued_qos0):
                self._drop(self._queue[sequence], "the device is offline")
