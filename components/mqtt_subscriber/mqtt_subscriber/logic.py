"""What a received message means: its values, whether to show it, which limits it breaks.

Pure: no clock, no I/O, no threads.
"""

import operator
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from edge_common.messages import decode_object

MAX_TOPICS = 1_000
MAX_FIELDS = 100  # of one topic
MAX_SERIES = 10_000  # of all topics: about 15 MB with the usual window
MAX_VALUES = 200_000  # of all series: a wide window leaves room for fewer of them
MAX_NAME_CHARACTERS = 200  # of a topic or field

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
        PermanentError: Not one JSON object in UTF-8 (`edge_common.messages.decode_object` says what else).
    """
    message = decode_object(payload)
    sensors = message.get("sensors")
    return dict(_numbers(sensors if isinstance(sensors, dict) else message, ""))


def _numbers(node: Mapping[str, object], prefix: str) -> Iterator[tuple[str, float]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + key, float(value)


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

    Strangers choose topics and fields, so all of it is bounded: beyond `MAX_TOPICS`, or `MAX_SERIES` fields
    of them together, the topic heard longest ago is forgotten; of one topic the first `MAX_FIELDS` count;
    longer names than `MAX_NAME_CHARACTERS` have no statistics.

    Args:
        window: How many values count.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._max_series = min(MAX_SERIES, max(MAX_FIELDS, MAX_VALUES // window))
        self._series = 0
        self._topics: OrderedDict[str, _TopicSeries] = OrderedDict()

    def add(self, topic: str, values: Mapping[str, float]) -> int:
        """Take the values of one message; returns how many messages of this topic were taken so far.

        0 for a topic that has no statistics.
        """
        if len(topic) > MAX_NAME_CHARACTERS:
            return 0
        topic_series = self._topics.setdefault(topic, _TopicSeries())
        self._topics.move_to_end(topic)
        topic_series.messages += 1
        for field, value in values.items():
            if field not in topic_series.fields:
                if len(topic_series.fields) == MAX_FIELDS or len(field) > MAX_NAME_CHARACTERS:
                    continue
                topic_series.fields[field] = deque(maxlen=self._window)
                self._series += 1
            topic_series.fields[field].append(value)
        while len(self._topics) > MAX_TOPICS or self._series > self._max_series:
            _, forgotten = self._topics.popitem(last=False)
            self._series -= len(forgotten.fields)
        return topic_series.messages

    def summaries(self, topic: str) -> dict[str, Summary]:
        """Field -> summary for one topic, fields in the order of their first value."""
        topic_series = self._topics.get(topic)
        if topic_series is None:
            return {}
        return {
            field: Summary(len(series), sum(series) / len(series), min(series), max(series))
            for field, series in topic_series.fields.items()
        }


@dataclass(slots=True)
class _TopicSeries:
    messages: int = 0
    fields: dict[str, deque[float]] = dataclass_field(default_factory=dict)
