"""The source `iio`: sensors on the board's buses, through Linux's Industrial I/O (BME280, BH1750, Si7020 …).

Reads /sys/bus/iio/devices as Documentation/ABI/testing/sysfs-bus-iio describes it. Climate sensors whose
driver belongs to hwmon instead (SHT3x, SHT4x: Documentation/hwmon/sht3x) are found in /sys/class/hwmon by
having a humidity, and read the same way.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_common.config import ComponentConfig, setting
from edge_common.errors import ConfigError, TransientError
from edge_common.sensors.source import UNITS
from edge_common.sensors.sysfs import free_name, numbered_folders, read_number, read_text, word

# Channel type of the kernel -> our quantity, and the factor from the kernel's unit to ours.
_IIO_QUANTITIES = {
    "temp": ("temperature", 0.001),  # milli-degrees Celsius -> °C
    "humidityrelative": ("humidity", 0.001),  # milli-percent -> %
    "pressure": ("pressure", 10.0),  # kPa -> hPa
    "illuminance": ("light", 1.0),  # lx
}
_HWMON_QUANTITIES = {"temp": ("temperature", 0.001), "humidity": ("humidity", 0.001)}  # the same milli-units
_CHANNEL = re.compile(rf"in_(({'|'.join(_IIO_QUANTITIES)})(\d*)((?:_[a-z0-9]+)*))_(input|raw)")
_HWMON_CHANNEL = re.compile(rf"({'|'.join(_HWMON_QUANTITIES)})(\d+)_input")
_DECIMALS = 3


class IioConfig(ComponentConfig):
    """Settings of the source `iio`."""

    devices: list[str] = setting(
        [],
        description="Names of the sensors to read, the first for the plain fields; empty: all there are.",
    )
    sysfs_root: str = setting("/sys", min_length=1, description="Where the kernel's sysfs is mounted.")


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of one sensor.

    Attributes:
        quantity: Our word for it, with what the kernel adds: `temperature`, `temperature_object`.
        unit: Of its values.
        file: The kernel's file with the value.
        scale: File with the factor from the raw value to the kernel's unit; None: there is none.
        offset: File with what is added to the raw value before; None: there is none.
        factor: From the kernel's unit to ours.
    """

    quantity: str
    unit: str
    file: Path
    scale: Path | None
    offset: Path | None
    factor: float

    def read(self) -> float:
        """The value in its unit: (raw + offset) * scale * factor.

        Raises:
            TransientError: A file cannot be read; the reason names it.
        """
        value = read_number(self.file)
        if self.offset is not None:
            value += read_number(self.offset)
        if self.scale is not None:
            value *= read_number(self.scale)
        return round(value * self.factor, _DECIMALS)


class IioSource:
    """All channels of all configured sensors. Used by one thread.

    The first sensor that measures a quantity has the plain field (`temperature`), later ones put their name
    before it (`si7020_temperature`). First is who comes first in `devices`, else who has the lower number.

    Raises:
        ConfigError: A sensor of `devices` is not there, or there is none at all.
    """

    def __init__(self, config: IioConfig) -> None:
        self._sysfs = Path(config.sysfs_root)
        self._wanted = config.devices
        found = dict(sensors(self._sysfs))
        names = sorted({name_of(folder) for folder in found})
        missing = [name for name in config.devices if name not in names]
        faults = [f"devices: no sensor {n!r}; there are {', '.join(names) or 'none'}." for n in missing]
        if not found:
            faults.append(
                f"no sensor below {self._sysfs}: enable its overlay, load its driver (modprobe bme280), "
                "and look with `ls /sys/bus/iio/devices`."
            )
        if faults:
            raise ConfigError(faults)
        self._channels = self._named(found)

    @property
    def fields(self) -> Mapping[str, str]:
        """What the sensors measure."""
        return {field: channel.unit for field, channel in self._channels.items()}

    def read(self) -> dict[str, float]:
        """Read every channel.

        Raises:
            TransientError: One cannot be read; the reason names the file.
        """
        try:
            return {field: channel.read() for field, channel in self._channels.items()}
        except TransientError:
            # A sensor that was unplugged, or whose driver was bound again, comes back under another number.
            # Taken only when every field is there again: a field must not change its sensor meanwhile.
            found = self._named(dict(sensors(self._sysfs)))
            if found.keys() == self._channels.keys():
                self._channels = found
            raise

    def close(self) -> None:
        """Nothing is open."""

    def _named(self, found: Mapping[Path, list[Channel]]) -> dict[str, Channel]:
        """Field -> channel."""
        named: dict[str, Channel] = {}
        for folder in self._in_order(found):
            for channel in found[folder]:
                plain = channel.quantity
                field = plain if plain not in named else f"{word(name_of(folder))}_{plain}"
                named[free_name(field, named)] = channel
        return named

    def _in_order(self, found: Mapping[Path, list[Channel]]) -> list[Path]:
        if not self._wanted:
            return list(found)
        wanted = [folder for folder in found if name_of(folder) in self._wanted]
        return sorted(wanted, key=lambda folder: self._wanted.index(name_of(folder)))


def sensors(sysfs: Path) -> Iterator[tuple[Path, list[Channel]]]:
    """Every sensor's folder and channels: Industrial I/O first, then hwmon chips that measure a humidity."""
    for folder in numbered_folders(sysfs / "bus" / "iio" / "devices", "iio:device"):
        if channels := iio_channels(folder):
            yield folder, channels
    for folder in numbered_folders(sysfs / "class" / "hwmon", "hwmon"):
        if (folder / "humidity1_input").exists():
            yield folder, hwmon_channels(folder)


def iio_channels(folder: Path) -> list[Channel]:
    """The channels of one iio:deviceN that the product has words for."""
    channels: dict[str, Channel] = {}
    # _input, the processed value, sorts before _raw and wins where a driver offers both.
    for file in sorted(folder.iterdir()):
        match = _CHANNEL.fullmatch(file.name)
        if match is None or match[1] in channels:
            continue
        channel, kind, _, modifier, form = match.groups()
        quantity, factor = _IIO_QUANTITIES[kind]
        channels[channel] = Channel(
            quantity=f"{quantity}{modifier}",
            unit=UNITS[quantity],
            file=file,
            scale=_shared(folder, channel, kind, "scale") if form == "raw" else None,
            offset=_shared(folder, channel, kind, "offset") if form == "raw" else None,
            factor=factor,
        )
    return list(channels.values())


def hwmon_channels(folder: Path) -> list[Channel]:
    """Temperatures and humidities of one hwmonN."""
    return [
        Channel(quantity, UNITS[quantity], file, scale=None, offset=None, factor=factor)
        for file in sorted(folder.iterdir())
        if (match := _HWMON_CHANNEL.fullmatch(file.name))
        for quantity, factor in [_HWMON_QUANTITIES[match[1]]]
    ]


def name_of(folder: Path) -> str:
    """The sensor's name as its driver gives it; the folder's where the driver gives none."""
    try:
        return read_text(folder / "name") or folder.name
    except TransientError:
        return folder.name


def _shared(folder: Path, channel: str, kind: str, attribute: str) -> Path | None:
    """The channel's own attribute (in_temp0_scale), or the one that all of its type share (in_temp_scale)."""
    own, shared = folder / f"in_{channel}_{attribute}", folder / f"in_{kind}_{attribute}"
    return next((file for file in (own, shared) if file.exists()), None)
