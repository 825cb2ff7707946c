import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common import log
from edge_common.errors import ConfigError, PermanentError
from edge_common.log.limits import MAX_CAUSES, RateLimits
from edge_common.log.line import MAX_VALUE_CHARACTERS, render

# What a reader may rely on: a level, an event, then keys with plain or quoted values.
DOUBLE, SINGLE = r'"(?:[^"\\]|\\.)*"', r"'[^'\\]*'"
LINE = re.compile(
    rf"""(DEBUG|INFO|WARNING|ERROR) (?:[^ "=]+|"[^"]*")(?: [a-z_]+=(?:[^ "'=]+|{DOUBLE}|{SINGLE}))*"""
)
QUOTED = re.compile(rf"value=({DOUBLE}|{SINGLE})")


class Times:
    """Seconds that only a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """What the clock shows."""
        return self.now_s


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def output(times: Times) -> log.Output:
    """An output of the test's own, so that levels and secrets do not leak into other tests."""
    return log.Output(times)


@pytest.fixture
def process_output() -> Iterator[None]:
    """Leaves the process's own output as it was."""
    before = dict(vars(log._OUTPUT))
    yield
    vars(log._OUTPUT).update(before)


def unquoted(line: str) -> str:
    """The text that a quoted value was made from."""
    found = QUOTED.search(line)
    assert found
    text = found[1][1:-1]
    return text if found[1][0] == "'" else text.encode("latin-1", "backslashreplace").decode("unicode_escape")


@given(st.text(max_size=MAX_VALUE_CHARACTERS) | st.binary() | st.floats() | st.none() | st.lists(st.text()))
def test_whatever_a_value_holds_the_result_is_one_line_that_can_be_taken_apart(value: object) -> None:
    line = render("INFO", "message_received", {"value": value}, str)
    assert LINE.fullmatch(line)
    assert line.isprintable()


@given(st.text(st.characters(max_codepoint=0xFF), max_size=MAX_VALUE_CHARACTERS))
def test_text_can_be_read_back_out_of_its_line(text: str) -> None:
    assert unquoted(render("INFO", "message_received", {"value": f"{text} "}, str)) == f"{text} "


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("", '""'),
        ('say "hi"', """'say "hi"'"""),
        ("it's", '"it\'s"'),
        ('it\'s "hi"', '"it\'s \\"hi\\""'),
        ("a=b", '"a=b"'),
        ("a\\b", r'"a\\b"'),
        ("a\r\nb", r'"a\r\nb"'),
        ("\x1b[31mred", r'"\x1b[31mred"'),
        ("a\u2028b", r'"a\u2028b"'),
        ("\u202etxt", r'"\u202etxt"'),
        ("\ud800", r'"\ud800"'),
        ("21 °C", '"21 °C"'),
        ("orangepi5-core-001/sensors/data", "orangepi5-core-001/sensors/data"),
        (True, "true"),
        (None, "null"),
        (17, "17"),
        (1 / 3, "0.333333"),
        (b"\xffab", r'"\\xffab"'),
        (b'{"a":1}', """'{"a":1}'"""),
        ({"a": 1}, """'{"a": 1}'"""),
        (1_234_567.8, "1234568"),
        (-1e15, "-1e+15"),
        (ValueError("no"), '"ValueError: no"'),
        (PermanentError("no"), '"PermanentError: no"'),
    ],
)
def test_value_is_shown_as_a_person_would_write_it(value: object, shown: str) -> None:
    assert render("INFO", "event", {"value": value}, str) == f"INFO event value={shown}"


def test_long_value_is_cut_and_says_by_how_much() -> None:
    line = render("INFO", "event", {"value": "x" * 100_000}, str)
    assert line.endswith(f'…(+{100_000 - MAX_VALUE_CHARACTERS} characters)"')
    assert len(line) < MAX_VALUE_CHARACTERS + 100


def test_line_has_level_event_and_fields_and_no_time(
    output: log.Output, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = log.get_logger("publisher", output).bind(topic="a/b")
    logger.info("reading_published", sequence=17)
    logger.warning("message_refused", reason="not JSON")
    logger.error("failed")
    assert capsys.readouterr().out.splitlines() == [
        "INFO reading_published topic=a/b sequence=17 part=publisher",
        'WARNING message_refused topic=a/b reason="not JSON" part=publisher',
        "ERROR failed topic=a/b part=publisher",
    ]


def test_terminal_gets_the_time_in_front(
    output: log.Output, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    log.get_logger("probe", output).info("started")
    assert re.fullmatch(r"\d\d:\d\d:\d\d INFO started part=probe\n", capsys.readouterr().out)


def test_field_may_have_the_name_of_anything_else_in_the_line(
    output: log.Output, capsys: pytest.CaptureFixture[str]
) -> None:
    log.get_logger("probe", output).info("read", self=1, event=2, level=3, output=4)
    assert capsys.readouterr().out == "INFO read self=1 event=2 level=3 output=4 part=probe\n"


def test_exception_is_one_field_of_the_line(output: log.Output, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        int("x\ny")
    except ValueError:
        log.get_logger("probe", output).exception("message_refused")
    line = capsys.readouterr().out
    assert line.startswith('ERROR message_refused error="ValueError: invalid literal')
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("level", "shown"),
    [("DEBUG", "debug info warning error"), ("INFO", "info warning error"), ("ERROR", "error")],
)
def test_only_the_level_and_above_is_shown(
    output: log.Output, capsys: pytest.CaptureFixture[str], level: str, shown: str
) -> None:
    output.set_level(level)
    logger = log.get_logger("probe", output)
    for write in (logger.debug, logger.info, logger.warning, logger.error):
        write("event")
    levels = [line.split()[0].lower() for line in capsys.readouterr().out.splitlines()]
    assert levels == shown.split()


def test_flood_of_one_cause_becomes_one_line_with_a_count(
    output: log.Output, times: Times, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = log.get_logger("probe", output)
    for _ in range(1_000):
        logger.warning("message_refused", **log.limited("message_refused", 10))
        times.now_s += 0.0101
    assert capsys.readouterr().out.splitlines() == [
        "WARNING message_refused part=probe",
        "WARNING message_refused suppressed=990 part=probe",
    ]


def test_flood_of_one_cause_does_not_hide_another(
    output: log.Output, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = log.get_logger("probe", output)
    for cause in ("a", "a", "b"):
        logger.warning("message_refused", cause=cause, **log.limited(cause, 10))
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == ["cause=a", "cause=b"]


def test_event_below_the_level_does_not_use_up_its_cause(
    output: log.Output, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = log.get_logger("probe", output)
    logger.debug("message_refused", **log.limited("cause", 10))
    logger.warning("message_refused", **log.limited("cause", 10))
    assert capsys.readouterr().out == "WARNING message_refused part=probe\n"


def test_causes_that_strangers_invent_do_not_fill_the_memory(times: Times) -> None:
    limits = RateLimits(times)
    for number in range(3 * MAX_CAUSES):
        limits.admit(f"topic {number}", 10)
    assert len(limits._causes) == MAX_CAUSES


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "before HUNTER2HUNTER2 after"},
        {"nested": {"a": ["HUNTER2HUNTER2"]}},
        {"error": ValueError("HUNTER2HUNTER2")},
        {"payload": b"HUNTER2HUNTER2"},
        {"text": "x" * (MAX_VALUE_CHARACTERS - 6) + "HUNTER2HUNTER2"},  # the cut must not come first
        {"password": "other"},
        {"broker_password": "other"},
        {"auth_token": "other"},
    ],
)
def test_secret_is_in_no_line(
    output: log.Output, capsys: pytest.CaptureFixture[str], fields: dict[str, Any]
) -> None:
    output.hide("HUNTER2HUNTER2")
    log.get_logger("probe", output).error("failed", **fields)
    line = capsys.readouterr().out
    assert "***" in line
    assert "HUNTER" not in line
    assert "other" not in line


@given(st.text(min_size=6, max_size=40))
def test_secret_of_any_characters_is_hidden_also_inside_of_json(secret: str) -> None:
    output = log.Output()
    output.hide(secret)
    assert output.safe(f"[{secret}]") == "[***]"
    assert output.safe(json.dumps([secret], ensure_ascii=False)) == '["***"]'


@pytest.mark.usefixtures("process_output")
def test_what_a_component_identifies_itself_with_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    environment = {name: f"value of {name}" for name in log.SECRET_VARIABLES}
    log.configure(environment)
    log.get_logger("probe").info("started", environment=list(environment.values()))
    log.tell(f"token {environment['SVCUID']}")
    captured = capsys.readouterr()
    assert "value of" not in captured.out + captured.err
    assert captured.err == "token ***\n"


@pytest.mark.usefixtures("process_output")
def test_level_comes_from_the_environment_and_debug_beats_it(capsys: pytest.CaptureFixture[str]) -> None:
    logger = log.get_logger("probe")
    log.configure({"GG_COMPONENT_LOG_LEVEL": "warning"})
    logger.info("hidden")
    log.configure({"GG_COMPONENT_LOG_LEVEL": "warning"}, debug=True)
    logger.debug("shown")
    assert capsys.readouterr().out == "DEBUG shown part=probe\n"


@pytest.mark.usefixtures("process_output")
def test_level_that_does_not_exist_is_a_configuration_fault() -> None:
    with pytest.raises(ConfigError, match="Allowed: DEBUG, INFO, WARNING, ERROR"):
        log.configure({"GG_COMPONENT_LOG_LEVEL": "LOUD"})


@pytest.mark.usefixtures("process_output")
def test_warning_of_a_library_is_a_line_like_any_other_and_its_debug_output_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure({}, debug=True)
    library = logging.getLogger("some.library")
    library.debug("credentials: …")
    library.warning("retrying %s\nforged", "https://example.com")
    assert capsys.readouterr().out == (
        'WARNING library_message message="retrying https://example.com\\nforged" part=some.library\n'
    )


def test_lines_of_many_threads_stay_whole(output: log.Output, capsys: pytest.CaptureFixture[str]) -> None:
    logger = log.get_logger("probe", output)

    def write() -> None:
        for number in range(200):
            logger.info("event", number=number, filler="x" * 100)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 800
    assert all(re.fullmatch(r"INFO event number=\d+ filler=x{100} part=probe", line) for line in lines)


def test_line_that_cannot_be_written_is_counted(output: log.Output, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", closed)
        log.get_logger("probe", output).info("event")
    assert output.lost_lines == 1
