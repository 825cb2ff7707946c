"""When a heartbeat is due and what it says, and which deliveries get a log line: pure, no clock, no sockets.

A record of the outbox is a reading's payload and nothing else: what waits goes to the topic that is set when
it is delivered. A topic kept with each record would outlive its correction: readings taken for a topic that
is not granted would wait for ever, in front of those for the right one.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from edge_common.errors import PermanentError
from edge_common.messages import Heartbeat, Reading, decode_reading

BACKLOG_LINE_EVERY_S = 10.0
_LOSSES = ("outbox_dropped", "outbox_damaged", "outbox_dead", "readings_not_stored")

# What a log line has of its own: a column of a recording may have any name.
_NAMES_TAKEN = frozenset({"boot_id", "sequence", "part", "limited_by"})


def line_fields(reading: Reading) -> dict[str, object]:
    """A reading as the fields of a log line: which one it is, then its values.

    >>> line_fields(Reading("core-1", "2026-11-22T04:26:11.123Z", "6f1c", 7, {"light": 400.0, "part": 1.0}))
    {'boot_id': '6f1c', 'sequence': 7, 'light': 400.0, 'part_': 1.0}
    """
    values = {f"{name}_" if name in _NAMES_TAKEN else name: value for name, value in reading.sensors.items()}
    return {"boot_id": reading.boot_id, "sequence": reading.sequence, **values}


class Heartbeats:
    """Says when a heartbeat is due, and composes it; used by the delivery thread.

    Args:
        device_id: The thing name.
        every: One is due after every so many delivered readings; 0 means none.
        max_waiting: With more readings than that in the outbox, the component is degraded.
    """

    def __init__(self, device_id: str, every: int, max_waiting: int) -> None:
        self._device_id = device_id
        self._every = every
        self._max_waiting = max_waiting
        self._due_at = every
        self._lost_before: int | None = None

    def next(self, delivered: int, counts: Mapping[str, int], timestamp: str) -> Heartbeat | None:
        """The heartbeat that is due; None when none is. It is not due again, whatever becomes of it.

        Args:
            delivered: Readings delivered since the start of the process.
            counts: The component's counters, with those of its outbox.
            timestamp: Now, UTC with milliseconds and `Z`.
        """
        lost = sum(counts.get(name, 0) for name in _LOSSES)
        if self._lost_before is None:  # what was lost before this start is no news
            self._lost_before = lost
        if not self._every or delivered < self._due_at:
            return None
        self._due_at = delivered - delivered % self._every + self._every
        waiting = counts["outbox_waiting"]
        is_well = waiting <= self._max_waiting and lost == self._lost_before
        self._lost_before = lost
        status: Literal["healthy", "degraded"] = "healthy" if is_well else "degraded"
        details = {
            "readings_waiting": waiting,
            "readings_dropped": counts["outbox_dropped"],
            "readings_damaged": counts["outbox_damaged"],
            "readings_dead": counts["outbox_dead"],
        }
        return Heartbeat(self._device_id, timestamp, status, counts["messages_sent"], details)


class DeliveryLines:
    """Which delivered readings get a line of their own, and when the others are summed up.

    A line each for the fresh ones, so that nothing is missing for whoever follows the log; one line every
    `BACKLOG_LINE_EVERY_S` for a backlog, of which an hour may go out in a minute.

    Args:
        boot_id: Of this start of the process.
        fresh_readings: How many of the newest count as fresh.
    """

    def __init__(self, boot_id: str, fresh_readings: int) -> None:
        self._boot_id = boot_id
        self._fresh_readings = fresh_readings
        self._newest_stored = -1
        self._unsaid = 0
        self._said_at_s: float | None = None

    def stored(self, sequence: int) -> None:
        """A reading of this start is about to be stored (main thread; the rest is the delivery thread's)."""
        self._newest_stored = sequence

    def delivered(self, records: Sequence[bytes]) -> list[Reading]:
        """Note that `records` were delivered; returns those that are fresh."""
        readings = [reading for record in records if (reading := self._fresh(record)) is not None]
        self._unsaid += len(records) - len(readings)
        return readings

    def backlog(self, now_s: float) -> int:
        """How many others were delivered since this was last said, when it is time to say so; else 0.

        Args:
            now_s: By any clock that only goes forward.
        """
        is_early = self._said_at_s is not None and now_s - self._said_at_s < BACKLOG_LINE_EVERY_S
        if not self._unsaid or is_early:
            return 0
        count, self._unsaid, self._said_at_s = self._unsaid, 0, now_s
        return count

    def _fresh(self, record: bytes) -> Reading | None:
        try:
            reading = decode_reading(record)
        except PermanentError:  # of another version of this program: it was delivered all the same
            return None
        is_of_now = reading.boot_id == self._boot_id
        age = self._newest_stored - reading.sequence
        return reading if is_of_now and age < self._fresh_readings else None
