"""Which sensors the kernel offers, in which of its units, and how the number of one becomes ours.

Owns the layout of two kernel interfaces: Industrial I/O (Documentation/ABI/testing/sysfs-bus-iio) and, for
humidity sensors whose driver lives there, hwmon (Documentation/hwmon/sysfs-interface.rst; sht3x, sht4x and
shtc1 are such). Knows no names of fields. No threads.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_common.errors import TransientError
from edge_common.sensors.sysfs import entries, read_number, read_text

IIO_DEVICES: Final = Path("bus/iio/devices")
HWMON_CHIPS: Final = Path("class/hwmon")

# Type of channel -> our field, and what its value is multiplied with. The kernel's units are milli °C, milli
# percent, kilopascal and lux; ours are °C, %, hPa and lx.
_QUANTITIES = {
    "temp": ("temperature", 1e-3),
    "humidityrelative": ("humidity", 1e-3),
    "pressure": ("pressure", 10.0),
    "illuminance": ("light", 1.0),
    "humidity": ("humidity", 1e-3),  # as hwmon calls it
}
_IIO_VALUE = re.compile(
    r"(?P<channel>in_(?P<type>temp|humidityrelative|pressure|illuminance)\d*(?:_(?P<modifier>[a-z0-9]+))?)"
    r"_(?P<kind>raw|input)"
)
_HWMON_VALUE = re.compile(r"(?P<type>temp|humidity)\d+_input")
_NO_READINGS = {"peak", "trough", "mean"}  # modifiers of what is remembered or averaged, not measured now


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured value of one chip.

    Attributes:
        chip: Its label where the device tree gives one, else its name, such as "bme280".
        place: Where it is attached; the same at every start for the same wiring.
        quantity: Our field, such as "temperature".
        modifier: Which of the chip's: "ambient", "object"; "" for the only one.
        file: What is read.
        factor: From the kernel's unit to ours.
        is_raw: Whether offset and scale of the channel have to be applied first.
    """

    chip: str
    place: str
    quantity: str
    modifier: str
    file: Path
    factor: float
    is_raw: bool = False

    def read(self) -> float:
        """The value now, in our unit.

        Raises:
            TransientError: It, its offset or its scale cannot be read.
        """
        value = read_number(self.file)
        if self.is_raw:
            value = (value + self._parameter("offset", 0.0)) * self._parameter("scale", 1.0)
        return value * self.factor

    def _parameter(self, kind: str, otherwise: float) -> float:
        """The channel's own, or what all of its type share; where there is none it changes nothing."""
        own = self.file.name.removesuffix("_raw")
        shared = "_".join(own.split("_")[:2]).rstrip("0123456789")
        for prefix in dict.fromkeys((own, shared)):
            if (file := self.file.with_name(f"{prefix}_{kind}")).exists():
                return read_number(file)
        return otherwise


def find_channels(sysfs_root: Path) -> list[Channel]:
    """Everything that measures now, ordered by chip and place; a chip that cannot be asked is left out."""
    found = [*_iio_channels(sysfs_root / IIO_DEVICES), *_hwmon_channels(sysfs_root / HWMON_CHIPS)]
    return sorted(found, key=lambda channel: (channel.chip, _natural(channel.place), channel.file.name))


def _iio_channels(devices: Path) -> Iterator[Channel]:
    for device in entries(devices, "iio:device*"):
        for file in entries(device, "in_*"):
            match = _IIO_VALUE.fullmatch(file.name)
            if match is None or match["modifier"] in _NO_READINGS:
                continue
            is_raw = match["kind"] == "raw"
            if is_raw and file.with_name(f"{match['channel']}_input").exists():
                continue  # the driver has done the sum itself
            yield _channel(device, file, match["type"], match["modifier"] or "", is_raw=is_raw)


def _hwmon_channels(chips: Path) -> Iterator[Channel]:
    for chip in entries(chips, "hwmon*"):
        if not any(chip.glob("humidity*_input")):
            continue  # it watches the machine and not the room: the source `host` reads those
        for file in entries(chip, "*_input"):
            if match := _HWMON_VALUE.fullmatch(file.name):
                yield _channel(chip, file, match["type"], "", is_raw=False)


def _channel(device: Path, file: Path, kind: str, modifier: str, *, is_raw: bool) -> Channel:
    quantity, factor = _QUANTITIES[kind]
    return Channel(_chip(device), _place(device), quantity, modifier, file, factor, is_raw)


def _chip(device: Path) -> str:
    for name in ("label", "name"):
        try:
            if text := read_text(device / name):
                return text
        except TransientError:
            continue  # both are optional
    return device.name


def _place(device: Path) -> str:
    """Such as `…/i2c-1/1-0076/iio:device0`: the bus address stays, the number may change with each start."""
    return str(device.resolve())


def _natural(text: str) -> list[str | int]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", text)]
