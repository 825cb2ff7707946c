"""Numbering readings, and when readings and heartbeats are due: pure, no clock, no sockets."""

import math
from collections.abc import Mapping
from typing import Literal

from edge_common.messages import Heartbeat, Reading


class Sequence:
    """Turns sensor values into numbered readings, and says when a heartbeat is due.

    One for each start of the process: sequences begin at 0 with a fresh boot id, so that
    `(device_id, boot_id, sequence)` names a reading for ever. Used by one thread.

    Args:
        device_id: The thing name.
        boot_id: Of this start of the process.
        heartbeat_every: A heartbeat follows every so many readings; 0 means none.
    """

    def __init__(self, device_id: str, boot_id: str, heartbeat_every: int) -> None:
        self._device_id = device_id
        self._boot_id = boot_id
        self._heartbeat_every = heartbeat_every
        self._next_sequence = 0
        self._not_published_before = 0

    def reading(self, sensors: Mapping[str, float], timestamp: str) -> Reading:
        """Number the next reading.

        Args:
            sensors: Field -> value in the field's unit.
            timestamp: UTC, milliseconds, `Z`.
        """
        sequence = self._next_sequence
        self._next_sequence += 1
        return Reading(self._device_id, timestamp, self._boot_id, sequence, sensors)

    def heartbeat(self, messages_sent: int, not_published: int, timestamp: str) -> Heartbeat | None:
        """The heartbeat that is due after the latest reading; None when none is.

        Args:
            messages_sent: Messages that the core has taken so far, heartbeats included.
            not_published: Readings that were given up so far; more than at the last heartbeat is "degraded".
            timestamp: UTC, milliseconds, `Z`.
        """
        if not self._heartbeat_every or self._next_sequence % self._heartbeat_every:
            return None
        status: Literal["healthy", "degraded"] = (
            "degraded" if not_published > self._not_published_before else "healthy"
        )
        self._not_published_before = not_published
        details = {"readings_not_published": not_published}
        return Heartbeat(self._device_id, timestamp, status, messages_sent, details)


class Ticks:
    """The times at which readings belong: one every interval, on a grid that never moves. Used by one thread.

    Args:
        interval_s: From one tick to the next, greater than 0.
        start_s: The first tick, which is taken; by the same clock as every other time here.
    """

    def __init__(self, interval_s: float, start_s: float) -> None:
        self._interval_s = interval_s
        self._start_s = start_s
        self._number = 0  # of the tick that was given last

    def after(self, now_s: float) -> tuple[float, int]:
        """The next tick at or after `now_s`, and how many before it have passed since the one given last."""
        passed = math.floor((now_s - self._start_s) / self._interval_s)
        number = max(self._number + 1, passed)
        while self._time_s(number) < now_s:
            number += 1
        missed = number - self._number - 1
        self._number = number
        return self._time_s(number), missed

    def _time_s(self, number: int) -> float:
        return self._start_s + number * self._interval_s
