"""The source `replay`: a CSV file, row by row, at its own pace, quicker, or as fast as possible.

The header names the columns; one of them holds timestamps, as in the Numenta benchmark's `timestamp,value`.
Rows are read as they are needed: a file may be larger than memory.
"""

import threading
from collections.abc import Mapping
from typing import Literal

from edge_common.clock import Clock
from edge_common.config import ComponentConfig, setting
from edge_common.errors import PermanentError
from edge_common.log import get_logger, limited
from edge_common.sensors.csv_rows import BadRowError, CsvRows, Row
from edge_common.sensors.source import UNITS, EndOfReplay

_log = get_logger("sensors")


class ReplayConfig(ComponentConfig):
    """Settings of the source `replay`."""

    file: str = setting("", description="The CSV file; needed by the source replay.")
    timestamp_column: str = setting("timestamp", min_length=1, description="Column of the timestamps.")
    columns: dict[str, str] = setting(
        {}, description="Column -> field, such as value -> temperature; empty: every column by its own name."
    )
    pace: Literal["own", "fastest"] = setting("own", description="As the timestamps say, or without pauses.")
    speed: float = setting(1.0, gt=0, le=1e6, description="How many times faster than its own pace.")
    at_end: Literal["stop", "repeat"] = setting("stop", description="At the file's end.")
    on_bad_row: Literal["fail", "skip"] = setting(
        "fail", description="A row that cannot be read: an error, or left out and counted."
    )


class ReplaySource:
    """One row for each reading. Used by one thread.

    Args:
        config: What to replay, and how.
        clock: Measures the pace.
        stop: Ends a pause between two rows; the source then says `EndOfReplay`.

    Attributes:
        skipped_rows: Rows left out because they could not be read.

    Raises:
        ConfigError: The file cannot be opened, or its header lacks a column.
    """

    def __init__(self, config: ReplayConfig, clock: Clock, stop: threading.Event) -> None:
        self.skipped_rows = 0
        self._config = config
        self._clock = clock
        self._stop = stop
        timestamps = config.timestamp_column if config.pace == "own" else None
        self._rows = CsvRows(config.file, timestamps, config.columns)
        self._began_at_s: float | None = None  # of this pass, by the clock; None before its first row
        self._first_row_s = 0.0
        self._good_rows = 0  # of this pass

    @property
    def fields(self) -> Mapping[str, str]:
        """The columns that are read, by their fields' names."""
        return {field: UNITS.get(field, "") for field in self._rows.fields}

    def read(self) -> dict[str, float]:
        """The next row, when its time has come.

        Raises:
            PermanentError: The row cannot be read; the reason names file and line. The next call goes on.
            EndOfReplay: The file is at its end, or the component stops.
        """
        row = self._next_row()
        if self._config.pace == "own":
            self._wait_for(row)
        return dict(row.values)

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def _next_row(self) -> Row:
        while not self._stop.is_set():
            try:
                row = self._rows.next_row()
            except BadRowError as error:
                if self._config.on_bad_row == "fail":
                    raise PermanentError(error.reason, code="bad_row") from error
                self.skipped_rows += 1
                _log.warning("replay_row_skipped", reason=error.reason, **limited("replay_row_skipped", 10))
                continue
            if row is None:
                self._begin_again()
                continue
            self._good_rows += 1
            return row
        raise EndOfReplay(f"{self._config.file}: stopped before its end.")

    def _begin_again(self) -> None:
        if self._config.at_end == "stop" or not self._good_rows:
            self.close()
            raise EndOfReplay(f"{self._config.file}: no further row.")
        self._rows.rewind()
        self._began_at_s = None
        self._good_rows = 0

    def _wait_for(self, row: Row) -> None:
        now_s = self._clock.monotonic_s()
        if self._began_at_s is None:
            self._began_at_s, self._first_row_s = now_s, row.timestamp_s
        due_s = self._began_at_s + (row.timestamp_s - self._first_row_s) / self._config.speed
        if due_s > now_s and self._stop.wait(due_s - now_s):
            raise EndOfReplay(f"{self._config.file}: stopped before its end.")
