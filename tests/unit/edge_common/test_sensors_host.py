import time
from pathlib import Path

import psutil
import pytest

from edge_common import log
from edge_common.errors import PermanentError
from edge_common.log.limits import RateLimits
from edge_common.metrics import Metrics
from edge_common.sensors import HostConfig
from edge_common.sensors.host import HostSource
from support.sysfs import NO_ANSWER, SysfsTree

ALWAYS = {"load_1m", "memory_used_percent", "disk_used_percent", "uptime_s"}


@pytest.fixture(autouse=True)
def _fresh_log_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test has logged must not hold back a line of this one."""
    monkeypatch.setattr(log._OUTPUT, "_limits", RateLimits(time.monotonic))


@pytest.fixture
def tree(tmp_path: Path) -> SysfsTree:
    return SysfsTree(tmp_path / "sys")


def source(tree: SysfsTree, metrics: Metrics | None = None, disk_path: str = "/") -> HostSource:
    """A source on the made tree."""
    config = HostConfig(sysfs_root=str(tree.root), disk_path=disk_path)
    return HostSource(config, metrics or Metrics())


def temperatures(tree: SysfsTree) -> dict[str, float]:
    """The temperatures among a reading's fields."""
    return {name: value for name, value in source(tree).read().items() if name.endswith("_temp")}


def test_zones_of_an_orange_pi_5_with_the_vendors_kernel(tree: SysfsTree) -> None:
    kinds = {"soc": 46230, "bigcore0": 47153, "bigcore1": 46230, "littlecore": 47153}
    kinds |= {"center": 45307, "gpu": 44384, "npu": 45308}
    for number, (kind, milli_c) in enumerate(kinds.items()):
        tree.add_zone(number, f"{kind}-thermal", str(milli_c))
        tree.add_hwmon(number, f"{kind}_thermal", {"temp1_input": str(milli_c)})
    assert temperatures(tree) == {
        "cpu_temp": 46.23,
        "bigcore0_temp": 47.153,
        "bigcore1_temp": 46.23,
        "littlecore_temp": 47.153,
        "center_temp": 45.307,
        "gpu_temp": 44.384,
        "npu_temp": 45.308,
    }


def test_zones_of_an_orange_pi_5_with_the_mainline_kernel(tree: SysfsTree) -> None:
    tree.add_zone(0, "package-thermal", "41615")
    tree.add_zone(1, "bigcore2-thermal", "40692")
    assert temperatures(tree) == {"cpu_temp": 41.615, "bigcore2_temp": 40.692}


def test_laptop_with_intel_processor(tree: SysfsTree) -> None:
    tree.add_zone(0, "acpitz", "27800")
    tree.add_zone(1, "x86_pkg_temp", "52000")
    tree.add_hwmon(0, "acpitz", {"temp1_input": "27800"})
    tree.add_hwmon(1, "coretemp", {"temp1_input": "52000", "temp2_input": "55000", "temp2_max": "100000"})
    tree.add_hwmon(2, "nvme", {"temp1_input": "38850"})
    assert temperatures(tree) == {"cpu_temp": 55.0, "acpitz_temp": 27.8, "nvme_temp": 38.85}


def test_amd_processor_is_known_by_hwmon_alone(tree: SysfsTree) -> None:
    tree.add_hwmon(0, "k10temp", {"temp1_input": "61125"})
    assert temperatures(tree) == {"cpu_temp": 61.125}


def test_zones_of_one_name_give_the_hottest(tree: SysfsTree) -> None:
    tree.add_zone(9, "cpu-thermal", "51000")
    tree.add_zone(10, "cpu-thermal", "52000")
    tree.add_zone(11, "cpu-thermal", "50000")
    assert temperatures(tree) == {"cpu_temp": 52.0}


def test_zone_without_a_name_is_called_by_its_number(tree: SysfsTree) -> None:
    (tree.add_zone(4, "gone", "40000") / "type").unlink()
    assert temperatures(tree) == {"thermal_zone4_temp": 40.0}


def test_chip_that_watches_the_room_is_none_of_the_machine(tree: SysfsTree) -> None:
    tree.add_hwmon(0, "sht3x", {"temp1_input": "21000", "humidity1_input": "45000"})
    assert temperatures(tree) == {}


@pytest.mark.parametrize("content", [NO_ANSWER, "-274000", "", "n/a", "nan"])
def test_zone_without_a_value_is_left_out_counted_and_logged(
    tree: SysfsTree, content: str | Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.add_zone(0, "soc-thermal", "46230")
    zone = tree.add_zone(1, "gpu-thermal", content)
    metrics = Metrics()
    reading = source(tree, metrics).read()
    assert reading.keys() - ALWAYS == {"cpu_temp"}
    assert metrics.snapshot() == {"sensor_fields_not_read": 1}
    assert zone.name in capsys.readouterr().out


def test_zone_that_hwmon_shows_once_more_is_asked_once(tree: SysfsTree) -> None:
    tree.add_zone(0, "gpu-thermal", NO_ANSWER)
    tree.add_hwmon(0, "gpu_thermal", {"temp1_input": NO_ANSWER})
    metrics = Metrics()
    source(tree, metrics).read()
    assert metrics.snapshot() == {"sensor_fields_not_read": 1}


def test_zone_without_a_value_is_logged_when_that_changes_and_not_at_each_reading(
    tree: SysfsTree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_common.sensors.missing._SAME_CAUSE_S", 0.0)
    zone = tree.add_zone(0, "soc-thermal", "")
    machine = source(tree)
    machine.read()
    machine.read()
    (zone / "temp").write_text("46230\n")
    machine.read()
    machine.read()
    output = capsys.readouterr().out
    assert output.count("sensor_fields_not_read") == 1
    assert output.count("sensor_fields_read_again") == 1


def test_machine_without_any_zone_says_once_what_is_absent(
    tree: SysfsTree, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = source(tree)
    assert machine.read().keys() == machine.read().keys() == ALWAYS
    assert capsys.readouterr().out.count("host_fields_absent fields=cpu_temp") == 1


def test_machine_with_a_processor_zone_says_nothing(
    tree: SysfsTree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.add_zone(0, "soc-thermal", "46230")
    source(tree).read()
    assert capsys.readouterr().out == ""


def test_readings_of_this_machine_are_what_its_kernel_says() -> None:
    reading = HostSource(HostConfig(), Metrics()).read()
    assert reading["memory_used_percent"] == pytest.approx(psutil.virtual_memory().percent, abs=20)
    assert reading["disk_used_percent"] == pytest.approx(psutil.disk_usage("/").percent, abs=20)
    uptime_s = float(Path("/proc/uptime").read_text().split()[0])
    assert reading["uptime_s"] == pytest.approx(uptime_s, abs=60)
    assert reading["load_1m"] >= 0


def test_disk_path_that_is_not_there_is_refused_when_opened(tree: SysfsTree) -> None:
    with pytest.raises(PermanentError, match="disk_path: /no/such/folder is not there"):
        source(tree, disk_path="/no/such/folder")


def test_disk_that_goes_away_costs_its_field_only(tree: SysfsTree, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    metrics = Metrics()
    machine = source(tree, metrics, str(disk))
    disk.rmdir()
    assert machine.read().keys() == ALWAYS - {"disk_used_percent"}
    assert metrics.snapshot() == {"sensor_fields_not_read": 1}
