"""Time that only moves when a test says so."""

import threading
from datetime import UTC, datetime, timedelta

from edge_common.timestamps import format_timestamp

EPOCH = datetime(2026, 11, 22, 4, 26, 11, 123_000, UTC)


class ManualClock:
    """A clock of `edge_common.clock` that moves by `advance` and by waiting, which takes no time.

    Args:
        start: Wall clock at the beginning; the monotonic clock begins at 0.

    Attributes:
        waits_s: Every wait.
        sets_in_wait: The event that is waited for is set during the wait of this number (1 is the first); 0
            means never.
    """

    def __init__(self, start: datetime = EPOCH) -> None:
        self.waits_s: list[float] = []
        self.sets_in_wait = 0
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

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Let `timeout_s` pass, unless `event` is set."""
        if not event.is_set():
            self.waits_s.append(timeout_s)
            self.advance(timeout_s)
            if len(self.waits_s) == self.sets_in_wait:
                event.set()
        return event.is_set()
