"""What stands around an app while it works: failures of any thread, counters in the log, a prompt end.

Owns the exit code and the metrics thread, a daemon. Parts of `edge_common.runtime`, apart so that each can be
read by itself.
"""

import faulthandler
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_common import log
from edge_common.errors import ConfigError, EdgeError
from edge_common.metrics import Metrics

EXIT_DONE, EXIT_FAILURE, EXIT_CONFIGURATION = 0, 1, 2
_LEFT_THREADS_GRACE_S = 0.5  # a process must end within a second of being told to
# A core waits 5 s for a process to end and then kills it without a word; this leaves time for a few.
_STUCK_AFTER_S = 3.0

_log = log.get_logger("runtime")


class Outcome:
    """How the process will end: the first failure of any thread decides, and stops the others.

    Args:
        stop: Set at a failure.

    Attributes:
        exit_code: What the process ends with as things stand.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self.exit_code = EXIT_DONE

    def of(self, work: Callable[[], None]) -> None:
        """Do `work` in this thread and note how it ends."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  the one place that catches everything: it owns the work
            self._note(error)

    @contextmanager
    def of_threads(self) -> Iterator[None]:
        """Note what ends any other thread: a component that has lost one must not look alive."""

        def note(ended: threading.ExceptHookArgs) -> None:
            if ended.exc_value is not None and not issubclass(ended.exc_type, SystemExit):
                self._note(ended.exc_value)

        previous, threading.excepthook = threading.excepthook, note
        try:
            yield
        finally:
            threading.excepthook = previous

    def _note(self, error: BaseException) -> None:
        _report(error)  # before the others are stopped, or the process may end before it is said
        with self._lock:
            if self.exit_code == EXIT_DONE:
                self.exit_code = EXIT_CONFIGURATION if isinstance(error, ConfigError) else EXIT_FAILURE
        self._stop.set()


@contextmanager
def metrics_logged(metrics: Metrics, stop: threading.Event, interval_s: float) -> Iterator[None]:
    """Log all counters every `interval_s` seconds and once more at the end; sets `stop` when it is left."""

    def log_until_stopped() -> None:
        while not stop.wait(interval_s):
            _log_counters(metrics)

    thread = threading.Thread(target=log_until_stopped, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        _log_counters(metrics)


@contextmanager
def never_stuck(stop: threading.Event) -> Iterator[None]:
    """End the process when the body is still busy some seconds after `stop` was set, and say where.

    A read of a file system that has gone away, or a driver that does not answer, never looks at `stop`.
    """
    done = threading.Event()

    def watch() -> None:
        stop.wait()
        if not done.wait(_STUCK_AFTER_S):
            _log.error(
                "stuck", reason=f"the component does not end {_STUCK_AFTER_S:g} s after it was told to"
            )
            faulthandler.dump_traceback(sys.stderr)
            os._exit(EXIT_FAILURE)

    threading.Thread(target=watch, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def end_despite(threads: set[threading.Thread], exit_code: int) -> None:
    """End the process soon with `exit_code` although an app forgot some of its threads.

    Without this the interpreter would wait for them until the nucleus kills the process.
    """
    left = [thread.name for thread in threads if not thread.daemon]
    if left:
        _log.warning("threads_left_running", threads=left)
        end = threading.Timer(_LEFT_THREADS_GRACE_S, os._exit, [exit_code])
        end.daemon = True
        end.start()


def _report(error: BaseException) -> None:
    thread = threading.current_thread().name
    if isinstance(error, ConfigError):
        for fault in error.faults:
            log.tell(f"configuration: {fault}")
    elif isinstance(error, EdgeError):
        _log.error("failed", reason=error.reason, kind=type(error).__name__, thread=thread)
    else:
        _log.error("crashed", error=error, thread=thread)
        for line in "".join(traceback.format_exception(error)).splitlines():
            log.tell(line)


def _log_counters(metrics: Metrics) -> None:
    counters = metrics.snapshot()
    if lost := log.lost_lines():
        counters["log_lines_lost"] = lost
    if counters:
        _log.info("metrics", **counters)
