"""A component that does on request what components do in the field: work, fail, crash, leave things behind.

Run as `python -m support.probe_component`; it uses the real runtime and nothing of any other component.
"""

import os
import threading
from enum import StrEnum
from pathlib import Path

from edge_common.config import ComponentConfig, setting
from edge_common.context import Context, Mode
from edge_common.errors import ConfigError, PermanentError
from edge_common.log import get_logger
from edge_common.runtime import run

NAME = "com.example.Probe"
METRICS_INTERVAL_S = 0.05


class Behavior(StrEnum):
    """What the probe does once it has started."""

    WORK = "work"
    DRAIN = "drain"  # when told to stop, waits for the file `drained`
    FAIL = "fail"
    REFUSE = "refuse"
    CRASH = "crash"
    CRASH_IN_THREAD = "crash_in_thread"
    LEAVE_THREAD = "leave_thread"
    HOLD_THE_LOCK = "hold_the_lock"
    BLOCK = "block"  # in a read that never returns


class ProbeConfig(ComponentConfig):
    """Settings of the probe."""

    behavior: Behavior = setting(Behavior.WORK, description="What to do.")
    interval_s: float = setting(0.01, gt=0, le=60, unit="s", description="Time between two units of work.")
    password: str = setting("", max_length=8, secret=True, description="Never shown.")


class Probe:
    """The app."""

    def __init__(self, config: ProbeConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._units = context.metrics.counter("units_done")

    def run(self) -> None:
        """Misbehave as configured, then do units of work."""
        self._misbehave(self._config.behavior)
        log = get_logger("probe")
        log.info("working", dry_run=self._context.dry_run, mode=self._context.mode)
        while not self._context.stop.is_set():
            self._units.add()
            if self._context.mode is Mode.ONCE:
                return
            self._context.stop.wait(self._config.interval_s)
        if self._config.behavior is Behavior.DRAIN:
            log.info("draining")
            _wait_for_file("drained")

    def _misbehave(self, behavior: Behavior) -> None:
        match behavior:
            case Behavior.FAIL:
                raise PermanentError("the probe cannot go on: it was told so. Tell it otherwise.")
            case Behavior.REFUSE:
                raise ConfigError(["/settings/behavior: the probe found out late"])
            case Behavior.CRASH:
                raise ZeroDivisionError(
                    f"a defect beside token {os.environ.get('SVCUID')}\nand a second line"
                )
            case Behavior.CRASH_IN_THREAD:
                threading.Thread(target=self._defect, name="delivery").start()
            case Behavior.LEAVE_THREAD:
                threading.Thread(target=threading.Event().wait, name="forgotten").start()
            case Behavior.HOLD_THE_LOCK:
                self._hold_the_lock()
            case Behavior.BLOCK:
                get_logger("probe").info("blocking")
                os.read(os.pipe()[0], 1)
            case Behavior.WORK | Behavior.DRAIN:
                pass

    def _defect(self) -> None:
        raise KeyError("delivery")

    def _hold_the_lock(self) -> None:
        """Be where a signal handler that sets the event would wait for ever: inside the event's own lock."""
        with vars(self._context.stop)["_cond"]:
            get_logger("probe").info("holding")
            _wait_for_file("release")


def _wait_for_file(name: str) -> None:
    """Until the test has made file `name` in the working folder."""
    tick = threading.Event()
    while not Path(name).exists():
        tick.wait(0.01)


if __name__ == "__main__":
    raise SystemExit(run(NAME, ProbeConfig, Probe, metrics_interval_s=METRICS_INTERVAL_S))
