import json
from collections.abc import Mapping
from itertools import permutations
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
    sensor: SensorConfig = setting(SensorConfig(), description="Where readings come from.")


def sensor_of(section: Any) -> SensorConfig:
    """The section as a component gets it."""
    environment = {"GG_COMPONENT_CONFIG": json.dumps({"sensor": section}), "AWS_IOT_THING_NAME": "core-1"}
    return load_config(Settings, environment).sensor


def faults_of(section: Any) -> list[str]:
    """What is wrong with the section."""
    with pytest.raises(ConfigError) as refusal:
        sensor_of(section)
    return list(refusal.value.faults)


def merged(stored: Mapping[str, Any], merge: Mapping[str, Any]) -> dict[str, Any]:
    """What a deployment makes of stored configuration: objects key by key, anything else replaced."""
    result = dict(stored)
    for key, value in merge.items():
        both_objects = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both_objects else value
    return result


def test_each_source_has_a_section_of_its_own() -> None:
    assert sensor_of({"source": "host", "host": {"disk_path": "/srv"}}).host == HostConfig(disk_path="/srv")
    assert sensor_of({"source": "iio", "iio": {"chips": ["b"]}}).iio == IioConfig(chips=("b",))
    assert sensor_of({"source": "replay", "replay": {"path": "a"}}).replay == ReplayConfig(path="a")


def test_nothing_given_means_simulated_readings() -> None:
    assert load_config(Settings, {}).sensor == SensorConfig(source="simulated", simulated=SimulatedConfig())
    assert sensor_of({}) == SensorConfig()


def test_settings_as_text_mean_the_same_as_typed_ones() -> None:
    """Lite delivers every scalar of a YAML recipe as text."""
    text = {"seed": "7", "anomaly_fraction": "0.1", "temperature_max_c": "27"}
    typed = SimulatedConfig(seed=7, anomaly_fraction=0.1, temperature_max_c=27)
    assert sensor_of({"simulated": text}).simulated == typed
    assert sensor_of({"replay": {"speed": "60"}}).replay == ReplayConfig(speed=60)


def test_thing_name_is_put_into_the_settings_of_a_source() -> None:
    sensor = sensor_of({"source": "replay", "replay": {"path": "{iot:thingName}.csv"}})
    assert sensor.replay.path == "core-1.csv"


COMPLETE = [
    {"source": "simulated", "simulated": {"seed": "7"}},
    {"source": "host", "host": {"disk_path": "/srv"}},
    {"source": "iio", "iio": {"chips": ["bme280"]}},
    {"source": "replay", "replay": {"path": "a.csv", "speed": "60"}},
]


@pytest.mark.parametrize(("stored", "merge"), list(permutations(COMPLETE, 2)))
def test_deployment_that_merges_another_source_into_what_is_stored_is_accepted(
    stored: dict[str, Any], merge: dict[str, Any]
) -> None:
    alone, after_another = sensor_of(merge), sensor_of(merged(stored, merge))
    assert after_another.source == alone.source
    assert getattr(after_another, alone.source) == getattr(alone, alone.source)


IN = "/settings/sensor"
OR = "Correct it, or leave it out for"
REMEDY = "Correct the name or remove it."
KNOWN = f"Known here: source, simulated, host, iio, replay. {REMEDY}"
CHOICE = f'Allowed: "simulated", "host", "iio", "replay". {OR} "simulated".'
SEED = f"Allowed: whole number >= 0, or null. {OR} null."
FRACTION = f"Allowed: number >= 0 and <= 1. {OR} 0.0."
TEMPERATURE = f"Allowed: number >= 21 and <= 30 °C. {OR} 30.0."
CHIPS = f"Allowed: list of texts <= 32 items. {OR} []."
SPEED = f"Allowed: number >= 0.001 and <= 1000000. {OR} 1.0."
NO_PATH = f"{IN}/replay/path: missing. Allowed: text. Add it."


@pytest.mark.parametrize(
    ("section", "faults"),
    [
        ({"source": "hosts"}, [f'{IN}/source: "hosts" is not allowed. {CHOICE}']),
        ({"source": 5}, [f"{IN}/source: 5 is not allowed. {CHOICE}"]),
        ({"source": None}, [f"{IN}/source: null is not allowed. {CHOICE}"]),
        ({"source": ["host"]}, [f"{IN}/source: a list of length 1 is not allowed. {CHOICE}"]),
        ({"source": "host", "disk_path": "/"}, [f"{IN}/disk_path: unknown setting. {KNOWN}"]),
        (
            {"iio": {"sysfs_rot": "/sys"}},
            [f'{IN}/iio/sysfs_rot: unknown setting. Did you mean "sysfs_root"? {REMEDY}'],
        ),
        (
            {"source": "host", "simulated": {"seed": "x", "anomaly_fraction": "2"}},
            [
                f'{IN}/simulated/seed: "x" is not allowed. {SEED}',
                f'{IN}/simulated/anomaly_fraction: "2" is not allowed. {FRACTION}',
            ],
        ),
        (
            {"simulated": {"temperature_max_c": 20}},
            [f"{IN}/simulated/temperature_max_c: 20 is not allowed. {TEMPERATURE}"],
        ),
        ({"source": "replay"}, [NO_PATH]),
        ({"source": "replay", "replay": {}}, [NO_PATH]),
        ({"source": "replay", "replay": {"path": ""}}, [NO_PATH]),
        (
            {"source": "replay", "replay": {"speed": "0"}, "iio": {"chips": "b"}},
            [
                f'{IN}/iio/chips: "b" is not allowed. {CHIPS}',
                NO_PATH,
                f'{IN}/replay/speed: "0" is not allowed. {SPEED}',
            ],
        ),
    ],
)
def test_faults_name_the_setting_and_what_is_allowed(section: Any, faults: list[str]) -> None:
    assert faults_of(section) == faults


@pytest.mark.parametrize("source", ["simulated", "host", "iio"])
def test_path_is_not_demanded_of_a_recording_that_is_not_chosen(source: str) -> None:
    assert sensor_of({"source": source, "replay": {"speed": "2"}}).replay.speed == 2


@pytest.mark.parametrize("section", ["host", 5, None, ["host"]])
@pytest.mark.parametrize("key", ["", "/simulated", "/replay"])
def test_anything_but_a_section_is_refused(key: str, section: Any) -> None:
    (fault,) = faults_of({"source": "replay", "replay": {"path": "a"}, key[1:]: section} if key else section)
    assert fault.startswith(f"/settings/sensor{key}: ")
    assert "Allowed: object." in fault


def test_table_shows_the_choice_first_and_then_the_section_of_each_source() -> None:
    rows = {row.key: row for row in settings_table(Settings)}
    assert list(rows) == [
        "interval_s",
        "sensor/source",
        *("sensor/simulated/seed", "sensor/simulated/anomaly_fraction", "sensor/simulated/temperature_max_c"),
        *("sensor/host/disk_path", "sensor/host/sysfs_root"),
        *("sensor/iio/chips", "sensor/iio/sysfs_root"),
        *("sensor/replay/path", "sensor/replay/timestamp_column", "sensor/replay/columns"),
        *("sensor/replay/pace", "sensor/replay/speed", "sensor/replay/on_end", "sensor/replay/on_bad_row"),
    ]
    source = rows["sensor/source"]
    assert (source.type, source.default) == ("text", '"simulated"')
    assert source.range == '"simulated", "host", "iio", "replay"'
    assert "required with the source `replay`" in rows["sensor/replay/path"].description


def test_opened_source_is_the_chosen_one() -> None:
    clock, metrics = SystemClock(), Metrics()
    with open_source(SensorConfig(simulated=SimulatedConfig(seed=1)), clock, metrics) as source:
        assert source.read().keys() == {"temperature", "humidity", "pressure", "cpu_temp", "light"}
    config = SensorConfig(source="host", host=HostConfig(sysfs_root="/nowhere"))
    with open_source(config, clock, metrics) as source:
        assert source.read().keys() == {"load_1m", "memory_used_percent", "disk_used_percent", "uptime_s"}


def test_source_that_cannot_be_opened_says_why() -> None:
    clock, metrics = SystemClock(), Metrics()
    config = SensorConfig(source="replay", replay=ReplayConfig(path="/no/such.csv"))
    with (
        pytest.raises(PermanentError, match=r"cannot replay /no/such\.csv"),
        open_source(config, clock, metrics),
    ):
        pass
