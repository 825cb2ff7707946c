"""The one place that decides how often, how long and how spread out something is tried again.

Owns the policy and the waiting; the caller owns the call. Runs in the thread that calls it, which waits on
the component's stop event, so a component that is told to stop stops waiting at once. That wait, the server's
own `retry_after_s` and a clock that tests can turn are why this is no call to stamina or tenacity: with those
three replaced nothing of them would be left but the loop.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edge_common.clock import Clock
from edge_common.errors import TransientError

T = TypeVar("T")

_MAX_DOUBLINGS = 64  # far beyond any cap; 2.0**1024 would overflow
# What a server may ask for. Longer, and a mistake of its own would silence the device after it is mended.
MAX_RETRY_AFTER_S = 300.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait between tries: exponential, capped, with full jitter.

    A wait is drawn evenly from 0 to min(max_s, initial_s * 2**n), n = 0 after the first failure: the "full
    jitter" of M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, which spreads out a
    fleet that lost its server together.

    Attributes:
        initial_s: Seconds that the first wait may last at most; > 0.
        max_s: Seconds that any wait may last at most; >= initial_s.
        deadline_s: Seconds after the first try beyond which no further try begins; None tries for ever.
        uniform: Draws a number between two, each as likely; tests give their own.
    """

    initial_s: float = 0.5
    max_s: float = 60.0
    deadline_s: float | None = None
    uniform: Callable[[float, float], float] = random.uniform

    def __post_init__(self) -> None:
        if not 0 < self.initial_s <= self.max_s:
            raise ValueError(f"0 < initial_s <= max_s, but got {self.initial_s} and {self.max_s}")

    def delay_s(self, failures: int) -> float:
        """Seconds to wait after `failures` failed tries (1 after the first)."""
        doublings = min(failures - 1, _MAX_DOUBLINGS)
        return self.uniform(0.0, min(self.max_s, self.initial_s * 2.0**doublings))


DEFAULT_BACKOFF = Backoff()


def retry(
    call: Callable[[], T],
    *,
    stop: threading.Event,
    clock: Clock,
    backoff: Backoff = DEFAULT_BACKOFF,
    on_failure: Callable[[TransientError, float], None] | None = None,
) -> T:
    """Make `call` until it succeeds, the deadline passes or `stop` is set; always at least once.

    Args:
        call: What to do; it is called again with nothing changed, so it must send the same bytes each time.
        stop: Ends the waiting at once when set.
        clock: Measures the deadline.
        backoff: The policy.
        on_failure: Told of each failure that a wait follows, with the seconds of that wait: count there.

    Returns:
        What `call` returned.

    Raises:
        TransientError: The last one, when `stop` was set or the deadline would pass before the next try.
        PermanentError: Whatever else `call` raises passes through at its first occurrence.
    """
    started_s = clock.monotonic_s()
    failures = 0
    while True:
        try:
            return call()
        except TransientError as error:
            failures += 1
            asked_s = min(error.retry_after_s or 0.0, MAX_RETRY_AFTER_S)
            delay_s = max(backoff.delay_s(failures), asked_s)
            elapsed_s = clock.monotonic_s() - started_s
            too_late = backoff.deadline_s is not None and elapsed_s + delay_s > backoff.deadline_s
            if too_late or stop.is_set():
                raise
            if on_failure is not None:
                on_failure(error, delay_s)
            if stop.wait(delay_s):
                raise
