"""A CSV file as rows of numbers that know their line. One thread; whoever opens it closes it."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge_common.errors import ConfigError, EdgeError


class BadRowError(EdgeError):
    """One row is not as the header says; the reason names file, line and column. The next one may be good."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        timestamp_s: Seconds since 1970 (a timestamp without a zone is taken as UTC); 0 without timestamps.
        values: Field -> value, at least one; a field whose cell is empty is left out.
    """

    timestamp_s: float
    values: Mapping[str, float]


class CsvRows:
    """The rows of a file, one after the other, as often as wanted.

    Args:
        file: UTF-8; a header, then rows. Lines without any text are passed over.
        timestamp_column: Holds ISO 8601 or seconds since 1970; None reads a file without timestamps too.
        columns: Column -> field; empty takes every column but `timestamp_column` by its own name.

    Raises:
        ConfigError: There is no such file, or the header lacks a column.
    """

    def __init__(self, file: str, timestamp_column: str | None, columns: Mapping[str, str]) -> None:
        self._path = file
        try:
            # replace: a broken byte costs the row it stands in, not the file
            self._file = Path(file).open(encoding="utf-8-sig", errors="replace", newline="")
        except OSError as error:
            raise ConfigError([f"replay: file {file!r}: {error.strerror}. Name a CSV file."]) from error
        try:
            self._header = self._begin()
            wanted = dict(columns) or {name: name for name in self._header if name != timestamp_column}
            self._columns = {field: self._index(name) for name, field in wanted.items()}
            self._timestamp = None if timestamp_column is None else self._index(timestamp_column)
            if not self._columns:
                raise ConfigError([f"replay: {file}:1: no column with values. Check the header."])
        except ConfigError:
            self._file.close()
            raise

    @property
    def fields(self) -> list[str]:
        """What rows may hold."""
        return list(self._columns)

    def next_row(self) -> Row | None:
        """The next row; None at the end of the file.

        Raises:
            BadRowError: It cannot be read; the next call goes on behind it.
        """
        try:
            cells = next((cells for cells in self._reader if any(map(str.strip, cells))), None)
        except csv.Error as error:
            raise self._bad(str(error)) from error
        return None if cells is None else self._row(cells)

    def rewind(self) -> None:
        """Go back to the first row."""
        self._begin()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _begin(self) -> list[str]:
        self._file.seek(0)
        self._reader = csv.reader(self._file, strict=True)
        try:
            return [name.strip() for name in next(self._reader, [])]
        except csv.Error as error:
            fault = f"replay: {self._path}:1: {error}. The first line must name the columns."
            raise ConfigError([fault]) from error

    def _index(self, column: str) -> int:
        if column not in self._header:
            has = ", ".join(self._header) or "nothing"
            raise ConfigError([f"replay: {self._path}:1: no column {column!r}; the header has {has}."])
        return self._header.index(column)

    def _row(self, cells: list[str]) -> Row:
        if len(cells) != len(self._header):
            raise self._bad(f"{len(cells)} cells where the header has {len(self._header)}")
        at = self._timestamp
        timestamp_s = 0.0 if at is None else self._seconds(cells[at], at)
        values = {
            field: self._number(cells[index], index)
            for field, index in self._columns.items()
            if cells[index].strip()
        }
        if not values:
            raise self._bad("no value in any column")
        return Row(timestamp_s, values)

    def _number(self, cell: str, index: int) -> float:
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._bad(f"column {self._header[index]!r}: {cell[:40]!r} is no finite number")
        return number

    def _seconds(self, cell: str, index: int) -> float:
        try:
            moment = datetime.fromisoformat(cell.strip())
        except ValueError:
            return self._number(cell, index)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    def _bad(self, why: str) -> BadRowError:
        return BadRowError(f"{self._path}:{self._reader.line_num}: {why}.")
