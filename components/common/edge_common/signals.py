"""SIGTERM and SIGINT become the component's stop event.

Owns both signals while a component runs. The work is done in a thread of its own, woken through a pipe: a
Python signal handler runs in the middle of whatever the main thread does, and `Event.set` in it would wait
for ever on the lock that `Event.wait` has just taken. The thread also answers while the main thread is stuck.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge_common.log import get_logger

# The nucleus signals every process it finds, and sudo, which it starts components through, passes the signal
# on: one request to stop arrives twice within milliseconds and must not count as the second, impatient one.
SAME_REQUEST_S = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = get_logger("signals")


@contextmanager
def stop_on_signals(stop: threading.Event, *, to_the_end: bool = False) -> Iterator[None]:
    """Set `stop` at the first SIGTERM or SIGINT; at one that comes later than that, end the process at once.

    What is lost then is whatever the component would have tidied up: it must be safe against a crash anyway.
    Enter it in the main thread.

    Args:
        stop: What to set.
        to_the_end: When it is left, ignore both signals, because the process is about to end by itself and a
            request that arrives late must not change how. Otherwise the handlers of before are back.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    watcher = threading.Thread(target=_watch, args=(read_end, stop), name="signals", daemon=True)
    watcher.start()
    previous_fd = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    previous = {number: signal.signal(number, _woken_elsewhere) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_IGN if to_the_end else handler)
        signal.set_wakeup_fd(previous_fd)
        os.close(write_end)  # ends the watcher
        watcher.join()
        os.close(read_end)


def _woken_elsewhere(_number: int, _frame: object) -> None:
    """Python writes to the pipe only for signals that have a handler."""


def _watch(read_end: int, stop: threading.Event) -> None:
    """Body of the signal thread: one byte in the pipe is one signal."""
    asked_at_s: float | None = None
    while received := os.read(read_end, 1):
        number = received[0]
        if number not in _SIGNALS:
            continue
        now_s = time.monotonic()
        if asked_at_s is None:
            asked_at_s = now_s
            _log.info("stopping", signal=signal.Signals(number).name)
            stop.set()
        elif now_s - asked_at_s >= SAME_REQUEST_S:
            _log.warning("stopped_at_once", signal=signal.Signals(number).name)
            os._exit(128 + number)  # as a shell reports a death by this signal
