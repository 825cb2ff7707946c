"""The cloud's end: every message of the thing, as a client of the broker receives it.

paho's thread puts messages into a queue; everything else is done by the thread that calls `take`.
"""

import queue
from collections import Counter, deque

from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo.reconcile import Ledger, ReadingId

_SHOWN = 5  # readings kept for the screen


class CloudView:
    """Counts messages by topic and enters readings into the ledger.

    Args:
        ledger: Gets an entry for each reading.

    Attributes:
        by_topic: How many messages came on each topic.
        latest: The latest readings, oldest first.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._arrived: queue.SimpleQueue[TopicMessage] = queue.SimpleQueue()
        self.by_topic: Counter[str] = Counter()
        self.latest: deque[TopicMessage] = deque(maxlen=_SHOWN)

    def receive(self, message: TopicMessage) -> None:
        """Called on paho's thread."""
        self._arrived.put(message)

    def take(self, timeout_s: float) -> list[TopicMessage]:
        """Wait up to `timeout_s` seconds for a message, enter all that have come, return the readings."""
        readings = []
        try:
            message = self._arrived.get(timeout=timeout_s)
            while True:
                self.by_topic[message.topic] += 1
                reading = reading_id(message)
                if reading:
                    self._ledger.arrived(reading)
                    self.latest.append(message)
                    readings.append(message)
                message = self._arrived.get_nowait()
        except queue.Empty:
            return readings


def reading_id(message: TopicMessage) -> ReadingId | None:
    """Which reading a message is; None when it is none, as a heartbeat is."""
    match message.content():
        case {"boot_id": str(boot_id), "sequence": int(sequence), "sensors": dict()}:
            return ReadingId(boot_id, sequence)
        case _:
            return None
