import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.context import Context, Mode
from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.messages import Reading
from edge_common.metrics import Metrics
from edge_common.sampling import Numbering, Sampler, Ticks
from edge_common.sensors import EndOfReplayError
from support.manual_clock import ManualClock

NOW = "2026-11-22T04:26:11.123Z"


@dataclass
class Script:
    """A source that gives, or raises, what it was told, each after some seconds; then it has ended."""

    clock: ManualClock
    steps: Sequence[float | EdgeError]
    takes_s: float = 0.0
    due_s: float | None = None
    reads: int = field(default=0)

    def read(self) -> dict[str, float]:
        """The next step."""
        if self.reads == len(self.steps):
            raise EndOfReplayError("it has been read to its end")
        step = self.steps[self.reads]
        self.reads += 1
        self.clock.advance(self.takes_s)
        if isinstance(step, EdgeError):
            raise step
        return {"temperature": step}


class Bench:
    """A sampler with everything around it."""

    def __init__(
        self, steps: Sequence[float | EdgeError], *, takes_s: float = 0.0, mode: Mode = Mode.RUN
    ) -> None:
        self.clock = ManualClock()
        self.stop = threading.Event()
        self.metrics = Metrics()
        self.source = Script(self.clock, steps, takes_s)
        self.context = Context("c", "core-1", self.stop, mode, False, self.metrics, self.clock)
        self.readings: list[Reading] = []
        self.refuses: set[int] = set()

    def take(self, reading: Reading) -> None:
        """Keep it, or refuse it."""
        if reading.sequence in self.refuses:
            raise TransientError("the disk is full")
        self.readings.append(reading)

    def run(self) -> None:
        """Until the source has ended, or as the mode says."""
        Sampler(self.source, 5.0, self.context, self.take, interval_setting="upload_interval_s").run()


def test_readings_are_taken_at_the_interval_and_numbered_from_zero() -> None:
    bench = Bench([20.0, 21.0, 22.0])
    bench.run()
    assert [(reading.sequence, reading.sensors["temperature"]) for reading in bench.readings] == [
        (0, 20.0),
        (1, 21.0),
        (2, 22.0),
    ]
    assert {(reading.device_id, reading.boot_id) for reading in bench.readings} == {
        ("core-1", bench.clock.boot_id)
    }
    assert bench.clock.waits_s == [5.0, 5.0, 5.0]


def test_once_is_one_reading_without_a_wait() -> None:
    bench = Bench([20.0, 21.0], mode=Mode.ONCE)
    bench.run()
    assert (len(bench.readings), bench.clock.waits_s) == (1, [])


def test_once_is_no_success_when_the_sensor_does_not_answer() -> None:
    bench = Bench([TransientError("no answer")], mode=Mode.ONCE)
    with pytest.raises(TransientError, match="no answer"):
        bench.run()
    assert bench.metrics.snapshot()["readings_not_read"] == 1


def test_once_is_no_success_when_the_reading_is_refused() -> None:
    bench = Bench([20.0], mode=Mode.ONCE)
    bench.refuses = {0}
    with pytest.raises(TransientError, match="the disk is full"):
        bench.run()
    assert bench.metrics.snapshot()["readings_not_stored"] == 1


def test_it_stops_when_the_component_is_told_to() -> None:
    bench = Bench([20.0, 21.0])
    bench.stop.set()
    bench.run()
    assert bench.readings == []


def test_a_sensor_that_does_not_answer_is_counted_and_takes_no_number() -> None:
    bench = Bench([TransientError("no answer"), 21.0])
    bench.run()
    assert [reading.sequence for reading in bench.readings] == [0]
    assert bench.metrics.snapshot()["readings_not_read"] == 1


def test_a_reading_that_is_refused_is_counted_and_its_number_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench = Bench([20.0, 21.0, 22.0])
    bench.refuses = {1}
    bench.run()
    assert [reading.sequence for reading in bench.readings] == [0, 2]
    assert bench.metrics.snapshot()["readings_not_stored"] == 1
    assert "reading_not_stored" in capsys.readouterr().out


def test_ticks_that_pass_while_a_reading_takes_long_are_counted_by_the_settings_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And told, but not in a line for each reading: a source that is too slow is so every time."""
    bench = Bench([20.0] * 50, takes_s=12.0)
    bench.run()
    assert bench.metrics.snapshot()["readings_not_taken"] == 100
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "readings_not_taken" in line]
    assert "upload_interval_s, 5 s" in line


def test_a_source_with_a_pace_of_its_own_is_read_at_that() -> None:
    bench = Bench([20.0, 21.0])
    bench.source.due_s = 100.0
    bench.run()
    assert bench.clock.waits_s == [100.0]


def test_a_sensor_that_has_gone_for_ever_ends_the_work() -> None:
    bench = Bench([PermanentError("there is no such sensor")])
    with pytest.raises(PermanentError):
        bench.run()


def test_readings_are_numbered_without_gaps() -> None:
    numbering = Numbering("device", "boot")
    assert [numbering.reading({}, NOW).sequence for _ in range(3)] == [0, 1, 2]


@given(st.floats(0.01, 1e5), st.floats(0, 1e6), st.lists(st.floats(0, 1e5), max_size=30))
def test_no_tick_is_given_twice_and_every_one_is_given_or_missed(
    interval_s: float, start_s: float, pauses_s: list[float]
) -> None:
    ticks, now_s, given_or_missed = Ticks(interval_s, start_s), start_s, 0
    before_s = start_s
    for pause_s in pauses_s:
        now_s = max(now_s, before_s) + pause_s
        due_s, missed = ticks.after(now_s)
        given_or_missed += 1 + missed
        assert due_s >= now_s
        assert due_s > before_s
        assert due_s == start_s + given_or_missed * interval_s
        before_s = due_s
