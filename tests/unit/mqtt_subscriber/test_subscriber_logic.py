"""The subscriber's pure logic: values, limits, filters, rolling statistics."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from mqtt_subscriber.logic import (
    MAX_FIELDS,
    MAX_NAME_CHARACTERS,
    MAX_TOPICS,
    MAX_VALUES,
    Condition,
    LimitExceeded,
    RollingStatistics,
    is_shown,
    limits_exceeded,
    numbers_in,
)

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def test_reading_and_flat_board_message_name_a_field_alike() -> None:
    reading = {"device_id": "d", "sequence": 3, "sensors": {"temperature": 24.5}}
    board = {"temperature": 25, "humidity": 60}

    assert numbers_in(json.dumps(reading).encode()) == {"temperature": 24.5}
    assert numbers_in(json.dumps(board).encode()) == {"temperature": 25.0, "humidity": 60.0}


def test_nested_numbers_are_named_by_their_path() -> None:
    robot = {"robot_id": "r1", "data": {"position": {"x": 1.5, "y": 2}, "battery": 80, "docked": True}}

    assert numbers_in(json.dumps(robot).encode()) == {
        "data.position.x": 1.5,
        "data.position.y": 2.0,
        "data.battery": 80.0,
    }


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"temperature=25", b"", b"[1, 2]", b"25", b'{"t": NaN}'])
def test_what_is_no_json_object_of_finite_numbers_is_refused(payload: bytes) -> None:
    with pytest.raises(PermanentError):
        numbers_in(payload)


@given(st.binary(max_size=200))
def test_any_bytes_give_numbers_or_a_permanent_error(payload: bytes) -> None:
    try:
        values = numbers_in(payload)
    except PermanentError:
        return
    assert all(isinstance(value, float) for value in values.values())


def test_a_limit_is_exceeded_above_it_and_not_at_it() -> None:
    assert limits_exceeded({"temperature": 28.0}, {"temperature": 28.0}) == []
    assert limits_exceeded({"temperature": 28.1}, {"temperature": 28.0, "humidity": 75.0}) == [
        LimitExceeded("temperature", 28.1, 28.0)
    ]


@pytest.mark.parametrize(
    ("operator", "passing"),
    [(">", [26]), (">=", [25, 26]), ("<", [24]), ("<=", [24, 25]), ("==", [25]), ("!=", [24, 26])],
)
def test_each_operator_compares_as_it_reads(operator: str, passing: list[int]) -> None:
    condition = Condition("temperature", operator, 25.0)

    assert [t for t in (24, 25, 26) if is_shown({"temperature": t}, [condition])] == passing


def test_a_message_without_the_field_does_not_pass_a_filter() -> None:
    assert not is_shown({"humidity": 50.0}, [Condition("temperature", ">=", 25.0)])
    assert is_shown({"humidity": 50.0}, [])


@given(st.lists(finite, min_size=1, max_size=30), st.integers(1, 10))
def test_statistics_are_those_of_the_last_values_only(values: list[float], window: int) -> None:
    statistics = RollingStatistics(window)

    for value in values:
        statistics.add("t", {"temperature": value})

    last = values[-window:]
    summary = statistics.summaries("t")["temperature"]
    assert (summary.count, summary.minimum, summary.maximum) == (len(last), min(last), max(last))
    assert summary.mean == pytest.approx(sum(last) / len(last))


def test_statistics_keep_topics_apart_and_stay_bounded() -> None:
    statistics = RollingStatistics(5)

    for index in range(MAX_TOPICS + 10):
        statistics.add(f"board/{index}", {"temperature": float(index)})
    statistics.add("wide", {str(index): 0.0 for index in range(MAX_FIELDS + 10)})

    assert statistics.summaries("board/0") == {}
    assert statistics.summaries(f"board/{MAX_TOPICS}")["temperature"].mean == float(MAX_TOPICS)
    assert len(statistics.summaries("wide")) == MAX_FIELDS
    assert statistics.add(f"board/{MAX_TOPICS}", {}) == 2


def test_many_wide_topics_take_no_more_room_than_the_window_leaves() -> None:
    statistics = RollingStatistics(1_000)
    wide = {str(index): 0.0 for index in range(MAX_FIELDS)}
    topics = [f"board/{index}" for index in range(10)]

    for topic in topics:
        statistics.add(topic, wide)

    kept = [topic for topic in topics if statistics.summaries(topic)]
    assert kept == topics[-MAX_VALUES // 1_000 // MAX_FIELDS :]


def test_names_of_any_length_are_not_remembered() -> None:
    statistics = RollingStatistics(5)
    long = "x" * (MAX_NAME_CHARACTERS + 1)

    assert statistics.add(long, {"temperature": 1.0}) == 0
    assert statistics.add("t", {long: 1.0, "temperature": 2.0}) == 1
    assert statistics.summaries(long) == {}
    assert list(statistics.summaries("t")) == ["temperature"]
