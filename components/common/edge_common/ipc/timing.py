"""Deadlines of calls, and how long to wait between attempts.

No threads of its own. A `Deadline` belongs to the thread that made it; `Attempts` are changed under the
link's lock. Both measure real waiting, so they read the monotonic clock itself.
"""

import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edge_common.backoff import Backoff

# A component must end within a second of SIGTERM (the nucleus kills it after five): once stopping, an answer
# that is on its way still arrives within milliseconds, and one that is not will not come.
STOP_GRACE_S = 0.4
_PAUSES = Backoff(initial_s=0.1, max_s=5.0)
_LOOK_EVERY_S = 0.1  # how soon a waiting call notices that the component is stopping


class DeadlineExceededError(Exception):
    """The time for a call is up; stays inside this package."""


class Deadline:
    """A point in time that comes closer when the component is told to stop.

    Args:
        timeout_s: Seconds from now.
        stop: Once set, at most `STOP_GRACE_S` seconds are left.

    Attributes:
        timeout_s: As given.
        shortened: Whether `stop` has been seen set.
    """

    def __init__(self, timeout_s: float, stop: threading.Event) -> None:
        self.timeout_s = timeout_s
        self._at = time.monotonic() + timeout_s
        self._stop = stop
        self.shortened = False

    def remaining_s(self) -> float:
        """Seconds left, never negative."""
        now = time.monotonic()
        if self._stop.is_set() and not self.shortened:
            self.shortened = True
            self._at = min(self._at, now + STOP_GRACE_S)
        return max(0.0, self._at - now)

    def slice_s(self) -> float:
        """How long to wait before looking at the deadline again; 0 when it has passed."""
        return min(self.remaining_s(), _LOOK_EVERY_S)

    def wait_for(self, future: "Future[Any]") -> None:
        """Wait until a future of the SDK is done, whatever its outcome.

        Raises:
            DeadlineExceededError: It is not. What the call did is unknown.
        """
        while not future.done():
            slice_s = self.slice_s()
            if slice_s <= 0:
                raise DeadlineExceededError
            with suppress(TimeoutError):  # of this slice
                future.exception(slice_s)


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """How a gateway behaves without a connection.

    Attributes:
        backoff: The pauses between attempts. Full jitter, for all components lose the core at once and must
            not return at once.
        stable_after_s: A connection or subscription that lived this long, in seconds, starts again with the
            first pause; one that died sooner goes on where its predecessor was.
        connect_timeout_s: Seconds for one attempt: connect, CONNECT, and a first answer.
        subscribe_timeout_s: Seconds for the answer to a subscription. More than the 30 s that the classic
            nucleus gives an MQTT operation, for it answers a subscription when the cloud has.
        give_up_after_s: Seconds without a working connection until the gateway fails for good.
        refused_after_s: Seconds of nothing but refusals of the token until it does. More than none, for a
            core that is just starting may not know its tokens yet; few, for only a new process gets another.
    """

    backoff: Backoff = _PAUSES
    stable_after_s: float = 10.0
    connect_timeout_s: float = 5.0
    subscribe_timeout_s: float = 40.0
    give_up_after_s: float = 60.0
    refused_after_s: float = 3.0


class Attempts:
    """When to try next, for one thing that can work, fail and be lost: a connection, a subscription."""

    def __init__(self, policy: ReconnectPolicy) -> None:
        self._stable_after_s = policy.stable_after_s
        self._backoff = policy.backoff
        self._failures = 0
        self._up_since_s: float | None = None

    def succeeded(self) -> None:
        """It works as of now."""
        self._up_since_s = time.monotonic()

    def failed(self) -> float:
        """It failed, or was lost, just now.

        Returns:
            The time (`time.monotonic`, seconds) before which it is not to be tried again.
        """
        now_s = time.monotonic()
        if self._up_since_s is not None and now_s - self._up_since_s >= self._stable_after_s:
            self._failures = 0
        self._up_since_s = None
        self._failures += 1
        return now_s + self._backoff.delay_s(self._failures)
