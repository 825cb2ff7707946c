"""The delivery thread: does one step after the other, waits where nothing is due, and never dies.

Owns the thread, its waiting and its back-off. This is the one place that catches everything: a step that
raises is counted, said once, and done again later. It ends within a second of the component's stop, unless
a step hangs; such a thread is left to the end of the process (`edge_common.lifetime`).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

from edge_common.backoff import Backoff
from edge_common.clock import Clock
from edge_common.errors import EdgeError, RefusedError, TransientError
from edge_common.outbox.outage import Outage
from edge_common.outbox.storage import StorageClosedError

# How late the stop event may be seen while nothing else happens: an Event has no way to wait for two.
_LOOK_S = 0.5
_LAST_STEP_S = 1.0  # of a step that is under way when the outbox is closed

# What a far end may ask for. Longer, and a mistake of its own would silence the device after it is mended.
_MAX_RETRY_AFTER_S = 300.0
_TRANSIENT = Backoff(initial_s=0.5, max_s=12.0)
_REFUSED = Backoff(initial_s=5.0, max_s=20.0)


@dataclass(frozen=True, slots=True)
class DeliveryBackoff:
    """How long to wait between tries.

    After a fault clears, the first delivery must follow within 30 s by itself: so no wait is longer than
    that, less the time of the try before it: one that hangs takes 15 s at most (`edge_common.s3.Timeouts`),
    one that is refused is answered at once. With full jitter the mean wait is half of it. The exception is a
    far end that asks to be left alone (Retry-After): it is, for five minutes at most.

    Attributes:
        transient: After what passes by itself, and after our own bugs.
        refused: After what a person must mend: no bucket, no grant, a disk that is not ours to write.
    """

    transient: Backoff = _TRANSIENT
    refused: Backoff = _REFUSED

    def delay_s(self, error: BaseException, failures: int) -> float:
        """Seconds to wait after `failures` failed steps in a row, the last one with `error`."""
        if _may_pass(error):
            own_s, asked_s = self.transient.delay_s(failures), error.retry_after_s
        elif isinstance(error, EdgeError):
            own_s, asked_s = self.refused.delay_s(failures), getattr(error, "retry_after_s", None)
        else:
            own_s, asked_s = self.transient.delay_s(failures), None
        return max(own_s, min(asked_s or 0.0, _MAX_RETRY_AFTER_S))


DEFAULT_BACKOFF = DeliveryBackoff()


class Courier:
    """One thread from `start` to `end`.

    Args:
        name: Of the outbox; the thread is called so.
        step: Delivers something and returns 0.0, or returns how many seconds from now something is due, None
            when nothing is before `wake`. Whatever it raises is a failed delivery.
        waiting: How many records wait, for the log.
        stop: Ends the thread when set.
        clock: Measures waits, and waits.
        backoff: How long to wait after a failure.
        outage: Told of failures and of what follows.
    """

    def __init__(  # noqa: PLR0913  each is one thing that the loop cannot make itself
        self,
        name: str,
        *,
        step: Callable[[], float | None],
        waiting: Callable[[], int],
        stop: threading.Event,
        clock: Clock,
        backoff: DeliveryBackoff,
        outage: Outage,
    ) -> None:
        self._step = step
        self._waiting = waiting
        self._stop = stop
        self._clock = clock
        self._backoff = backoff
        self._outage = outage
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._stepped = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"{name}-delivery")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    def wait_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `condition`, which is asked after every step; ends early when the thread is to end.

        Returns:
            What `condition` says in the end.
        """
        end_s = self._clock.monotonic_s() + timeout_s
        with self._stepped:
            while not condition():
                left_s = end_s - self._clock.monotonic_s()
                if left_s <= 0 or self._is_ending():
                    break
                self._stepped.wait(min(left_s, _LOOK_S))
        return condition()

    def end(self) -> None:
        """End the thread; one that hangs in a step is left behind after a second."""
        self._ending.set()
        self._wake.set()
        self._thread.join(_LAST_STEP_S)

    def _run(self) -> None:
        failures = 0
        while not self._is_ending():
            self._wake.clear()
            try:
                due_in_s = self._step()
            except StorageClosedError:
                return
            except BaseException as error:  # noqa: BLE001  it owns the work; Rust bindings raise BaseException
                if self._is_let_go(error):
                    return
                failures += 1
                self._outage.failed(error, self._waiting())
                self._pause(self._backoff.delay_s(error, failures), self._ending)
                continue
            finally:
                self._tell_waiters()
            if due_in_s == 0:
                failures = 0
                self._outage.over(self._waiting())
            else:
                self._pause(due_in_s, self._wake)

    def _tell_waiters(self) -> None:
        with self._stepped:
            self._stepped.notify_all()

    def _pause(self, seconds: float | None, unless: threading.Event) -> None:
        end_s = None if seconds is None else self._clock.monotonic_s() + seconds
        while not self._is_ending():
            left_s = _LOOK_S if end_s is None else min(_LOOK_S, end_s - self._clock.monotonic_s())
            if left_s <= 0 or self._clock.wait(unless, left_s):
                return

    def _is_let_go(self, error: BaseException) -> bool:
        """Whether a step may have failed only because it was cut short by the stop: no fault of anybody's."""
        return self._is_ending() and _may_pass(error)

    def _is_ending(self) -> bool:
        return self._stop.is_set() or self._ending.is_set()


def _may_pass(error: BaseException) -> TypeGuard[TransientError]:
    return isinstance(error, TransientError) and not isinstance(error, RefusedError)
