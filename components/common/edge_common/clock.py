"""Time: the wall clock for stamping, the monotonic one for waiting, and the id that sequences belong to.

Owns every reading of a clock, and the waiting of loops, so that both can be tested at any time of day and no
time need pass. Timers and deadlines use `monotonic_s`; the wall clock only stamps records, because it jumps
(a board without a battery starts in 1970 and leaps when NTP answers). Safe from any thread.
"""

import ctypes
import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Protocol

from edge_common.timestamps import format_timestamp

_TIME_ERROR = 5  # adjtimex(2): "the system clock is not synchronized to a reliable server"
_TIMEX_BYTES = 512  # struct timex has 208 bytes on 64-bit Linux; room for a kernel that adds fields


class Clock(Protocol):
    """What components know of time; `SystemClock` outside tests."""

    @property
    def boot_id(self) -> str:
        """16 hex digits, new at every start of the process; see `SystemClock`."""

    def now(self) -> datetime:
        """The wall clock, in UTC and aware of it."""

    def timestamp(self) -> str:
        """The wall clock as payloads carry it: `2026-11-22T04:26:11.123Z`."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary point; never goes back and never jumps."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait until `event` is set, or so many seconds have passed; returns whether it is set."""


class SystemClock:
    """The clocks of this machine; a component has one object for the whole life of its process."""

    def __init__(self) -> None:
        self._boot_id = secrets.token_hex(8)

    @property
    def boot_id(self) -> str:
        """16 random hex digits, new with each object: what this process's sequences belong to.

        Sequences start at 0 with it, so `(device_id, boot_id, sequence)` names a reading for ever. It is not
        the kernel's (/proc/sys/kernel/random/boot_id): that one outlives a restart of the process, and
        sequences that began again at 0 under it would name two readings alike.
        """
        return self._boot_id

    def now(self) -> datetime:
        """The wall clock, in UTC and aware of it."""
        return datetime.now(UTC)

    def timestamp(self) -> str:
        """The wall clock as payloads carry it: `2026-11-22T04:26:11.123Z`."""
        return format_timestamp(self.now())

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary point; never goes back and never jumps."""
        return time.monotonic()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait until `event` is set, or so many seconds have passed; returns whether it is set."""
        return event.wait(min(timeout_s, threading.TIMEOUT_MAX))  # a recording may have any gap


def clock_synchronized() -> bool | None:
    """Whether the kernel believes the wall clock is set by a time server; None when it does not say.

    Asks adjtimex(2) without changing anything, as `timedatectl` does for its NTPSynchronized.
    """
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR
