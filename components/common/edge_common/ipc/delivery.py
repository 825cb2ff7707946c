"""The thread that calls `on_message`: one message after the other, in the order in which they arrived.

The SDK's own executor has several threads and delivers out of order; its I/O thread must not run a
component's code, for a call to the core made there would wait for itself. So the I/O thread puts each message
into this queue, which never blocks it, and one thread of ours takes them out. `on_message` may therefore call
the gateway. What is queued here is lost when the process dies: IPC has no acknowledgement by the receiver.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_common.log import get_logger, limited
from edge_common.metrics import Metrics

# Messages are at most 128 KiB, usually some hundred bytes. 8 MiB is a burst of some 20,000 usual messages and
# bounds what a callback that has stopped returning can cost.
MAX_PENDING_BYTES = 8 * 1024 * 1024
_MESSAGE_OVERHEAD_BYTES = 200  # the objects around topic and payload, so that empty messages count too

_log = get_logger("ipc")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was published.

    Attributes:
        topic: The concrete topic, never a filter.
        payload: The published bytes; for a JSON message on a local topic, its JSON in UTF-8.
    """

    topic: str
    payload: bytes


OnMessage = Callable[[Message], None]


class Recipient(Protocol):
    """Whoever a message is for."""

    @property
    def closed(self) -> bool:
        """True when nothing more is wanted; what is still queued is then discarded."""

    @property
    def on_message(self) -> OnMessage:
        """Called on the delivery thread."""

    @property
    def topic_filter(self) -> str:
        """For the log."""


class Delivery:
    """The queue and its thread; opened by the gateway, closed by it.

    Args:
        max_pending_bytes: What may wait, in bytes; the newest message is dropped beyond it, and counted.
        metrics: Gets the counters `ipc_messages_received` (dropped ones included), `ipc_messages_dropped`
            (the queue was full), `ipc_events_malformed` (of the core, unreadable) and `ipc_callback_errors`
            (exceptions that `on_message` let out).
    """

    def __init__(self, max_pending_bytes: int, metrics: Metrics) -> None:
        self.received = metrics.counter("ipc_messages_received")
        self.dropped = metrics.counter("ipc_messages_dropped")
        self.malformed = metrics.counter("ipc_events_malformed")
        self.callback_errors = metrics.counter("ipc_callback_errors")
        self._max_pending_bytes = max_pending_bytes
        self._pending: deque[tuple[Recipient, Message]] = deque()
        self._pending_bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ipc-delivery", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, recipient: Recipient, message: Message) -> None:
        """Queue a message; never waits (I/O thread)."""
        self.received.add()
        with self._changed:
            if self._pending_bytes + _size(message) > self._max_pending_bytes:
                self.dropped.add()
                return
            self._pending.append((recipient, message))
            self._pending_bytes += _size(message)
            self._changed.notify()

    def close(self, within_s: float) -> int:
        """Deliver what is queued for at most `within_s` seconds, then end the thread.

        Returns:
            How many messages were discarded undelivered.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(within_s)
        with self._changed:
            discarded = len(self._pending)
            self._pending.clear()
            self._pending_bytes = 0
        return discarded

    def _run(self) -> None:
        reported_drops = 0
        while True:
            with self._changed:
                while not self._pending:
                    if self._closing:
                        return
                    self._changed.wait()
                recipient, message = self._pending.popleft()
                self._pending_bytes -= _size(message)
                drops = self.dropped.value
            if drops > reported_drops:
                _log.warning(
                    "ipc_messages_dropped",
                    count=drops - reported_drops,
                    max_pending_bytes=self._max_pending_bytes,
                    reason="on_message is slower than messages arrive; make it quicker or narrow the filters",
                )
                reported_drops = drops
            if not recipient.closed:
                self._deliver(recipient, message)

    def _deliver(self, recipient: Recipient, message: Message) -> None:
        try:
            recipient.on_message(message)
        except Exception:  # noqa: BLE001  this loop owns the work: one bad message must not stop the next
            self.callback_errors.add()
            _log.exception(
                "ipc_callback_failed",
                topic=message.topic,
                topic_filter=recipient.topic_filter,
                **limited("ipc_callback_failed", 10),
            )


def _size(message: Message) -> int:
    return len(message.topic) + len(message.payload) + _MESSAGE_OVERHEAD_BYTES
