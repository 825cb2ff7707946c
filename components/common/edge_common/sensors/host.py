"""The source `host`: the machine itself, as its kernel sees it.

Temperatures come from /sys/class/thermal and /sys/class/hwmon; load, memory, disk and uptime from psutil and
the kernel's clock. What this machine lacks is said once, in the log, and left out of the readings.
"""

import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from edge_common.config import ComponentConfig, setting
from edge_common.errors import ConfigError, TransientError
from edge_common.log import get_logger
from edge_common.sensors.source import UNITS
from edge_common.sensors.sysfs import free_name, numbered_folders, read_number, read_text, word

# What `cpu_temp` is, the first that is there: Rockchip's vendor kernel and mainline, Raspberry Pi and many
# others, Intel by thermal zone and by hwmon, AMD. Without any of them it is the hottest thermal zone.
_CPU_FIELDS = (
    "soc_temp",
    "package_temp",
    "cpu_temp",
    "x86_pkg_temp",
    "coretemp_package_id_0_temp",
    "k10temp_tctl_temp",
)
_MILLI = 1000.0
_DECIMALS = 2

_log = get_logger("sensors")


class HostConfig(ComponentConfig):
    """Settings of the source `host`."""

    disk_path: str = setting("/", min_length=1, description="Any path on the disk whose use is measured.")
    sysfs_root: str = setting("/sys", min_length=1, description="Where the kernel's sysfs is mounted.")


class HostSource:
    """Readings of the machine. Used by one thread.

    Fields: `cpu_temp`; one for each thermal zone, `soc_temp` for soc-thermal, `bigcore0_temp` for
    bigcore0-thermal; one for each other hwmon temperature, `nvme_composite_temp`; all in °C. `load_1m`
    (runnable tasks, mean of a minute), `memory_used_percent`, `disk_used_percent`, `uptime_s`.

    Raises:
        ConfigError: `disk_path` is not there.
    """

    def __init__(self, config: HostConfig) -> None:
        sysfs = Path(config.sysfs_root)
        self._disk_path = config.disk_path
        self._zones = thermal_zones(sysfs)
        self._inputs = self._zones | hwmon_inputs(sysfs, self._zones)
        self._cpu_field = next((field for field in _CPU_FIELDS if field in self._inputs), None)
        self._unreadable: set[str] = set()
        try:
            psutil.disk_usage(self._disk_path)
        except OSError as error:
            fault = f"disk_path {self._disk_path!r}: {error.strerror}. Name a path on the disk to watch."
            raise ConfigError([fault]) from error
        if not self._inputs:
            _log.warning("host_has_no_temperatures", looked_in=str(sysfs), absent="cpu_temp")

    @property
    def fields(self) -> Mapping[str, str]:
        """What this machine has."""
        temperatures = dict.fromkeys(self._inputs, UNITS["cpu_temp"])
        if self._zones or self._cpu_field:
            temperatures["cpu_temp"] = UNITS["cpu_temp"]
        units = {"load_1m": "tasks", "memory_used_percent": "%", "disk_used_percent": "%", "uptime_s": "s"}
        return temperatures | units

    def read(self) -> dict[str, float]:
        """One reading; a temperature that cannot be read now is left out, and said once."""
        reading = self._temperatures()
        if self._cpu_field in reading:
            reading["cpu_temp"] = reading[self._cpu_field]
        elif zones := reading.keys() & self._zones.keys():
            reading["cpu_temp"] = max(reading[zone] for zone in zones)
        reading["load_1m"] = round(psutil.getloadavg()[0], _DECIMALS)
        reading["memory_used_percent"] = psutil.virtual_memory().percent
        reading["disk_used_percent"] = psutil.disk_usage(self._disk_path).percent
        # Since the kernel started, sleep included; needs no wall clock, which a board may not have yet.
        reading["uptime_s"] = round(time.clock_gettime(time.CLOCK_BOOTTIME), _DECIMALS)
        return reading

    def close(self) -> None:
        """Nothing is open."""

    def _temperatures(self) -> dict[str, float]:
        reading = {}
        for field, file in self._inputs.items():
            try:
                reading[field] = round(read_number(file) / _MILLI, _DECIMALS)
            except TransientError as error:
                # A zone of a block that is powered down reports an error until it is powered up.
                if field not in self._unreadable:
                    _log.warning("host_sensor_unreadable", field=field, reason=error.reason)
                self._unreadable.add(field)
            else:
                self._unreadable.discard(field)
        return reading


def thermal_zones(sysfs: Path) -> dict[str, Path]:
    """Field -> file with milli-degrees Celsius, for every zone of /sys/class/thermal."""
    files: dict[str, Path] = {}
    for zone in numbered_folders(sysfs / "class" / "thermal", "thermal_zone"):
        kind = _text_or_nothing(zone / "type") or zone.name
        files[free_name(_temperature_field(kind), files)] = zone / "temp"
    return files


def hwmon_inputs(sysfs: Path, zones: Mapping[str, Path]) -> dict[str, Path]:
    """The same for /sys/class/hwmon, without the chips that only repeat a thermal zone."""
    files: dict[str, Path] = {}
    for chip in numbered_folders(sysfs / "class" / "hwmon", "hwmon"):
        name = _text_or_nothing(chip / "name") or chip.name
        if _temperature_field(name) in zones:
            continue
        for file in sorted(chip.glob("temp*_input")):
            channel = file.name.removesuffix("_input")
            label = _text_or_nothing(chip / f"{channel}_label")
            plain = name if channel == "temp1" and not label else f"{name} {label or channel}"
            files[free_name(_temperature_field(plain), files)] = file
    return files


def _temperature_field(name: str) -> str:
    field = word(name).removesuffix("_thermal").removesuffix("_temp")
    return f"{field}_temp"


def _text_or_nothing(file: Path) -> str:
    try:
        return read_text(file)
    except TransientError:
        return ""  # a label is a convenience; without one the kernel's own number names the sensor
