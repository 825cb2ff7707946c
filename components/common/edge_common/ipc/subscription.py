"""One topic filter, kept subscribed over any number of connections.

A `Subscription` outlives its streams: the supervisor opens a new one after a loss, a refusal "for
now", or a silence that is suspiciously long. Its fields change only under the link's lock; a stream's
callbacks run on the SDK's I/O thread.

What is lost: messages that the core would have sent while there was no stream (IPC keeps none back).
What comes twice: nothing within one connection, for the old stream is cut off at the moment the new one is
answered; a message with the retain flag may come again with each new subscription.
"""

import math

from edge_common.errors import EdgeError, PermanentError
from edge_common.ipc.delivery import Delivery, OnMessage
from edge_common.ipc.errors import GatewayFailedError
from edge_common.ipc.link import Link
from edge_common.ipc.stream import EventStream, Filter
from edge_common.ipc.timing import Attempts, Deadline, ReconnectPolicy


class Subscription:
    """What `IpcGateway.subscribe_…` returns; ends with `close` or with the gateway."""

    def __init__(self, wanted: Filter, on_message: OnMessage, link: Link, policy: ReconnectPolicy) -> None:
        self.wanted = wanted
        self.on_message = on_message
        self.closed = False
        self.refusal: PermanentError | None = None
        self.awaited = True  # a caller waits for the first answer and will raise a refusal itself
        self.current: EventStream | None = None
        self.pending: EventStream | None = None
        self.retry_at_s = 0.0
        self.last_error = ""
        self._attempts = Attempts(policy)
        self._link = link

    @property
    def topic_filter(self) -> str:
        """The filter as it was given."""
        return self.wanted.asked.resource

    @property
    def active(self) -> bool:
        """True while the core is known to send messages here."""
        return self.current is not None

    def close(self) -> None:
        """Want no more messages: none is delivered after this returns, but one may be in `on_message` now."""
        with self._link.changed:
            self.closed = True
            self._link.changed.notify_all()
            ended = self._streams()
            self.current = self.pending = None
        for stream in ended:
            stream.close()

    def mute(self) -> None:
        """Take no more messages from the core, but let those be delivered that have arrived."""
        with self._link.changed:
            for stream in self._streams():
                stream.accepting = False

    def wait_answered(self, deadline: Deadline) -> None:
        """Wait for the core's first answer to the subscription; an answer "not now" is one.

        Raises:
            PermanentError: The core refused it; it is closed then.
            GatewayFailedError: The gateway has failed; it is closed then.
        """
        with self._link.changed:
            while not (self.active or self.last_error or self._link.failure):
                slice_s = deadline.slice_s()
                if slice_s <= 0:
                    break
                self._link.changed.wait(slice_s)
            self.awaited = False
            refusal, failure = self.refusal, self._link.failure
            if not self.active:
                self._link.changed.notify_all()  # a refusal from now on is the supervisor's to report
        if refusal is not None or failure is not None:
            self.close()
        if refusal is not None:
            raise refusal
        if failure is not None:
            raise GatewayFailedError(failure)

    def open_stream(self, delivery: Delivery, answer_due_at_s: float) -> EventStream:
        """A stream that the caller opens once it has given back the lock (the lock is held)."""
        self.pending = EventStream(self.wanted, self, delivery, answer_due_at_s)
        return self.pending

    def due_at_s(self) -> float:
        """When, by `time.monotonic`, a stream is to be opened; infinity while none is (the lock is held)."""
        if self.closed or self.refusal is not None or self.pending is not None:
            return math.inf
        if self.current is None:
            return self.retry_at_s
        silence_s = self.wanted.resubscribe_after_silence_s
        return (
            math.inf if silence_s is None else max(self.current.last_message_s + silence_s, self.retry_at_s)
        )

    def answer_due_at_s(self) -> float:
        """When an answer of the core is overdue; infinity while none is expected (the lock is held)."""
        return math.inf if self.pending is None else self.pending.answer_due_at_s

    def connection_lost(self) -> None:
        """All streams are gone; the next connection is to open one at once (the lock is held)."""
        for stream in self._streams():
            stream.accepting = False
        self.current = self.pending = None
        self.retry_at_s = 0.0

    def answered(self, stream: EventStream, error: EdgeError | None) -> EventStream | None:
        """The core has answered the request of `stream`; `error` None means granted (I/O thread).

        Returns:
            The stream to close before the next event: the one replaced, or this one when nobody wants it any
            more. Each message is then taken from one of the two streams only.
        """
        with self._link.changed:
            if self.pending is not stream:
                return stream if error is None else None
            self.pending = None
            self._link.changed.notify_all()
            if error is not None:
                self._refused(error)
                return None
            replaced, self.current = self.current, stream
            stream.accepting = True
            self.last_error = ""
            self._attempts.succeeded()
            return replaced

    def ended(self, stream: EventStream) -> None:
        """The core has closed `stream`, or its connection is gone."""
        with self._link.changed:
            if self.current is stream:
                self.current = None
                self.retry_at_s = self._attempts.failed()
                self.last_error = "the core ended the subscription"
                self._link.changed.notify_all()

    def _streams(self) -> list[EventStream]:
        return [stream for stream in (self.current, self.pending) if stream is not None]

    def _refused(self, error: EdgeError) -> None:
        self.retry_at_s = self._attempts.failed()
        self.last_error = error.reason
        if isinstance(error, PermanentError):
            self.refusal = error
