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
from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.log import get_logger, limited
from edge_common.metrics import Metrics
from edge_common.sensors.recording import Recording, Row
from edge_common.sensors.source import EndOfReplayError

_REPEAT_PAUSE_S = 1.0  # from the last row to the first: no timestamp says how long that is
_MAX_LATE_S = 1.0  # a reader that is held up for longer goes on from there and does not catch up in a burst
_MAX_BAD_ROWS = 1000  # read over at a time: between two looks at whether the component is to stop
_SAME_CAUSE_S = 10.0  # between two log lines about bad lines

_log = get_logger("replay")


def _no_field_twice(columns: dict[str, str]) -> dict[str, str]:
    if len(set(columns.values())) < len(columns):
        raise ValueError("two columns cannot become one field")
    return columns


class ReplayConfig(ComponentConfig):
    """Settings of the source `replay`."""

    path: str = setting(
        "",
        description="The file, relative to the component's work folder; required with the source `replay`.",
    )
    timestamp_column: str = setting("timestamp", min_length=1, description="The column with the times.")
    columns: Annotated[dict[str, str], checked(_no_field_twice)] = setting(
        {},
        description="Column -> field, such as value -> temperature; empty: every column under its own name.",
    )
    pace: Literal["timestamps", "fastest"] = setting(
        "timestamps", description="Follow the recorded times, or read as fast as possible."
    )
    speed: float = setting(
        1.0,
        ge=0.001,
        le=1_000_000,
        description="How many times faster than recorded; only with the pace `timestamps`.",
    )
    on_end: Literal["stop", "repeat"] = setting(
        "stop", description="At the end of the file, end the component or start the file again."
    )
    on_bad_row: Literal["skip", "fail"] = setting(
        "skip", description="Skip and count a bad line, or end the component with an error."
    )


class ReplaySource:
    """Gives the rows of one file; opened by the constructor, closed by `close` or `with`.

    It looks one row ahead when it is asked when that is due.

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
        self._found_row = False  # since the top of the file
        # What was recorded at _origin_s (Unix) is due at _started_s (monotonic). None: at the first read; and
        # the next row's time.
        self._started_s: float | None = None
        self._origin_s: float | None = None
        self._last_due_s = 0.0
        self._recording = Recording(Path(config.path), config.timestamp_column, config.columns)
        self._ahead: Row | EdgeError | None = self._following()
        if isinstance(self._ahead, PermanentError):
            self._recording.close()
            raise self._ahead

    @property
    def due_s(self) -> float:
        """When the next row belongs, by the monotonic clock; now where nothing is to be waited for."""
        upcoming = self._look_ahead()
        return self._due_s(upcoming) if isinstance(upcoming, Row) else self._clock.monotonic_s()

    def read(self) -> dict[str, float]:
        """The next row, due or not.

        Raises:
            EndOfReplayError: The file is at its end; so it stays.
            TransientError: Many bad lines were skipped and no good one has come yet; the next call goes on.
            PermanentError: A line is bad and `on_bad_row` is "fail", or the disk fails.
        """
        upcoming = self._look_ahead()
        if isinstance(upcoming, EndOfReplayError):
            raise upcoming
        self._ahead = None
        if isinstance(upcoming, EdgeError):
            raise upcoming
        now_s = self._clock.monotonic_s()
        if self._started_s is None or now_s - self._due_s(upcoming) > _MAX_LATE_S:
            self._started_s, self._origin_s = now_s, upcoming.timestamp_s
        self._last_due_s = self._due_s(upcoming)
        self._rows_read += 1
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

    def _due_s(self, row: Row) -> float:
        if self._config.pace == "fastest" or self._started_s is None or self._origin_s is None:
            return self._clock.monotonic_s()
        return self._started_s + (row.timestamp_s - self._origin_s) / self._config.speed

    def _look_ahead(self) -> Row | EdgeError:
        if self._ahead is None:
            self._ahead = self._following()
        return self._ahead

    def _following(self) -> Row | EdgeError:
        """The next good row, or what the reader is to be told in its place."""
        for _ in range(_MAX_BAD_ROWS):
            try:
                row = self._next_row()
            except PermanentError as error:
                if error.code != "bad_row" or self._config.on_bad_row == "fail":
                    return error
                self._skipped.add()
                _log.warning(
                    "replay_row_skipped", reason=error.reason, **limited("replay_row", _SAME_CAUSE_S)
                )
                continue
            return self._end() if row is None else row
        skipped = f"{_MAX_BAD_ROWS} bad lines one after the other"
        return TransientError(f"{self._config.path}: {skipped} were skipped. Is it the right file?")

    def _next_row(self) -> Row | None:
        """The next line, at the end of a file that is to be repeated its first one."""
        row = self._recording.next_row()
        if row is None and self._found_row and self._config.on_end == "repeat":
            self._recording.rewind()
            self._found_row = False
            self._started_s, self._origin_s = self._last_due_s + _REPEAT_PAUSE_S, None
            row = self._recording.next_row()
        if row is not None:
            self._found_row = True
            if self._origin_s is None:
                self._origin_s = row.timestamp_s
        return row

    def _end(self) -> EdgeError:
        if not self._found_row:
            reason = (
                f"cannot replay {self._config.path}: no line below the first is a reading. Name another file."
            )
            return PermanentError(reason, code="bad_file")
        counts = f"{self._rows_read} readings, {self._skipped.value} bad lines skipped"
        return EndOfReplayError(f"the replay of {self._config.path} has ended: {counts}")
