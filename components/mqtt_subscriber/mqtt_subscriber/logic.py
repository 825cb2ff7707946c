"""What a received message means: its values, whether to show it, which limits it breaks.

Pure: no clock, no I/O, no threads.
"""

import json
import operator
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from edge_common.errors import PermanentError

MAX_DEPTH = 32
MAX_SERIES = 1_000  # topics times fields that statistics are kept of; the least recently seen goes first

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """`field operator value`, e.g. temperature >= 25; false where the field is absent."""

    field: str
    operator: str
    value: float

    def holds(self, values: Mapping[str, float]) -> bool:
        """Whether `values` fulfil it."""
        return self.field in values and OPERATORS[self.operator](values[self.field], self.value)


@dataclass(frozen=True, slots=True)
class LimitExceeded:
    """One value above its limit, both in the field's unit."""

    field: str
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Rolling statistics of one field on one topic, in the field's unit, over the last `count` values."""

    count: int
    mean: float
    minimum: float
    maximum: float


def numbers_in(payload: bytes) -> dict[str, float]:
    """Every finite number of a JSON object, by its path: `data.position.x`.

    A reading's `sensors` and its envelope are left out of the path, so that a reading of ours and a board's
    flat `{"temperature": 25}` name the same field alike. Lists, texts and truth values are no measurements.

    Raises:
        PermanentError: Not a JSON object in UTF-8, or nested deeper than 32 levels.
    """
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise PermanentError(f"not JSON: {error}", code="not_json") from None
    if not isinstance(message, dict):
        raise PermanentError(f"not a JSON object but a {type(message).__name__}", code="not_an_object")
    found: dict[str, float] = {}
    sensors = message.get("sensors")
    _collect(sensors if isinstance(sensors, dict) else message, "", 1, found)
    return found


def _collect(node: Mapping[str, object], prefix: str, depth: int, found: dict[str, float]) -> None:
    if depth > MAX_DEPTH:
        raise PermanentError(f"nested deeper than {MAX_DEPTH} levels", code="too_deep")
    for key, value in node.items():
        if isinstance(value, dict):
            _collect(value, f"{prefix}{key}.", depth + 1, found)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = _to_float(value)
            if number is not None:
                found[prefix + key] = number


def _to_float(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def limits_exceeded(values: Mapping[str, float], warn_above: Mapping[str, float]) -> list[LimitExceeded]:
    """The values above their limits, in the order of the limits."""
    return [
        LimitExceeded(field, values[field], limit)
        for field, limit in warn_above.items()
        if field in values and values[field] > limit
    ]


def is_shown(values: Mapping[str, float], conditions: Sequence[Condition]) -> bool:
    """Whether a message passes the filter: every condition holds; without conditions everything passes."""
    return all(condition.holds(values) for condition in conditions)


class RollingStatistics:
    """The last few values of each field on each topic; used by one thread.

    Args:
        window: How many values count.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._series: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def add(self, topic: str, values: Mapping[str, float]) -> None:
        """Take the values of one message; beyond 1,000 series the one seen longest ago is forgotten."""
        for field, value in values.items():
            series = self._series.setdefault((topic, field), deque(maxlen=self._window))
            series.append(value)
            self._series.move_to_end((topic, field))
        while len(self._series) > MAX_SERIES:
            self._series.popitem(last=False)

    def summaries(self, topic: str) -> dict[str, Summary]:
        """Field -> summary for one topic, fields in the order of their first value."""
        return {
            field: Summary(len(series), sum(series) / len(series), min(series), max(series))
            for (series_topic, field), series in self._series.items()
            if series_topic == topic
        }
