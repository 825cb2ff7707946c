"""When the batch that fills is due. Pure but for a lock: the time is given.

Owns the arrival times and sizes of the newest records, as many as a batch takes; so its memory is bounded,
however much waits. Safe from any thread.
"""

import threading
from collections import deque

from edge_common.outbox.sinks import Batching
from edge_common.spool.frame import HEADER_BYTES, LENGTH_BYTES, whole_blocks

_MOST_OF_THE_LANE = 0.5  # the rest is for what is put while it is delivered, and for a far end that is away


class Filling:
    """Arrivals since the outbox was opened.

    Args:
        batching: When a batch is full.
        lane_bytes: What the records' spool may take. A batch is due as well when half of that is: the cap
            must not take what was waiting for its age.
        leftovers: Every record below this number was there before: due at once, for nobody knows how old it
            is.
    """

    def __init__(self, batching: Batching, lane_bytes: int, leftovers: int) -> None:
        self._batching = batching
        self._max_disk_bytes = _MOST_OF_THE_LANE * lane_bytes
        self._due_below = leftovers
        self._arrivals: deque[tuple[int, int, float]] = deque()  # number, bytes, put at (s)
        self._bytes = 0
        self._disk_bytes = 0  # at most: records that are committed together share blocks
        self._lock = threading.Lock()

    def put(self, number: int, size_bytes: int, now_s: float) -> None:
        """Record `number` is on disk."""
        with self._lock:
            if len(self._arrivals) == self._batching.max_records:
                self._forget_first()
            self._arrivals.append((number, size_bytes, now_s))
            self._bytes += size_bytes
            self._disk_bytes += _on_disk(size_bytes)

    def make_due(self, below: int) -> None:
        """Whatever waits below this number is due at once."""
        with self._lock:
            self._due_below = max(self._due_below, below)

    def due_in_s(self, released: int, next_number: int, now_s: float) -> float | None:
        """Seconds until a batch is due; 0.0: now; None: nothing waits.

        Args:
            released: Number of the oldest record that waits.
            next_number: Number after the newest.
            now_s: By the monotonic clock.
        """
        with self._lock:
            while self._arrivals and self._arrivals[0][0] < released:
                self._forget_first()
            if released == next_number:
                return None
            if (
                released < self._due_below
                or next_number - released >= self._batching.max_records
                or self._bytes >= self._batching.max_bytes
                or self._disk_bytes >= self._max_disk_bytes
            ):
                return 0.0
            oldest_s = self._arrivals[0][2] if self._arrivals else now_s  # else its put is about to return
            return max(0.0, oldest_s + self._batching.max_age_s - now_s)

    def _forget_first(self) -> None:
        size_bytes = self._arrivals.popleft()[1]
        self._bytes -= size_bytes
        self._disk_bytes -= _on_disk(size_bytes)


def _on_disk(size_bytes: int) -> int:
    """What a record takes that is committed alone."""
    return whole_blocks(HEADER_BYTES + LENGTH_BYTES + size_bytes)
