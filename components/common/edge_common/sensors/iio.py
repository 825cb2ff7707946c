"""Real sensors that a driver of the kernel reads: BME280, SHT3x, BH1750 and their like.

Owns the names of the fields. No threads.

| field       | unit | of the kernel's                                       |
|-------------|------|-------------------------------------------------------|
| temperature | °C   | in_temp, temp1_input (milli °C)                       |
| humidity    | %    | in_humidityrelative, humidity1_input (milli %)        |
| pressure    | hPa  | in_pressure (kPa)                                     |
| light       | lx   | in_illuminance (lx)                                   |

A second sensor of the same quantity is called `temperature_<chip>`, a third one of the same chip
`temperature_<chip>_2`; `in_temp_object_raw` is `temperature_object`.
"""

import re
from pathlib import Path

from edge_common.config import ComponentConfig, setting
from edge_common.errors import TransientError
from edge_common.log import get_logger
from edge_common.metrics import Metrics
from edge_common.sensors.iio_channels import HWMON_CHIPS, IIO_DEVICES, Channel, find_channels
from edge_common.sensors.missing import MissingFields

_DECIMALS = 3

_log = get_logger("iio")


class IioConfig(ComponentConfig):
    """Settings of the source `iio`."""

    chips: tuple[str, ...] = setting(
        (), max_length=32, description="Names or labels of the chips to read, such as bme280; empty: all."
    )
    sysfs_root: str = setting(
        "/sys", min_length=1, description="Where sysfs is mounted; in a container it may be elsewhere."
    )


class IioSource:
    """Reads whatever is attached, and looks for new sensors at each reading: drivers may load late.

    A field keeps its name as long as the process lives, also while its sensor is away.

    Args:
        config: Which chips, and where.
        metrics: `sensor_fields_not_read` counts fields that are missing in readings.
    """

    due_s: None = None

    def __init__(self, config: IioConfig, metrics: Metrics) -> None:
        self._config = config
        self._root = Path(config.sysfs_root)
        self._channels: dict[str, Channel] = {}  # field -> channel
        self._missing = MissingFields("iio", metrics)

    def read(self) -> dict[str, float]:
        """Every sensor's value now; one that cannot be read is left out, logged and counted.

        Raises:
            TransientError: There is no sensor, or none can be read.
        """
        self._look_around()
        values: dict[str, float] = {}
        faults: list[str] = []
        for field, channel in self._channels.items():
            try:
                values[field] = round(channel.read(), _DECIMALS)
            except TransientError as error:
                faults.append(error.reason)
        if not self._channels:
            raise TransientError(self._nothing_there())
        here = {channel.chip for channel in self._channels.values()}
        faults += [f"the chip {chip} is not there." for chip in self._config.chips if chip not in here]
        if not values:
            raise TransientError(" ".join(faults))
        self._missing.note(faults)
        return values

    def _look_around(self) -> None:
        """Give each sensor that is new a field, and find those again that were renumbered meanwhile."""
        unseen = dict(self._channels)
        for channel in self._wanted(find_channels(self._root)):
            field = next((name for name, known in unseen.items() if _same(known, channel)), None)
            if field is None:
                field = self._new_field(channel)
                _log.info("sensor_found", field=field, chip=channel.chip, file=str(channel.file))
            unseen.pop(field, None)
            self._channels[field] = channel

    def _wanted(self, channels: list[Channel]) -> list[Channel]:
        wanted = self._config.chips
        return [channel for channel in channels if not wanted or channel.chip in wanted]

    def _new_field(self, channel: Channel) -> str:
        quantity = "_".join(filter(None, (channel.quantity, channel.modifier)))
        chip = re.sub(r"[^a-z0-9]+", "_", channel.chip.lower()).strip("_")
        if quantity not in self._channels:
            return quantity
        name = f"{quantity}_{chip}"
        number = 2
        while name in self._channels:
            name = f"{quantity}_{chip}_{number}"
            number += 1
        return name

    def _nothing_there(self) -> str:
        found = ", ".join(sorted({channel.chip for channel in find_channels(self._root)}))
        if found:
            wanted = ", ".join(self._config.chips)
            return f"none of the chips {wanted} is there, but {found}. Correct the setting `chips`."
        where = f"{self._root / IIO_DEVICES} and {self._root / HWMON_CHIPS}"
        remedy = (
            "Wire it, enable its device tree overlay or name it in the bus's new_device, and look at dmesg"
        )
        return f"no sensor of temperature, humidity, pressure or light in {where}. {remedy}."


def _same(one: Channel, other: Channel) -> bool:
    """Whether both are the same channel of the same chip at the same address, whatever its number is now."""
    return (one.chip, one.file.name, Path(one.place).parent) == (
        other.chip,
        other.file.name,
        Path(other.place).parent,
    )
