import logging
import os
import time
from pathlib import Path

import pytest

from local_core.runtime.component_log import ComponentLog, CoreLogHandler
from local_core.runtime.log_files import RotatingFile, RotationLimits
from support.file_size import file_size_limit

HALF_PAST_TEN = time.mktime((2026, 11, 22, 10, 30, 0, 0, 0, -1))
HOUR_S = 3600.0


class Clock:
    """A clock that stands still; `now` may be set."""

    def __init__(self) -> None:
        self.now = HALF_PAST_TEN

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


def loss(writes: int) -> str:
    return f"{writes} lost"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_full_file_is_rotated_under_the_nucleus_s_name_and_the_active_one_keeps_its_own(
    tmp_path: Path,
) -> None:
    clock = Clock()
    log = RotatingFile(tmp_path, "c", loss, RotationLimits(max_file_bytes=10), clock)

    for text in ("0123456789\n", "second\n", "third, long enough\n", "fourth\n"):
        log.write(text)
    log.close()

    assert names(tmp_path) == ["c.log", "c_2026_11_22_10_0.log", "c_2026_11_22_10_1.log"]
    assert (tmp_path / "c_2026_11_22_10_0.log").read_text() == "0123456789\n"
    assert (tmp_path / "c_2026_11_22_10_1.log").read_text() == "second\nthird, long enough\n"
    assert (tmp_path / "c.log").read_text() == "fourth\n"


def test_file_is_rotated_with_the_hour_and_named_after_the_one_it_was_begun_in(tmp_path: Path) -> None:
    clock = Clock()
    log = RotatingFile(tmp_path, "c", loss, clock=clock)

    log.write("ten\n")
    clock.now += HOUR_S
    log.write("eleven\n")
    log.close()

    assert (tmp_path / "c_2026_11_22_10_0.log").read_text() == "ten\n"
    assert (tmp_path / "c.log").read_text() == "eleven\n"


def test_file_of_an_earlier_core_is_continued_or_rotated_by_its_own_hour(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "c.log").write_text("before\n")
    os.utime(tmp_path / "c.log", (clock.now, clock.now))
    RotatingFile(tmp_path, "c", loss, clock=clock).write("same hour\n")
    os.utime(tmp_path / "c.log", (clock.now, clock.now))
    clock.now += HOUR_S

    RotatingFile(tmp_path, "c", loss, clock=clock).write("next hour\n")

    assert (tmp_path / "c_2026_11_22_10_0.log").read_text() == "before\nsame hour\n"
    assert (tmp_path / "c.log").read_text() == "next hour\n"


def test_oldest_archives_go_when_there_is_too_much_and_those_of_others_stay(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "c2_2026_11_22_09_0.log").write_text("another component's")
    log = RotatingFile(tmp_path, "c", loss, RotationLimits(max_file_bytes=10, max_archive_bytes=25), clock)

    for number in range(5):
        log.write(f"{number}123456789\n")
        clock.now += HOUR_S

    assert names(tmp_path) == [
        "c.log",
        "c2_2026_11_22_09_0.log",
        "c_2026_11_22_12_0.log",
        "c_2026_11_22_13_0.log",
    ]


def test_full_disk_costs_lines_and_says_how_many_once_there_is_room(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path, "c", loss)
    log.write("before\n")

    with file_size_limit(10):
        log.write("does not fit\n")
        log.write("neither\n")
    log.write("after\n")

    lines = (tmp_path / "c.log").read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-2:] == ["2 lost", "after"]


def test_component_log_holds_output_and_what_the_core_does(tmp_path: Path) -> None:
    log = ComponentLog(tmp_path, "com.example.X", lambda: "STARTING", lambda: 1795235171.0)

    log.output("stderr", "services.com.example.X.lifecycle.run.script", ["  padded  ", ""])
    log.event("shell-runner-start", about={"scriptName": "s"}, command='["echo"]')
    log.close()

    at = "2026-11-21T04:26:11Z"
    facts = "serviceName=com.example.X, currentState=STARTING"
    script = "scriptName=services.com.example.X.lifecycle.run.script"
    assert (tmp_path / "com.example.X.log").read_text().splitlines() == [
        f"{at} [WARN] (Copier) com.example.X: stderr. padded. {{{script}, {facts}}}",
        f"{at} [WARN] (Copier) com.example.X: stderr. {{{script}, {facts}}}",
        (
            f"{at} [INFO] (com.example.X-lifecycle) com.example.X: shell-runner-start. "
            f'{{scriptName=s, {facts}, command=["echo"]}}'
        ),
    ]


def test_core_s_own_records_go_to_greengrass_log_with_their_exceptions_below(tmp_path: Path) -> None:
    handler = CoreLogHandler(tmp_path)
    logger = logging.getLogger("local_core.test")
    logger.addHandler(handler)

    try:
        logger.warning("two\nlines", extra={"event_type": "a-word", "contexts": {"key": "value"}})
        logger.error("it failed", exc_info=ValueError("a reason"))
    finally:
        logger.removeHandler(handler)
        handler.close()

    first, second, *traceback = (tmp_path / "greengrass.log").read_text().splitlines()
    assert first.endswith(r"[WARN] (MainThread) local_core.test: a-word. two\nlines. {key=value}")
    assert second.endswith("[ERROR] (MainThread) local_core.test: it failed")
    assert traceback == ["ValueError: a reason"]


def test_record_that_cannot_be_formatted_does_not_reach_whoever_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = CoreLogHandler(tmp_path)
    record = logging.LogRecord("local_core.test", logging.INFO, __file__, 1, "%d", ("no number",), None)

    handler.emit(record)
    handler.close()

    assert "no number" in capsys.readouterr().err
