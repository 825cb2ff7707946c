import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.runtime.log_format import MAX_LINE_BYTES, LineSplitter, LogEvent, instant, visible

# How log tools read a line of the nucleus.
NUCLEUS_LINE = re.compile(
    r"^(\S+Z) \[(\w+)\] \(([^)]*)\) (\S+): (?:(stdout|stderr|[\w-]+)\. )?(.*?)(?:\. )?(\{.*\})?$"
)
TS = 1795235171.123  # 2026-11-21T04:26:11.123Z


def line_of(event_type: str = "", message: str = "", **contexts: object) -> str:
    return LogEvent(TS, "INFO", "Copier", "com.example.X", event_type, message, contexts).line()


def test_output_of_a_component_is_written_as_the_nucleus_writes_it() -> None:
    line = line_of(
        "stdout",
        "hello",
        scriptName="services.com.example.X.lifecycle.run.script",
        serviceName="com.example.X",
        currentState="RUNNING",
    )

    assert line == (
        "2026-11-21T04:26:11.123Z [INFO] (Copier) com.example.X: stdout. hello. "
        "{scriptName=services.com.example.X.lifecycle.run.script, serviceName=com.example.X, "
        "currentState=RUNNING}"
    )


@pytest.mark.parametrize(
    ("event_type", "message", "contexts", "text"),
    [
        ("stdout", "", {"a": 1}, "stdout. {a=1}"),
        ("", "Run script exited", {"exitCode": 0}, "Run script exited. {exitCode=0}"),
        ("service-broken", "", {}, "service-broken"),
        ("", "", {}, ""),
    ],
)
def test_empty_parts_are_left_out(
    event_type: str, message: str, contexts: dict[str, object], text: str
) -> None:
    assert line_of(event_type, message, **contexts).partition("com.example.X: ")[2] == text


@pytest.mark.parametrize(
    ("ts", "text"),
    [
        (1795235171.0, "2026-11-21T04:26:11Z"),
        (1795235171.123, "2026-11-21T04:26:11.123Z"),
        (1795235171.0004, "2026-11-21T04:26:11Z"),
        (1795235171.01, "2026-11-21T04:26:11.010Z"),
    ],
)
def test_instant_drops_zero_milliseconds_as_java_does(ts: float, text: str) -> None:
    assert instant(ts) == text


@given(st.text())
def test_no_message_can_forge_a_line_or_hide_its_end(message: str) -> None:
    """Whatever a component prints stays one line, and the facts after it stay the last braces."""
    line = line_of("stdout", message, serviceName="com.example.X", currentState="RUNNING")

    match = NUCLEUS_LINE.match(line)
    assert len(line.splitlines()) == 1
    assert match
    assert match[4] == "com.example.X"
    assert line.endswith("{serviceName=com.example.X, currentState=RUNNING}")


def test_control_characters_are_spelt_out() -> None:
    assert visible("a\x1b[31mb\x00\x07\u2028\x85\r\nc\td") == r"a\x1b[31mb\x00\x07\u2028\x85\r\nc" + "\td"


@given(st.lists(st.sampled_from(["a", "bc", "é", "日本", ""]), max_size=8), st.data())
def test_lines_are_the_same_however_their_bytes_are_cut(lines: list[str], data: st.DataObject) -> None:
    ends = [data.draw(st.sampled_from(["\n", "\r", "\r\n"])) for _ in lines]
    # An empty line after a lone CR would make one CRLF of two ends.
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    expected = re.split("\r\n|\r|\n", text)[:-1]
    content = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    splitter = LineSplitter()

    chunks = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    received = [line for chunk in chunks for line in splitter.feed(chunk)]

    assert received == expected
    assert splitter.finish() == []


def test_what_stands_after_the_last_end_comes_when_the_stream_ends() -> None:
    splitter = LineSplitter()

    assert splitter.feed(b"one\ntw") == ["one"]
    assert splitter.feed(b"o") == []
    assert splitter.finish() == ["two"]


def test_undecodable_bytes_are_replaced_and_lose_nothing_else() -> None:
    assert LineSplitter().feed(b"a\xff\xfeb\nc\n") == ["a\ufffd\ufffdb", "c"]


@pytest.mark.parametrize("with_end", [True, False])
def test_endless_line_comes_in_pieces_that_cut_no_character(*, with_end: bool) -> None:
    text = "x" + "日" * MAX_LINE_BYTES  # three bytes each, and off by one: the limit falls inside one
    splitter = LineSplitter()

    received = splitter.feed(text.encode() + b"\n" * with_end)
    received += splitter.finish()

    assert "".join(received) == text
    assert all(len(piece.encode()) <= MAX_LINE_BYTES for piece in received)
