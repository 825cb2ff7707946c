"""How the publisher reads its sensor source: at its own interval, or at the pace of a recording."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from edge_common.config import load_config
from edge_common.context import Context, Mode
from edge_common.errors import PermanentError
from edge_common.metrics import Metrics
from mqtt_publisher.app import MqttPublisher
from mqtt_publisher.config import MqttPublisherConfig
from support.manual_clock import ManualClock

RECORDING = "timestamp,value\n2014-07-01 00:00:00,1\n2014-07-01 00:30:00,2\nbad,3\n2014-07-01 00:30:10,4\n"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def publisher(clock: ManualClock, metrics: Metrics, sensor: dict[str, Any]) -> MqttPublisher:
    """A publisher that prints what it would send."""
    settings = json.dumps({"sensor": sensor, "heartbeat_every": 0})
    config = load_config(
        MqttPublisherConfig, {"GG_COMPONENT_CONFIG": settings, "AWS_IOT_THING_NAME": "core-1"}
    )
    context = Context(
        "com.example.MqttPublisher", "core-1", threading.Event(), Mode.RUN, True, metrics, clock
    )
    return MqttPublisher(config, context)


def published(output: str) -> list[dict[str, float]]:
    """The values of the printed readings."""
    lines = [line for line in output.splitlines() if line.startswith("core-1/sensors/data ")]
    return [json.loads(line.partition(" ")[2])["sensors"] for line in lines]


def test_recording_is_published_at_its_own_pace_to_its_end(
    tmp_path: Path, clock: ManualClock, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recording.csv"
    path.write_text(RECORDING)
    publisher(clock, metrics, {"source": "replay", "replay": {"path": str(path), "speed": "10"}}).run()
    output = capsys.readouterr().out
    assert published(output) == [{"value": 1.0}, {"value": 2.0}, {"value": 4.0}]
    assert clock.waits_s[:2] == [180.0, 1.0]
    assert "replay_ended" in output
    assert metrics.snapshot()["replay_rows_skipped"] == 1


def test_recording_is_published_as_fast_as_possible_where_that_is_asked_for(
    tmp_path: Path, clock: ManualClock, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recording.csv"
    path.write_text(RECORDING)
    publisher(clock, metrics, {"source": "replay", "replay": {"path": str(path), "pace": "fastest"}}).run()
    assert len(published(capsys.readouterr().out)) == 3
    assert sum(clock.waits_s) == 0


def test_other_sources_are_read_at_the_publishers_interval(
    clock: ManualClock, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.sets_in_wait = 3
    publisher(clock, metrics, {"source": "simulated", "simulated": {"seed": "1"}}).run()
    assert len(published(capsys.readouterr().out)) == 3
    assert clock.waits_s == [5.0, 5.0, 5.0]


def test_sensor_that_cannot_be_read_is_tried_again_at_the_next_tick(
    tmp_path: Path, clock: ManualClock, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.sets_in_wait = 2
    publisher(clock, metrics, {"source": "iio", "iio": {"sysfs_root": str(tmp_path)}}).run()
    assert "no sensor of temperature" in capsys.readouterr().out
    assert metrics.snapshot()["readings_not_read"] == 2
    assert clock.waits_s == [5.0, 5.0]


def test_recording_that_is_not_there_ends_the_component(clock: ManualClock, metrics: Metrics) -> None:
    with pytest.raises(PermanentError, match=r"cannot replay /no/such\.csv"):
        publisher(clock, metrics, {"source": "replay", "replay": {"path": "/no/such.csv"}}).run()
