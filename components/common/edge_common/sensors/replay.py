"""A recording read again: at the pace of its own timestamps, faster, or as fast as it is taken.

Owns the pace and what happens to bad lines and at the end. It never waits itself: `due_s` says when the next
row belongs, and the reader waits for that as it waits for everything else. No threads. The fields and their
units are those of the file.
"""

from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal, Self

from edge_common.clock import Clock
from edge_common.config import ComponentConfig, checked, setting
from edge_common.errors import PermanentError
from edge_common.log import get_logger, limited
from edge_common.metrics import Metrics
from edge_common.sensors.recording import Recording, Row
from edge_common.sensors.source import EndOfReplayError

_REPEAT_PAUSE_S = 1.0  # from the last row to the first: no timestamp says how long that is
_MAX_LATE_S = 1.0  # a reader that is held up for longer goes on from there and does not catch up in a burst
_SAME_CAUSE_S = 10.0  # between two log lines about bad lines

_log = get_logger("replay")


def _no_field_twice(columns: dict[str, str]) -> dict[str, str]:
    if len(set(columns.values())) < len(columns):
        raise ValueError("two columns cannot become one field")
    return columns


class ReplayConfig(ComponentConfig):
    """Settings of the source `replay`."""

    path: str = setting(
        "", description="The file, from the component's work folder; required with the source `replay`."
    )
    timestamp_column: str = setting("timestamp", min_length=1, description="The column with the times.")
    columns: Annotated[dict[str, str], checked(_no_field_twice)] = setting(
        {}, description="Column -> field, such as value -> temperature; empty: every column by its own name."
    )
    pace: Literal["timestamps", "fastest"] = setting(
        "timestamps", description="Row by row as its times say, or as fast as rows are taken."
    )
    speed: float = setting(
        1.0, ge=0.001, le=1_000_000, description="How many times faster than recorded; with pace timestamps."
    )
    on_end: Literal["stop", "repeat"] = setting(
        "stop", description="Whether the component ends with the file or begins it again."
    )
    on_bad_row: Literal["skip", "fail"] = setting(
        "skip", description="Whether a bad line is skipped and counted, or ends the component with an error."
    )


class ReplaySource:
    """Gives the rows of one file; opened by the constructor, closed by `close` or `with`.

    It reads one row ahead, because that row says when it is due.

    Args:
        config: Which file, and how.
        clock: Measures the pace.
        metrics: `replay_rows_skipped` counts bad lines.

    Raises:
        PermanentError: The file cannot be read, does not have the columns, or has no good row; or its first
            row is bad and `on_bad_row` is "fail".
    """

    def __init__(self, config: ReplayConfig, clock: Clock, metrics: Metrics) -> None:
        self._config = config
        self._clock = clock
        self._skipped = metrics.counter("replay_rows_skipped")
        self._rows_read = 0
        self._recording = Recording(Path(config.path), config.timestamp_column, config.columns)
        try:
            self._next: Row | PermanentError | EndOfReplayError = self._first_row()
        except BaseException:
            self._recording.close()
            raise
        # What was recorded at _origin_s (Unix) is due at _started_s (monotonic); None: at the first read.
        self._started_s: float | None = None
        self._origin_s = 0.0

    @property
    def due_s(self) -> float:
        """When the next row belongs, by the monotonic clock; now where nothing is to be waited for."""
        if self._config.pace == "timestamps" and self._started_s is not None and isinstance(self._next, Row):
            return self._started_s + (self._next.timestamp_s - self._origin_s) / self._config.speed
        return self._clock.monotonic_s()

    def read(self) -> dict[str, float]:
        """The next row, due or not.

        Raises:
            EndOfReplayError: The file is at its end; so it stays.
            PermanentError: A line is bad and `on_bad_row` is "fail", or the disk fails.
        """
        upcoming = self._next
        if isinstance(upcoming, EndOfReplayError):
            raise upcoming
        if isinstance(upcoming, PermanentError):
            self._next = self._following()
            raise upcoming
        now_s = self._clock.monotonic_s()
        if self._started_s is None or now_s - self.due_s > _MAX_LATE_S:
            self._started_s, self._origin_s = now_s, upcoming.timestamp_s
        self._rows_read += 1
        self._next = self._following()
        return upcoming.values

    def close(self) -> None:
        """Let go of the file."""
        self._recording.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _following(self) -> Row | PermanentError | EndOfReplayError:
        try:
            row = self._next_good_row()
            if row is None and self._config.on_end == "repeat":
                due_s = self.due_s
                self._recording.rewind()
                row = self._first_row()
                self._started_s, self._origin_s = due_s + _REPEAT_PAUSE_S, row.timestamp_s
        except PermanentError as error:
            return error
        if row is None:
            counts = f"{self._rows_read} readings, {self._skipped.value} bad lines skipped"
            return EndOfReplayError(f"the replay of {self._config.path} has ended: {counts}")
        return row

    def _first_row(self) -> Row:
        row = self._next_good_row()
        if row is None:
            reason = (
                f"cannot replay {self._config.path}: no line below the first is a reading. Name another file."
            )
            raise PermanentError(reason, code="bad_file")
        return row

    def _next_good_row(self) -> Row | None:
        while True:
            try:
                return self._recording.next_row()
            except PermanentError as error:
                if error.code != "bad_row" or self._config.on_bad_row == "fail":
                    raise
                self._skipped.add()
                _log.warning(
                    "replay_row_skipped", reason=error.reason, **limited("replay_row", _SAME_CAUSE_S)
                )
