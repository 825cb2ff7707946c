"""Taking readings: when they are due, their numbers, and what becomes of those that cannot be taken.

Owns the loop that every component with a sensor source runs in its main thread. Ticks that pass while the
source or the taker is busy have no reading and are counted: no burst catches up. If the process dies here,
the reading in hand is lost; what `take` returned for is its taker's.
"""

import math
from collections.abc import Callable, Mapping

from edge_common.context import Context, Mode
from edge_common.errors import EdgeError, TransientError
from edge_common.log import get_logger, limited
from edge_common.messages import Reading
from edge_common.sensors import EndOfReplayError, Source

_SAME_CAUSE_S = 10.0  # between two log lines of one cause

_log = get_logger("sampling")


class Numbering:
    """Turns sensor values into numbered readings. Pure, used by one thread.

    One for each start of the process: sequences begin at 0 with a fresh boot id, so that
    `(device_id, boot_id, sequence)` names a reading for ever.

    Args:
        device_id: The thing name.
        boot_id: Of this start of the process.
    """

    def __init__(self, device_id: str, boot_id: str) -> None:
        self._device_id = device_id
        self._boot_id = boot_id
        self._next_sequence = 0

    def reading(self, sensors: Mapping[str, float], timestamp: str) -> Reading:
        """Number the next reading.

        Args:
            sensors: Field -> value in the field's unit.
            timestamp: UTC, milliseconds, `Z`.
        """
        sequence = self._next_sequence
        self._next_sequence += 1
        return Reading(self._device_id, timestamp, self._boot_id, sequence, sensors)


class Ticks:
    """The times at which readings belong: one every interval, on a grid that never moves. Pure.

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


class Sampler:
    """Reads a source at its own pace or at an interval; used by one thread.

    Counts `readings_not_read` (the sensor did not answer), `readings_not_taken` (a tick passed without one)
    and `readings_not_stored` (`take` refused it; its number is then missing at the far end, for everybody
    to see).

    Args:
        source: An open source; whoever opened it closes it.
        interval_s: From one reading to the next, where the source has no pace of its own.
        context: Of the component.
        take: Gets each reading. What it raises as EdgeError is logged and counted, and the loop goes on; with
            `--once` there is nothing to go on with, so it ends the run.
        interval_setting: What the interval is called in the component's settings, for the log.
    """

    def __init__(
        self,
        source: Source,
        interval_s: float,
        context: Context,
        take: Callable[[Reading], None],
        *,
        interval_setting: str = "interval_s",
    ) -> None:
        self._source = source
        self._interval_s = interval_s
        self._interval_setting = interval_setting
        self._context = context
        self._take = take
        self._numbering = Numbering(context.thing_name, context.clock.boot_id)
        self._not_read = context.metrics.counter("readings_not_read")
        self._not_taken = context.metrics.counter("readings_not_taken")
        self._not_stored = context.metrics.counter("readings_not_stored")

    def run(self) -> None:
        """Take readings until the component is told to stop or a recording ends; with `--once`, one.

        Raises:
            PermanentError: The source says that reading again cannot help.
            EdgeError: With `--once`: the one reading was not read, or `take` did not take it.
        """
        clock = self._context.clock
        ticks = Ticks(self._interval_s, clock.monotonic_s())
        while not self._context.stop.is_set():
            try:
                self._take_one()
            except EndOfReplayError as end:
                _log.info("replay_ended", reason=end.reason)
                return
            if self._context.mode is Mode.ONCE:
                return
            self._wait(ticks)

    def _take_one(self) -> None:
        try:
            sensors = self._source.read()
        except TransientError as error:
            self._not_read.add()
            if self._context.mode is Mode.ONCE:
                raise
            _log.warning("sensor_not_read", reason=error.reason, **limited("sensor", _SAME_CAUSE_S))
            return
        reading = self._numbering.reading(sensors, self._context.clock.timestamp())
        try:
            self._take(reading)
        except EdgeError as error:
            self._not_stored.add()
            if self._context.mode is Mode.ONCE:
                raise
            _log.warning(
                "reading_not_stored",
                boot_id=reading.boot_id,
                sequence=reading.sequence,
                reason=error.reason,
                **limited("reading_not_stored", _SAME_CAUSE_S),
            )

    def _wait(self, ticks: Ticks) -> None:
        """Wait until the next reading is due: when a recording says, else at the next tick."""
        due_s = self._source.due_s
        now_s = self._context.clock.monotonic_s()
        if due_s is None:
            due_s, missed = ticks.after(now_s)
            self._note_not_taken(missed)
        if due_s > now_s:
            self._context.clock.wait(self._context.stop, due_s - now_s)

    def _note_not_taken(self, count: int) -> None:
        if not count:
            return
        self._not_taken.add(count)
        interval = f"{self._interval_setting}, {self._interval_s:g} s"
        reason = (
            f"a reading took longer than {interval}: look at the sensor and the disk, or raise the setting"
        )
        limit = limited("readings_not_taken", _SAME_CAUSE_S)
        _log.warning("readings_not_taken", count=count, reason=reason, **limit)
