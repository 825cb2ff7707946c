"""Delivering messages: read, send a window, release what is done. One step at a time, without a thread.

The order of the durable steps, and what a death of the process between two of them leaves:

    read          in memory: the oldest records of a lane
        │             killed: nothing was sent
    send          the far end has some of them
        │             killed: they are sent again: at most `max_in_flight` of each lane are repeated
    give up       for each that no far end takes, when all before it is released: dead letter, then release
        │             killed: see `storage`
    release       a beginning of the lane leaves the disk

The live lane goes first, the backlog behind it; each is delivered in its own order while nothing fails. What
failed in a window goes again after the rest of that window: strict order is that of a window of 1.
"""

from edge_common.outbox.sinks import MessageSink
from edge_common.outbox.storage import Storage
from edge_common.outbox.window import Window
from edge_common.spool import Batch


class MessageDelivery:
    """Delivers every lane; used by the delivery thread.

    Args:
        storage: Where the records are; its lanes stand in the order in which they are served.
        sink: Where messages go.
        max_in_flight: How many are sent at once, and may be repeated after a crash.
    """

    def __init__(self, storage: Storage, sink: MessageSink, max_in_flight: int) -> None:
        self._storage = storage
        self._sink = sink
        self._max_in_flight = max_in_flight
        self._windows = {lane: Window(max_in_flight) for lane in storage.lanes}

    def step(self) -> float | None:
        """Deliver a window of the first lane that has something.

        Returns:
            0.0 when something was done, None when nothing waits.

        Raises:
            TransientError: Some of it, or all, could not be delivered now.
        """
        for lane, spool in self._storage.lanes.items():
            now = spool.statistics()
            if now.released < now.next_number:
                self._deliver(lane, now.released)
                return 0.0
        return None

    def _deliver(self, lane: str, released: int) -> None:
        found = self._storage.read(lane, released - 1, self._max_in_flight)
        if not found.records:  # all of it is damaged
            self._storage.release(lane, found.last)
            return
        window = self._windows[lane]
        failure = None
        if sending := window.to_send(found.first, found.records):
            try:
                outcomes = self._sink.send([record for _, record in sending])
                failure = window.settle(sending, outcomes)
            except BaseException:
                window.failed()
                raise
        self._release(lane, window, found)
        if failure is not None:
            raise failure

    def _release(self, lane: str, window: Window, found: Batch) -> None:
        delivered_through = None
        for (number, record), error in window.finished(found.first, found.records):
            if error is None:
                delivered_through = number
                continue
            if delivered_through is not None:
                self._storage.release(lane, delivered_through)
                delivered_through = None
            self._storage.give_up(lane, number, record, error)
        if delivered_through is not None:
            self._storage.release(lane, delivered_through)
