import json
from typing import Any

import pytest

from edge_common.clock import SystemClock
from edge_common.config import ComponentConfig, load_config, setting, settings_table
from edge_common.errors import ConfigError, PermanentError
from edge_common.metrics import Metrics
from edge_common.sensors import (
    HostConfig,
    IioConfig,
    ReplayConfig,
    SensorConfig,
    SimulatedConfig,
    open_source,
)


class Settings(ComponentConfig):
    """A component with a sensor source."""

    interval_s: float = setting(5.0, unit="s", description="Time between readings.")
    sensor: SensorConfig = setting(SimulatedConfig(), description="Where readings come from.")


def sensor_of(section: Any) -> Any:
    """The section as a component gets it."""
    environment = {"GG_COMPONENT_CONFIG": json.dumps({"sensor": section}), "AWS_IOT_THING_NAME": "core-1"}
    return load_config(Settings, environment).sensor


def test_source_chooses_the_settings() -> None:
    assert sensor_of({"source": "simulated"}) == SimulatedConfig()
    assert sensor_of({"source": "host", "disk_path": "/srv"}) == HostConfig(disk_path="/srv")
    assert sensor_of({"source": "iio", "chips": ["bme280"]}) == IioConfig(chips=("bme280",))
    assert sensor_of({"source": "replay", "path": "a.csv"}) == ReplayConfig(path="a.csv")


def test_nothing_given_means_simulated_readings() -> None:
    assert load_config(Settings, {}).sensor == SimulatedConfig()


def test_settings_as_text_mean_the_same_as_typed_ones() -> None:
    """Lite delivers every scalar of a YAML recipe as text."""
    text = {"source": "simulated", "seed": "7", "anomaly_fraction": "0.1", "temperature_max_c": "27"}
    assert sensor_of(text) == SimulatedConfig(seed=7, anomaly_fraction=0.1, temperature_max_c=27)
    text = {"source": "replay", "path": "a.csv", "speed": "60"}
    assert sensor_of(text) == ReplayConfig(path="a.csv", speed=60)


def test_thing_name_is_put_into_the_settings_of_a_source() -> None:
    assert sensor_of({"source": "replay", "path": "{iot:thingName}.csv"}).path == "core-1.csv"


REMEDY = "Correct the name or remove it."
FRACTION = "number >= 0 and <= 1"
TEMPERATURES = "number >= 21 and <= 30 °C"
OR = "Correct it, or leave it out for"
FOUR = 'Allowed: "simulated", "host", "iio", "replay".'


@pytest.mark.parametrize(
    ("section", "faults"),
    [
        ({"source": "hosts"}, [f'/settings/sensor/source: "hosts" is not allowed. {FOUR} Correct it.']),
        ({"source": 5}, [f"/settings/sensor/source: 5 is not allowed. {FOUR} Correct it."]),
        ({"source": True}, [f"/settings/sensor/source: true is not allowed. {FOUR} Correct it."]),
        ({"source": None}, [f"/settings/sensor/source: null is not allowed. {FOUR} Correct it."]),
        (
            {"source": ["host"]},
            [f"/settings/sensor/source: a list of length 1 is not allowed. {FOUR} Correct it."],
        ),
        ({}, [f"/settings/sensor/source: missing. {FOUR} Add it."]),
        ({"disk_path": "/"}, [f"/settings/sensor/source: missing. {FOUR} Add it."]),
        ({"source": "replay"}, ["/settings/sensor/path: missing. Allowed: text >= 1 characters. Add it."]),
        (
            {"source": "host", "seed": 1},
            [f"/settings/sensor/seed: unknown setting. Known here: source, disk_path, sysfs_root. {REMEDY}"],
        ),
        (
            {"source": "iio", "sysfs_rot": "/sys"},
            [f'/settings/sensor/sysfs_rot: unknown setting. Did you mean "sysfs_root"? {REMEDY}'],
        ),
        (
            {"source": "simulated", "seed": "x", "anomaly_fraction": "2"},
            [
                f'/settings/sensor/seed: "x" is not allowed. Allowed: whole number >= 0, or null. {OR} null.',
                f'/settings/sensor/anomaly_fraction: "2" is not allowed. Allowed: {FRACTION}. {OR} 0.0.',
            ],
        ),
        (
            {"source": "simulated", "temperature_max_c": 20},
            [f"/settings/sensor/temperature_max_c: 20 is not allowed. Allowed: {TEMPERATURES}. {OR} 30.0."],
        ),
    ],
)
def test_faults_name_the_setting_and_what_is_allowed(section: Any, faults: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        sensor_of(section)
    assert list(refusal.value.faults) == faults


@pytest.mark.parametrize("section", ["host", 5, None, ["host"]])
def test_anything_but_a_section_is_refused(section: Any) -> None:
    with pytest.raises(ConfigError) as refusal:
        sensor_of(section)
    (fault,) = refusal.value.faults
    assert fault.startswith("/settings/sensor: ")
    assert "Allowed: object." in fault


def test_table_shows_the_choice_first_and_then_the_settings_of_each_source() -> None:
    rows = {row.key: row for row in settings_table(Settings)}
    assert list(rows) == [
        "interval_s",
        *("sensor/source", "sensor/seed", "sensor/anomaly_fraction", "sensor/temperature_max_c"),
        *("sensor/disk_path", "sensor/sysfs_root", "sensor/chips"),
        *("sensor/path", "sensor/timestamp_column", "sensor/columns", "sensor/pace", "sensor/speed"),
        *("sensor/on_end", "sensor/on_bad_row"),
    ]
    assert len(rows) == len(settings_table(Settings))
    source = rows["sensor/source"]
    assert (source.type, source.default) == ("text", '"simulated"')
    assert source.range == '"simulated", "host", "iio", "replay"'
    assert source.description.startswith("`simulated`: Made-up readings. `host`: ")
    assert rows["sensor/seed"].description.startswith("With `simulated`: ")
    assert rows["sensor/sysfs_root"].description.startswith("With `host`, `iio`: ")
    assert rows["sensor/path"].default == ""
    assert rows["sensor/columns"].type == "object of texts"


def test_opened_source_is_the_chosen_one() -> None:
    clock, metrics = SystemClock(), Metrics()
    with open_source(SimulatedConfig(seed=1), clock, metrics) as source:
        assert source.read().keys() == {"temperature", "humidity", "pressure", "cpu_temp", "light"}
    with open_source(HostConfig(sysfs_root="/nowhere"), clock, metrics) as source:
        assert source.read().keys() == {"load_1m", "memory_used", "disk_used", "uptime_s"}


def test_source_that_cannot_be_opened_says_why() -> None:
    clock, metrics = SystemClock(), Metrics()
    with (
        pytest.raises(PermanentError, match=r"cannot replay /no/such\.csv"),
        open_source(ReplayConfig(path="/no/such.csv"), clock, metrics),
    ):
        pass
