"""The nucleus's log format, read back; what passes a filter; several logs merged."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_cli.logs.lines import Level, LogFilter, merged, parse, records
from local_core.runtime.log_format import LogEvent

COPIED = (
    "2026-11-22T04:26:11.123Z [INFO] (Copier) com.example.X: stdout. hello. "
    "{scriptName=services.com.example.X.lifecycle.run.script, serviceName=X, currentState=RUNNING}"
)


def test_line_that_a_component_printed_is_taken_apart() -> None:
    record = parse("com.example.X", COPIED)
    assert record
    assert (record.timestamp, record.level, record.event, record.message) == (
        "2026-11-22T04:26:11.123Z",
        Level.INFO,
        "stdout",
        "hello",
    )
    assert record.raw == COPIED


def test_payload_in_braces_is_part_of_the_message_and_not_of_the_context() -> None:
    record = parse("X", COPIED.replace("hello", 'got {"a": 1}. {b=2}'))
    assert record
    assert record.message == 'got {"a": 1}. {b=2}'


def test_event_without_a_message_has_none() -> None:
    record = parse("X", "2026-11-22T04:26:11Z [INFO] (X-lifecycle) X: shell-runner-start. {serviceName=X}")
    assert record
    assert (record.event, record.message) == ("shell-runner-start", "")


@pytest.mark.parametrize("line", ["", "Traceback (most recent call last):", "  File x.py", "[INFO] no time"])
def test_line_without_the_heads_form_is_no_record(line: str) -> None:
    assert parse("X", line) is None


MESSAGES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])).map(str.strip)


@given(message=MESSAGES, stream=st.sampled_from(["stdout", "stderr"]))
def test_whatever_the_core_writes_is_read_back_as_it_was_said(message: str, stream: str) -> None:
    """Round trip with the core's own writer, which was made from the nucleus and shares no code with this."""
    line = LogEvent(1.5, "INFO", "Copier", "X", stream, message, {"serviceName": "X"}).line()
    record = parse("X", line)
    assert record
    assert (record.event, record.message) == (stream, message)


@pytest.mark.parametrize(
    ("said", "level", "text"),
    [
        ("WARNING message_refused topic=a/b", Level.WARN, "message_refused topic=a/b"),
        ("[ERROR] it broke", Level.ERROR, "it broke"),
        ("INFO: fine", Level.INFO, "fine"),
        ("INFORMATION is not a level", Level.INFO, "INFORMATION is not a level"),
        ("hello", Level.INFO, "hello"),
    ],
)
def test_components_own_level_word_counts_and_is_not_shown_twice(said: str, level: Level, text: str) -> None:
    record = parse("X", COPIED.replace("hello", said))
    assert record
    assert (record.effective_level, record.text) == (level, text)


def test_stack_trace_belongs_to_the_line_before_it() -> None:
    found = list(records("X", [COPIED, "Traceback:", "  boom", COPIED]))
    assert [record.continuation for record in found] == [("Traceback:", "  boom"), ()]


def test_file_that_begins_inside_a_stack_trace_loses_none_of_it() -> None:
    found = list(records("X", ["  rest of a trace", "more", COPIED]))
    assert [record.message for record in found] == ["  rest of a trace", "more", "hello"]


def _at(source: str, *times: str) -> list[str]:
    return [f"2026-11-22T04:26:{time}Z [INFO] (t) {source}: event. {source}{time}" for time in times]


def test_logs_are_merged_by_time_also_where_whole_seconds_have_no_fraction() -> None:
    a, b = _at("a", "11", "11.500", "13"), _at("b", "11.001", "12.999")
    order = [record.message for record in merged([records("a", a), records("b", b)])]
    assert order == ["a11", "b11.001", "a11.500", "b12.999", "a13"]


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (LogFilter(), True),
        (LogFilter(level=Level.INFO), True),
        (LogFilter(level=Level.WARN), False),
        (LogFilter(pattern=re.compile("hel+o")), True),
        (LogFilter(pattern=re.compile("currentState=RUNNING")), True),
        (LogFilter(pattern=re.compile("boom")), True),
        (LogFilter(level=Level.INFO, pattern=re.compile("absent")), False),
    ],
)
def test_filter_looks_at_level_and_at_the_whole_record(wanted: LogFilter, passes: bool) -> None:  # noqa: FBT001  a case of the table
    (record,) = records("X", [COPIED, "  boom in the stack trace"])
    assert wanted.passes(record) is passes
