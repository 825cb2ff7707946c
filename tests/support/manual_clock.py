"""Time that only moves when a test says so."""

import threading
from datetime import UTC, datetime, timedelta

from edge_common.timestamps import format_timestamp

EPOCH = datetime(2026, 11, 22, 4, 26, 11, 123_000, UTC)


class ManualClock:
    """A clock of `edge_common.clock` that stands still between two calls of `advance`.

    Args:
        start: Wall clock at the beginning; the monotonic clock begins at 0.
    """

    def __init__(self, start: datetime = EPOCH) -> None:
        self._now = start
        self._monotonic_s = 0.0

    @property
    def boot_id(self) -> str:
        """Always the same."""
        return "0123456789abcdef"

    def now(self) -> datetime:
        """The wall clock."""
        return self._now

    def timestamp(self) -> str:
        """The wall clock as payloads carry it."""
        return format_timestamp(self._now)

    def monotonic_s(self) -> float:
        """The monotonic clock."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds


class ClockEvent(threading.Event):
    """A stop event whose waits take no time but move a clock; `waits_s` lists them.

    Args:
        clock: The clock that moves.
        set_after: The event is set during the wait of this number (1 is the first); 0 means never.
    """

    def __init__(self, clock: ManualClock, set_after: int = 0) -> None:
        super().__init__()
        self.waits_s: list[float] = []
        self._clock = clock
        self._set_after = set_after

    def wait(self, timeout: float | None = None) -> bool:
        """Let `timeout` seconds pass on the clock."""
        self.waits_s.append(timeout or 0.0)
        self._clock.advance(timeout or 0.0)
        if len(self.waits_s) == self._set_after:
            self.set()
        return self.is_set()
