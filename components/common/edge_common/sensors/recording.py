"""A CSV file of readings, row by row: which line is good, and what is wrong with one that is not.

Owns the open file, its layout and the forms of a timestamp. The first line names the columns; one of them is
the time, the others are fields. It is read as it is needed, so its length does not matter. No threads.
"""

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge_common.errors import PermanentError

_UNIX_TIME = re.compile(
    r"\d{9,10}(\.\d+)?|\d{13}", re.ASCII
)  # seconds, or milliseconds, of any day since 1973
_MILLISECONDS_DIGITS = 13
_NO_VALUE = {"", "nan", "na", "null", "none"}  # as pandas and databases write a gap
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One good line.

    Attributes:
        timestamp_s: When it was recorded, in Unix seconds.
        values: Field -> finite value; never empty.
    """

    timestamp_s: float
    values: dict[str, float]


class Recording:
    """An open file; closed by `close`.

    Args:
        path: A regular file, UTF-8, separated by commas; its first line is `timestamp,value` or the like.
        timestamp_column: Heads the times.
        fields: Column -> field; empty takes every column but the times, by its own name.

    Raises:
        PermanentError: The file cannot be read, or its first line does not name these columns.
    """

    def __init__(self, path: Path, timestamp_column: str, fields: Mapping[str, str]) -> None:
        self._path = path
        with _reading(path):
            if path.exists() and not path.is_file():
                raise PermanentError(
                    f"cannot replay {path}: it is no regular file. Name a CSV file.", code="bad_file"
                )
            self._file = path.open(encoding="utf-8-sig", errors="replace", newline="")
        try:
            header = self._begin()
            self._width = len(header)
            self._timestamp_at = self._position(header, timestamp_column, "timestamp_column")
            self._values_at = self._positions(header, timestamp_column, fields)
        except BaseException:
            self._file.close()
            raise

    def next_row(self) -> Row | None:
        """The next good line; None at the end.

        Raises:
            PermanentError: The line is bad, and the next call goes on behind it (code "bad_row"); or the disk
                fails (code "bad_file").
        """
        while (cells := self._next_cells()) is not None:
            if cells:  # an empty line is no row
                return self._row(cells)
        return None

    def rewind(self) -> None:
        """Go back to the first line after the names."""
        self._begin()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _begin(self) -> list[str]:
        """Go to the top, and past the first line; returns its names."""
        with _reading(self._path):
            self._file.seek(0)
        self._cells = csv.reader(self._file, skipinitialspace=True)
        return [name.strip() for name in self._next_cells() or ()]

    def _next_cells(self) -> list[str] | None:
        with _reading(self._path):
            try:
                return next(self._cells, None)
            except csv.Error as error:
                raise self._bad_row(str(error)) from error

    def _row(self, cells: Sequence[str]) -> Row:
        if len(cells) != self._width:
            raise self._bad_row(f"it has {len(cells)} cells and line 1 has {self._width}")
        text = cells[self._timestamp_at].strip()
        timestamp_s = parse_timestamp(text)
        if timestamp_s is None:
            raise self._bad_row(f"{text[:_SHOWN_CHARACTERS]!r} is no time such as 2026-11-22T04:26:11.123Z")
        values = {}
        for name, position in self._values_at.items():
            value = cells[position].strip()
            if value.lower() not in _NO_VALUE:
                values[name] = self._number(name, value)
        if not values:
            raise self._bad_row("it has no value at all")
        return Row(timestamp_s, values)

    def _number(self, name: str, text: str) -> float:
        try:
            number = math.nan if "_" in text else float(text)  # 1_000 is one thousand in Python only
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._bad_row(f"{name} is {text[:_SHOWN_CHARACTERS]!r} and must be a number")
        return number

    def _positions(
        self, header: Sequence[str], timestamp_column: str, fields: Mapping[str, str]
    ) -> dict[str, int]:
        """Field -> which cell."""
        wanted = fields or {name: name for name in header if name != timestamp_column}
        if not wanted:
            raise self._refusal("line 1 names no column beside the times. Add one with values.")
        return {field: self._position(header, name, "columns") for name, field in wanted.items()}

    def _position(self, header: Sequence[str], name: str, setting: str) -> int:
        if header.count(name) == 1:
            return header.index(name)
        named = ", ".join(header)[: 5 * _SHOWN_CHARACTERS] or "nothing"
        problem = "twice" if name in header else "not"
        raise self._refusal(
            f"line 1 names the column {name!r} {problem}; it names {named}. Correct it, or `{setting}`."
        )

    def _refusal(self, problem: str) -> PermanentError:
        return PermanentError(f"cannot replay {self._path}: {problem}", code="bad_file")

    def _bad_row(self, problem: str) -> PermanentError:
        return PermanentError(
            f"{self._path}:{self._cells.line_num}: {problem}. Correct the line.", code="bad_row"
        )


def parse_timestamp(text: str) -> float | None:
    """Unix seconds of a time in ISO 8601 (UTC where it names no zone) or in Unix seconds or milliseconds.

    >>> parse_timestamp("2014-07-01 00:00:00") == parse_timestamp("2014-07-01T09:00:00+09:00") == 1404172800
    True
    >>> parse_timestamp("1404172800.5"), parse_timestamp("1404172800500")
    (1404172800.5, 1404172800.5)
    >>> parse_timestamp("yesterday") is None
    True
    """
    if _UNIX_TIME.fullmatch(text):
        return int(text) / 1000 if len(text) == _MILLISECONDS_DIGITS and text.isdecimal() else float(text)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raise an OSError of the body in our words."""
    try:
        yield
    except OSError as error:
        remedy = "Name a file that is there and that the component's user may read"
        raise PermanentError(
            f"cannot replay {path}: {error.strerror or error}. {remedy}.", code="bad_file"
        ) from error
