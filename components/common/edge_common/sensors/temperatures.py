"""The temperatures that the kernel knows of the machine itself. No threads.

Owns the layout of /sys/class/thermal (Documentation/driver-api/thermal/sysfs-api.rst) and of the temperatures
in /sys/class/hwmon (Documentation/hwmon/sysfs-interface.rst), both in milli °C, and the names of the fields:
`cpu_temp` is the hottest of the zones that stand for the processor, every other one is `<zone>_temp`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge_common.errors import TransientError
from edge_common.sensors.sysfs import ABSOLUTE_ZERO_C, entries, read_number, read_text

CPU_FIELD: Final = "cpu_temp"
_SUFFIX = re.compile(r"[-_ ]?(?:thermal|temp)$")
# Without their suffix: soc-thermal (Rockchip's kernel) and package-thermal (mainline) of the RK3588,
# cpu-thermal of many boards, x86_pkg_temp and coretemp of Intel's processors, k8temp, k10temp and zenpower of
# AMD's.
_PROCESSOR = re.compile(r"cpu|soc|package|x86_pkg|core|k8|k10|zenpower")
_DECIMALS = 3


def read_temperatures(sysfs_root: Path) -> tuple[dict[str, float], list[str]]:
    """What can be read now, and why the rest cannot.

    Returns:
        Field -> °C, the hottest where several zones have one name; and the reason of each that has no value.
    """
    hottest: dict[str, float] = {}
    faults: list[str] = []
    zones: set[str] = set()
    for name, file in _thermal_zones(sysfs_root):
        zones.add(name)
        _take(hottest, faults, name, file)
    for name, file in _hwmon_temperatures(sysfs_root):
        if name not in zones:  # the kernel shows most zones there once more
            _take(hottest, faults, name, file)
    return {name: round(value, _DECIMALS) for name, value in hottest.items()}, faults


def _take(hottest: dict[str, float], faults: list[str], name: str, file: Path) -> None:
    try:
        value_c = read_number(file) / 1000
    except TransientError as error:
        faults.append(error.reason)
        return
    if value_c < ABSOLUTE_ZERO_C:  # THERMAL_TEMP_INVALID, -274 °C, of a zone that has not measured yet
        faults.append(f"{file} says {value_c:g} °C: the zone has no value yet.")
        return
    field = CPU_FIELD if _PROCESSOR.match(name) else f"{name}_temp"
    hottest[field] = max(value_c, hottest.get(field, value_c))


def _thermal_zones(sysfs_root: Path) -> Iterator[tuple[str, Path]]:
    for zone in entries(sysfs_root / "class/thermal", "thermal_zone*"):
        yield _name(zone / "type", zone.name), zone / "temp"


def _hwmon_temperatures(sysfs_root: Path) -> Iterator[tuple[str, Path]]:
    for chip in entries(sysfs_root / "class/hwmon", "hwmon*"):
        if any(chip.glob("humidity*_input")):
            continue  # it watches the room: the source `iio` reads those
        name = _name(chip / "name", chip.name)
        for file in entries(chip, "temp*_input"):
            yield name, file


def _name(file: Path, otherwise: str) -> str:
    try:
        text = read_text(file).lower()
    except TransientError:
        text = ""
    return re.sub(r"[^a-z0-9]+", "_", _SUFFIX.sub("", text)).strip("_") or otherwise
