import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_common import log
from edge_common.errors import PermanentError, TransientError
from edge_common.log.limits import RateLimits
from edge_common.metrics import Metrics
from edge_common.sensors import EndOfReplayError, ReplayConfig
from edge_common.sensors.recording import parse_timestamp
from edge_common.sensors.replay import ReplaySource
from support.manual_clock import ManualClock
from support.sysfs import NO_ANSWER

NAB = """timestamp,value
2014-07-01 00:00:00,10844
2014-07-01 00:30:00,8127
2014-07-01 01:00:00,6210
"""

Opener = Callable[..., ReplaySource]


@pytest.fixture(autouse=True)
def _fresh_log_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test has logged must not hold back a line of this one."""
    monkeypatch.setattr(log._OUTPUT, "_limits", RateLimits(time.monotonic))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def replay(tmp_path: Path, clock: ManualClock, metrics: Metrics) -> Iterator[Opener]:
    """Opens a recording with this content and these settings; closed after the test."""
    opened: list[ReplaySource] = []

    def opener(content: str | bytes, **settings: Any) -> ReplaySource:
        path = tmp_path / "recording.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        config = ReplayConfig.model_validate({"path": str(path), **settings})
        opened.append(ReplaySource(config, clock, metrics))
        return opened[-1]

    yield opener
    for source in opened:
        source.close()


def rest_of(source: ReplaySource) -> list[dict[str, float]]:
    """Everything up to the end."""
    readings = []
    with suppress(EndOfReplayError):
        while True:
            readings.append(source.read())
    return readings


def times_of(source: ReplaySource, clock: ManualClock, count: int) -> list[float]:
    """When the next readings are taken by a reader that waits until each is due."""
    times_s = []
    for _ in range(count):
        clock.advance(max(0.0, source.due_s - clock.monotonic_s()))
        source.read()
        times_s.append(clock.monotonic_s())
    return times_s


def test_file_of_the_numenta_benchmark_is_read_as_it_is(replay: Opener) -> None:
    assert rest_of(replay(NAB)) == [{"value": 10844.0}, {"value": 8127.0}, {"value": 6210.0}]


def test_columns_become_the_fields_they_are_given(replay: Opener) -> None:
    content = "value,note,timestamp\n24.5,fine,2026-11-22T04:26:11Z\n"
    assert rest_of(replay(content, columns={"value": "temperature"})) == [{"temperature": 24.5}]


def test_spreadsheet_export_with_byte_order_mark_and_quotes_is_read(replay: Opener) -> None:
    content = '\ufefftime, "t" ,h\r\n"2026-11-22T04:26:11Z", 24.5 ,"55"\r\n\r\n'
    assert rest_of(replay(content, timestamp_column="time")) == [{"t": 24.5, "h": 55.0}]


@pytest.mark.parametrize("gap", ["", " ", "nan", "NaN", "NA", "null"])
def test_gap_leaves_the_field_out(replay: Opener, gap: str) -> None:
    content = f"timestamp,t,h\n2026-11-22T04:26:11Z,{gap},55\n"
    assert rest_of(replay(content)) == [{"h": 55.0}]


def test_rows_are_due_as_their_timestamps_say(replay: Opener, clock: ManualClock) -> None:
    source = replay(NAB)
    clock.advance(100)
    assert times_of(source, clock, 3) == [100, 1900, 3700]


def test_speed_shortens_the_times_between_rows(replay: Opener, clock: ManualClock) -> None:
    assert times_of(replay(NAB, speed=60), clock, 3) == [0, 30, 60]


def test_fastest_pace_waits_for_nothing(replay: Opener, clock: ManualClock) -> None:
    assert times_of(replay(NAB, pace="fastest"), clock, 3) == [0, 0, 0]


def test_pace_does_not_drift_when_reading_takes_its_time(replay: Opener, clock: ManualClock) -> None:
    source = replay(NAB)
    source.read()
    clock.advance(0.4)
    assert times_of(source, clock, 2) == [1800, 3600]


def test_reader_that_was_held_up_goes_on_from_there_without_a_burst(
    replay: Opener, clock: ManualClock
) -> None:
    source = replay(NAB)
    source.read()
    clock.advance(10_000)
    assert times_of(source, clock, 2) == [10_000, 11_800]


def test_timestamps_that_go_back_are_due_at_once(replay: Opener, clock: ManualClock) -> None:
    content = "timestamp,v\n2026-01-01T00:00:00Z,1\n2025-01-01T00:00:00Z,2\n2025-01-01T00:00:05Z,3\n"
    assert times_of(replay(content), clock, 3) == [0, 0, 5]


def test_repeated_file_begins_again_a_second_after_its_last_row(replay: Opener, clock: ManualClock) -> None:
    source = replay(NAB, on_end="repeat")
    assert times_of(source, clock, 7) == [0, 1800, 3600, 3601, 5401, 7201, 7202]


def test_repeated_file_gives_the_same_readings_again(replay: Opener) -> None:
    source = replay(NAB, on_end="repeat", pace="fastest")
    values = [source.read()["value"] for _ in range(7)]
    assert values == [10844, 8127, 6210, 10844, 8127, 6210, 10844]


def test_end_is_the_end_for_ever_and_says_what_was_read(replay: Opener) -> None:
    source = replay(NAB + "bad\n")
    assert len(rest_of(source)) == 3
    with pytest.raises(EndOfReplayError, match="has ended: 3 readings, 1 bad lines skipped"):
        source.read()


BAD_LINES = [
    ("2026-11-22T04:26:11Z,x", "v is 'x' and must be a number"),
    ("2026-11-22T04:26:11Z,1_000", "v is '1_000' and must be a number"),
    ("2026-11-22T04:26:11Z,inf", "v is 'inf' and must be a number"),
    ("2026-11-22T04:26:11Z,1e999", "v is '1e999' and must be a number"),
    ("2026-11-22T04:26:11Z,", "it has no value at all"),
    ("2026-11-22T04:26:11Z", "it has 1 cells and line 1 has 2"),
    ("2026-11-22T04:26:11Z,1,2", "it has 3 cells and line 1 has 2"),
    ("yesterday,1", "'yesterday' is no time such as"),
    (",1", "'' is no time such as"),
    ("2026-02-30T00:00:00Z,1", "is no time such as"),
    ("2026-11-22T04:26:11Z," + "9" * 200_000, "field larger than field limit"),
    (b"2026-11-22T04:26:11Z,\xff", "v is '\ufffd'"),
    ("2026-11-22T04:26:11Z,1\0", "v is '1\\x00'"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_bad_line_is_skipped_counted_and_named(
    replay: Opener, metrics: Metrics, capsys: pytest.CaptureFixture[str], line: str | bytes, reason: str
) -> None:
    bad = line.encode() if isinstance(line, str) else line
    content = b"timestamp,v\n2026-11-22T04:26:10Z,1\n" + bad + b"\n2026-11-22T04:26:12Z,2\n"
    assert rest_of(replay(content)) == [{"v": 1.0}, {"v": 2.0}]
    assert metrics.snapshot() == {"replay_rows_skipped": 1}
    output = capsys.readouterr().out.encode().decode("unicode_escape")
    assert "recording.csv:3: " in output
    assert reason.split("'", maxsplit=1)[0] in output


def test_good_row_is_not_held_back_by_bad_lines_behind_it(replay: Opener, metrics: Metrics) -> None:
    source = replay("timestamp,v\n2026-11-22T04:26:10Z,1\n" + "bad\n" * 10)
    assert source.read() == {"v": 1.0}
    assert metrics.snapshot() == {"replay_rows_skipped": 0}


@pytest.mark.parametrize("on_end", ["stop", "repeat"])
def test_reader_gets_a_word_in_between_however_many_bad_lines_there_are(
    replay: Opener, clock: ManualClock, metrics: Metrics, on_end: str
) -> None:
    """Or a component that is told to stop would read on to the end of its file."""
    source = replay("timestamp,v\n" + "bad\n" * 2500 + "2026-11-22T04:26:10Z,1\n", on_end=on_end)
    for skipped in (1000, 2000):
        assert source.due_s == clock.monotonic_s()
        with pytest.raises(TransientError, match="1000 bad lines one after the other"):
            source.read()
        assert metrics.snapshot() == {"replay_rows_skipped": skipped}
    assert source.read() == {"v": 1.0}


def test_long_file_without_a_good_row_is_refused_at_its_end(replay: Opener) -> None:
    source = replay("timestamp,v\n" + "bad\n" * 1500, on_end="repeat")
    with pytest.raises(TransientError):
        source.read()
    with pytest.raises(PermanentError, match="no line below the first is a reading"):
        source.read()


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_bad_line_fails_by_name_where_that_is_asked_for(
    replay: Opener, line: str | bytes, reason: str
) -> None:
    """The good rows before it have been given, and those behind it can still be had."""
    bad = line.encode() if isinstance(line, str) else line
    content = b"timestamp,v\n2026-11-22T04:26:10Z,1\n" + bad + b"\n2026-11-22T04:26:12Z,2\n"
    source = replay(content, on_bad_row="fail")
    assert source.read() == {"v": 1.0}
    with pytest.raises(PermanentError) as failure:
        source.read()
    assert failure.value.code == "bad_row"
    assert "recording.csv:3: " in failure.value.reason
    assert reason in failure.value.reason
    assert rest_of(source) == [{"v": 2.0}]


@pytest.mark.parametrize(
    ("content", "settings", "reason"),
    [
        ("", {}, "line 1 names the column 'timestamp' not; it names nothing"),
        ("time,v\n1,2\n", {}, "it names time, v. Correct it, or `timestamp_column`"),
        ("timestamp,timestamp,v\n", {}, "names the column 'timestamp' twice"),
        ("timestamp,v,v\n", {}, "names the column 'v' twice"),
        ("timestamp\n2026-11-22T04:26:11Z\n", {}, "no column beside the times"),
        ("timestamp,v\n", {"columns": {"w": "w"}}, "the column 'w' not; it names timestamp, v"),
        ("timestamp,v\n", {}, "no line below the first is a reading"),
        ("timestamp,v\nbad,1\n", {}, "no line below the first is a reading"),
        ("timestamp,v\nbad,1\n", {"on_end": "repeat"}, "no line below the first is a reading"),
        ("timestamp,v\nbad,1\n", {"on_bad_row": "fail"}, "recording.csv:2: 'bad' is no time"),
        (b"\x89PNG\r\n\x1a\n\0\0", {}, "line 1 names the column 'timestamp' not"),
    ],
)
def test_file_that_cannot_be_replayed_is_refused_when_opened(
    replay: Opener, content: str | bytes, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(PermanentError) as failure:
        replay(content, **settings)
    assert "recording.csv" in failure.value.reason
    assert reason in failure.value.reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/no/such/file.csv", "cannot replay /no/such/file.csv: No such file or directory. Name a file that"),
        ("/", "cannot replay /: it is no regular file"),
        ("/dev/zero", "it is no regular file"),
        (str(NO_ANSWER), "Input/output error. Name a file that is there"),
        ("/proc/self/status/x", "Not a directory"),
    ],
)
def test_path_without_a_file_is_refused_when_opened(clock: ManualClock, path: str, reason: str) -> None:
    with pytest.raises(PermanentError, match=reason):
        ReplaySource(ReplayConfig(path=path), clock, Metrics())


def test_disk_that_fails_in_the_middle_ends_the_replay_whatever_bad_lines_do(
    replay: Opener, tmp_path: Path
) -> None:
    """A folder in place of the open file is what answers a read with an error."""
    source = replay("timestamp,v\n" + "2026-11-22T04:26:11Z,1\n" * 10_000, on_bad_row="skip")
    opened = next(link for link in Path("/proc/self/fd").iterdir() if link.resolve().name == "recording.csv")
    folder = os.open(tmp_path, os.O_RDONLY)
    os.dup2(folder, int(opened.name))
    os.close(folder)
    with pytest.raises(PermanentError, match=r"cannot replay .*recording\.csv: Is a directory") as failure:
        rest_of(source)
    assert failure.value.code == "bad_file"


def test_file_is_let_go_of(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "recording.csv"
    path.write_text(NAB)
    descriptors = Path("/proc/self/fd")
    with ReplaySource(ReplayConfig(path=str(path)), clock, Metrics()):
        assert any(link.resolve() == path for link in descriptors.iterdir())
    assert not any(link.resolve() == path for link in descriptors.iterdir())


def test_two_columns_cannot_become_one_field() -> None:
    with pytest.raises(ValidationError, match="two columns cannot become one field"):
        ReplayConfig(path="x", columns={"a": "t", "b": "t"})


ROWS = st.lists(
    st.tuples(
        st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  gets a zone
        st.dictionaries(st.sampled_from(["a", "b", "c"]), st.floats(-1e9, 1e9), min_size=1),
    ),
    min_size=1,
    max_size=20,
)


@given(ROWS)
def test_what_was_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[datetime, dict[str, float]]]
) -> None:
    path = tmp_path_factory.mktemp("replay") / "recording.csv"
    lines = [
        ",".join([moment.isoformat(), *(repr(values[name]) if name in values else "" for name in "abc")])
        for moment, values in rows
    ]
    path.write_text("\n".join(["timestamp,a,b,c", *lines]))
    with closing(ReplaySource(ReplayConfig(path=str(path)), ManualClock(), Metrics())) as source:
        assert rest_of(source) == [values for _, values in rows]


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001  gets a zone
def test_every_form_of_a_timestamp_means_the_same_moment(naive: datetime, offset_min: int) -> None:
    moment = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=offset_min)))
    unix_s = moment.timestamp()
    texts = [
        moment.isoformat(),
        elsewhere.isoformat(),
        moment.replace(tzinfo=None).isoformat(sep=" "),
        f"{unix_s:.3f}",
    ]
    assert all(math.isclose(parse_timestamp(text) or 0, unix_s, abs_tol=1e-3) for text in texts)


@pytest.fixture
def seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that is not in UTC."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Asia/Seoul")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("seoul")
def test_time_without_a_zone_is_utc_wherever_the_machine_is() -> None:
    assert parse_timestamp("2014-07-01 00:00:00") == 1_404_172_800


@pytest.mark.parametrize(
    "text", ["", "1", "yesterday", "12:00", "inf", "nan", "1e9", "-1404172800", "\uff11404172800"]
)
def test_text_that_is_no_time_is_none(text: str) -> None:
    assert parse_timestamp(text) is None
