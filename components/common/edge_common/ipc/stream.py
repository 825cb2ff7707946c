"""One subscription on one connection: the SDK's stream of events, and whether they are still wanted.

Its callbacks run on the SDK's I/O thread and never wait.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

from edge_common.errors import EdgeError
from edge_common.ipc import requests
from edge_common.ipc.connection import Connection
from edge_common.ipc.delivery import Delivery, Message, Recipient
from edge_common.ipc.errors import Asked, failure_of, translate


@dataclass(frozen=True, slots=True)
class Filter:
    """What to subscribe to, and how.

    Attributes:
        asked: Operation and topic filter.
        request: The SDK's request, sent again for every stream.
        read: Turns one of the SDK's events into a message; raises ValueError when it cannot.
        resubscribe_after_silence_s: Seconds without a message after which the stream is replaced, or None.
    """

    asked: Asked
    request: Any
    read: Callable[[Any], Message]
    resubscribe_after_silence_s: float | None

    @classmethod
    def of_iot_core(cls, topic_filter: str, qos: int, silence_s: float | None) -> Self:
        """Topics of AWS IoT Core."""
        request = requests.subscribe_to_iot_core(topic_filter, qos)
        return cls(Asked("SubscribeToIoTCore", topic_filter), request, requests.iot_core_message, silence_s)

    @classmethod
    def of_topic(cls, topic_filter: str) -> Self:
        """Topics of this core's own publish/subscribe."""
        request = requests.subscribe_to_topic(topic_filter)
        return cls(Asked("SubscribeToTopic", topic_filter), request, requests.local_message, None)


class Owner(Recipient, Protocol):
    """The subscription that a stream belongs to."""

    def answered(self, stream: "EventStream", error: EdgeError | None) -> "EventStream | None":
        """The core has answered (`error` None: granted); returns the stream that is not needed now."""

    def ended(self, stream: "EventStream") -> None:
        """The core has closed the stream, or its connection is gone."""


class EventStream:
    """One stream of events: the handler that the SDK calls (I/O thread), and the means to end it.

    Args:
        wanted: What to subscribe to.
        owner: Whose stream it is.
        delivery: Where its messages go.
        answer_due_at_s: When, by `time.monotonic`, the core must have answered.
    """

    def __init__(self, wanted: Filter, owner: Owner, delivery: Delivery, answer_due_at_s: float) -> None:
        self.answer_due_at_s = answer_due_at_s
        self.accepting = False
        self.last_message_s = 0.0
        self._wanted = wanted
        self._owner = owner
        self._delivery = delivery
        self._operation: Any = None

    def open(self, connection: Connection) -> None:
        """Send the subscription; the answer comes to `Owner.answered`."""
        try:
            operation = self._operation = connection.new_operation(self._wanted.asked, self)
            operation.get_response().add_done_callback(self._answered)
            connection.send(operation, self._wanted.asked, self._wanted.request)
        except EdgeError as error:
            self._operation = None
            self._owner.answered(self, error)

    def close(self) -> None:
        """End the stream; does not wait."""
        self.accepting = False
        operation = self._operation  # read once: the I/O thread may take it away
        if operation is not None:
            operation.close()

    def on_stream_event(self, event: Any) -> None:
        """A message for the filter."""
        if not self.accepting:
            return
        self.last_message_s = time.monotonic()
        try:
            message = self._wanted.read(event)
        except ValueError:
            self._delivery.malformed.add()
            return
        self._delivery.put(self._owner, message)

    def on_stream_error(self, _error: Exception) -> bool:
        """One event could not be decoded: count it and keep the stream."""
        self._delivery.malformed.add()
        return False

    def on_stream_closed(self) -> None:
        """Nothing comes any more."""
        self._operation = None  # the operation holds this handler: nothing is to wait for a garbage collector
        self._owner.ended(self)

    def _answered(self, response: Any) -> None:
        failure = failure_of(response)
        self.last_message_s = time.monotonic()
        error = None if failure is None else translate(failure, self._wanted.asked)
        unwanted = self._owner.answered(self, error)
        if unwanted is not None:
            unwanted.close()
