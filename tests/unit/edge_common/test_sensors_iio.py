import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_common import log
from edge_common.errors import TransientError
from edge_common.log.limits import RateLimits
from edge_common.metrics import Metrics
from edge_common.sensors import IioConfig
from edge_common.sensors.iio import IioSource
from support.sysfs import NO_ANSWER, SysfsTree

# What the drivers show, and what they have besides that is no reading.
BME280 = {  # drivers/iio/pressure/bmp280-core.c
    "in_temp_input": "24310",
    "in_temp_oversampling_ratio": "2",
    "in_pressure_input": "101.325",
    "in_pressure_oversampling_ratio": "16",
    "in_humidityrelative_input": "46333.007812",
    "in_humidityrelative_oversampling_ratio": "16",
}
SI7020 = {  # drivers/iio/humidity/si7020.c: raw values of 24.5 °C and 50 %
    "in_temp_raw": "6652",
    "in_temp_offset": "-4368",
    "in_temp_scale": "10.725097656",
    "in_humidityrelative_raw": "7340",
    "in_humidityrelative_offset": "-786",
    "in_humidityrelative_scale": "7.629394531",
}
BH1750 = {  # drivers/iio/light/bh1750.c
    "in_illuminance_raw": "480",
    "in_illuminance_scale": "0.833333",
    "in_illuminance_integration_time": "0.120060",
}
SHT3X = {  # drivers/hwmon/sht3x.c
    "temp1_input": "21870",
    "temp1_max": "130000",
    "humidity1_input": "45120",
    "humidity1_alarm": "0",
}


@pytest.fixture(autouse=True)
def _fresh_log_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test has logged must not hold back a line of this one."""
    monkeypatch.setattr(log._OUTPUT, "_limits", RateLimits(time.monotonic))


@pytest.fixture
def tree(tmp_path: Path) -> SysfsTree:
    return SysfsTree(tmp_path / "sys")


def source(tree: SysfsTree, *chips: str, metrics: Metrics | None = None) -> IioSource:
    """A source on the made tree."""
    return IioSource(IioConfig(sysfs_root=str(tree.root), chips=chips), metrics or Metrics())


def test_bme280_in_the_units_of_the_product(tree: SysfsTree) -> None:
    tree.add_iio(0, "bme280", BME280)
    assert source(tree).read() == {"temperature": 24.31, "humidity": 46.333, "pressure": 1013.25}


def test_raw_values_get_their_offset_before_their_scale(tree: SysfsTree) -> None:
    tree.add_iio(0, "1-0040", SI7020, address=0x40)
    assert source(tree).read() == pytest.approx({"temperature": 24.496, "humidity": 50.003}, abs=0.001)


def test_bh1750_gives_light(tree: SysfsTree) -> None:
    tree.add_iio(0, "bh1750", BH1750, address=0x23)
    assert source(tree).read() == {"light": 400.0}


def test_sht3x_is_found_where_its_driver_lives(tree: SysfsTree) -> None:
    tree.add_hwmon(2, "sht3x", SHT3X, device=tree.i2c(1, 0x44))
    tree.add_hwmon(0, "soc_thermal", {"temp1_input": "46230"})
    assert source(tree).read() == {"temperature": 21.87, "humidity": 45.12}


def test_value_that_the_driver_has_worked_out_is_taken_before_the_raw_one(tree: SysfsTree) -> None:
    """Newer bmp280 drivers show both."""
    tree.add_iio(0, "bme280", {**BME280, "in_temp_raw": "532480", "in_temp_scale": "0.5"})
    assert source(tree).read() == {"temperature": 24.31, "humidity": 46.333, "pressure": 1013.25}


def test_scale_may_be_shared_by_all_channels_of_a_type(tree: SysfsTree) -> None:
    attributes = {
        "in_temp0_raw": "200",
        "in_temp1_raw": "210",
        "in_temp1_scale": "50",
        "in_temp_scale": "100",
    }
    tree.add_iio(0, "adc", attributes)
    assert source(tree).read() == {"temperature": 20.0, "temperature_adc": 10.5}


def test_modifier_becomes_part_of_the_field(tree: SysfsTree) -> None:
    attributes = {"in_temp_ambient_raw": "14907", "in_temp_object_raw": "15500", "in_temp_peak_raw": "16000"}
    attributes |= {"in_temp_offset": "-13657.5", "in_temp_scale": "20"}
    tree.add_iio(0, "mlx90614", attributes)
    assert source(tree).read() == {"temperature_ambient": 24.99, "temperature_object": 36.85}


def test_further_sensors_of_a_quantity_are_named_after_their_chip(tree: SysfsTree) -> None:
    tree.add_iio(0, "si7020", SI7020, address=0x40)
    tree.add_iio(1, "bme280", BME280, address=0x77)
    tree.add_iio(2, "bme280", {**BME280, "in_temp_input": "19000"}, address=0x76)
    tree.add_iio(3, "bme280", {**BME280, "in_temp_input": "18000"}, bus=3)
    reading = source(tree).read()
    assert reading.keys() == {
        *("temperature", "temperature_bme280", "temperature_bme280_2", "temperature_si7020"),
        *("humidity", "humidity_bme280", "humidity_bme280_2", "humidity_si7020"),
        *("pressure", "pressure_bme280", "pressure_bme280_2"),
    }
    assert reading["temperature"] == 19.0
    assert reading["temperature_bme280"] == 24.31


def test_names_do_not_depend_on_the_order_in_which_drivers_loaded(tmp_path: Path) -> None:
    one, other = SysfsTree(tmp_path / "one"), SysfsTree(tmp_path / "other")
    cold = {**BME280, "in_temp_input": "4000"}
    one.add_iio(0, "bme280", BME280, address=0x76)
    one.add_iio(1, "bme280", cold, address=0x77)
    other.add_iio(0, "bme280", cold, address=0x77)
    other.add_iio(1, "bme280", BME280, address=0x76)
    assert source(one).read() == source(other).read()


def test_label_of_the_device_tree_names_a_chip(tree: SysfsTree) -> None:
    tree.add_iio(0, "bme280", BME280, address=0x76)
    tree.add_iio(1, "bme280", {**BME280, "label": "Cold Store"}, address=0x77)
    assert source(tree, "Cold Store").read() == {
        "temperature": 24.31,
        "humidity": 46.333,
        "pressure": 1013.25,
    }
    tree.add_iio(2, "abc", {**BME280, "label": "Attic"}, address=0x40)
    assert {"temperature", "temperature_bme280", "temperature_cold_store"} <= source(tree).read().keys()


def test_only_the_chosen_chips_are_read(tree: SysfsTree) -> None:
    tree.add_iio(0, "bme280", BME280)
    tree.add_iio(1, "bh1750", BH1750, address=0x23)
    assert source(tree, "bh1750").read() == {"light": 400.0}


def test_chosen_chip_that_is_not_there_is_counted_and_the_others_are_read(
    tree: SysfsTree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.add_iio(1, "bh1750", BH1750, address=0x23)
    metrics = Metrics()
    assert source(tree, "bh1750", "bme280", metrics=metrics).read() == {"light": 400.0}
    assert metrics.snapshot() == {"sensor_fields_not_read": 1}
    assert "the chip bme280 is not there" in capsys.readouterr().out


def test_no_chosen_chip_names_those_that_are_there(tree: SysfsTree) -> None:
    tree.add_iio(0, "bme280", BME280)
    with pytest.raises(
        TransientError, match=r"none of the chips bmp280 is there, but bme280\. Correct .*`chips`"
    ):
        source(tree, "bmp280").read()


def test_no_sensor_at_all_says_where_it_looked_and_what_to_do(tree: SysfsTree) -> None:
    tree.add_iio(0, "fec10000.saradc", {"in_voltage0_raw": "4095", "in_voltage_scale": "0.439453125"})
    with pytest.raises(TransientError) as failure:
        source(tree).read()
    assert str(tree.root / "bus/iio/devices") in failure.value.reason
    assert "device tree overlay" in failure.value.reason


def a_folder(tree: SysfsTree) -> Path:
    """Reading it is EISDIR."""
    return tree.root


def a_pipe(tree: SysfsTree) -> Path:
    """Nobody writes into it; reading must not wait for that."""
    pipe = tree.root.parent / "pipe"
    os.mkfifo(pipe)
    return pipe


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _: NO_ANSWER, "Input/output error. The device does not answer properly"),
        (lambda _: Path("/no/such/file"), "No such file or directory. The device or its driver is gone"),
        (a_folder, "Is a directory"),
        (a_pipe, "'' is no number"),
        (lambda _: "garbage", "'garbage' is no number"),
        (lambda _: "inf", "'inf' is no number"),
    ],
)
def test_sensor_that_cannot_be_read_is_named_by_its_file(
    tree: SysfsTree, make: Callable[[SysfsTree], str | Path], reason: str
) -> None:
    tree.root.mkdir()
    tree.add_iio(0, "bh1750", {"in_illuminance_raw": make(tree), "in_illuminance_scale": "0.833333"})
    with pytest.raises(TransientError) as failure:
        source(tree).read()
    assert "bus/iio/devices/iio:device0/in_illuminance_raw" in failure.value.reason
    assert reason in failure.value.reason


def test_scale_that_cannot_be_read_is_named_by_its_file(tree: SysfsTree) -> None:
    tree.add_iio(0, "bh1750", {"in_illuminance_raw": "480", "in_illuminance_scale": NO_ANSWER})
    with pytest.raises(TransientError, match="in_illuminance_scale: Input/output error"):
        source(tree).read()


def test_one_broken_sensor_does_not_cost_the_others(
    tree: SysfsTree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.add_iio(0, "bme280", {**BME280, "in_humidityrelative_input": NO_ANSWER})
    metrics = Metrics()
    assert source(tree, metrics=metrics).read() == {"temperature": 24.31, "pressure": 1013.25}
    assert metrics.snapshot() == {"sensor_fields_not_read": 1}
    assert "in_humidityrelative_input: Input/output error" in capsys.readouterr().out


def test_unplugged_sensor_keeps_its_field_and_comes_back_under_another_number(tree: SysfsTree) -> None:
    first = tree.add_iio(0, "bme280", BME280, address=0x76)
    tree.add_iio(1, "bme280", {**BME280, "in_temp_input": "4000"}, address=0x77)
    sensors = source(tree)
    before = sensors.read()
    tree.remove(first, "bus/iio/devices")
    assert sensors.read() == {name: value for name, value in before.items() if name.endswith("_bme280")}
    tree.add_iio(5, "bme280", BME280, address=0x76)
    assert sensors.read() == before


def test_sensor_whose_driver_loads_late_is_found(tree: SysfsTree) -> None:
    sensors = source(tree)
    with pytest.raises(TransientError):
        sensors.read()
    tree.add_iio(0, "bh1750", BH1750)
    assert sensors.read() == {"light": 400.0}
    tree.add_iio(1, "bme280", BME280)
    assert sensors.read().keys() == {"light", "temperature", "humidity", "pressure"}


def test_sensors_that_all_went_away_are_named(tree: SysfsTree) -> None:
    device = tree.add_iio(0, "bh1750", BH1750)
    sensors = source(tree)
    sensors.read()
    tree.remove(device, "bus/iio/devices")
    with pytest.raises(TransientError, match="iio:device0/in_illuminance_raw: No such file"):
        sensors.read()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_whatever_a_driver_says_is_a_finite_number_or_a_named_failure(tmp_path: Path, content: bytes) -> None:
    device = tmp_path / "bus/iio/devices/iio:device0"
    device.mkdir(parents=True, exist_ok=True)
    (device / "in_temp_input").write_bytes(content)
    try:
        (value,) = source(SysfsTree(tmp_path)).read().values()
    except TransientError as failure:
        outcome = failure.reason
    else:
        outcome = f"{device / 'in_temp_input'}" if math.isfinite(value) else "not finite"
    assert str(device / "in_temp_input") in outcome
