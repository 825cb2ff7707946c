"""A made sysfs: real files and links in the layout of the kernel's, with content that a test chooses."""

from collections.abc import Mapping
from pathlib import Path

Attributes = Mapping[str, str | Path]  # attribute -> its text, or the file that stands in its place


class SysfsTree:
    """Devices below `devices/`, and the links to them by bus and class, as sysfs(5) arranges them.

    Args:
        root: An empty folder; what the sources call `sysfs_root`.
    """

    # The I2C controllers of the RK3588, by bus number.
    _CONTROLLERS: Mapping[int, str] = {1: "fea90000.i2c", 3: "feab0000.i2c"}

    def __init__(self, root: Path) -> None:
        self.root = root

    def add_zone(self, number: int, kind: str, milli_c: str | Path) -> Path:
        """A thermal zone; its folder."""
        zone = self.root / "devices/virtual/thermal" / f"thermal_zone{number}"
        return self._made(zone, "class/thermal", {"type": kind, "temp": milli_c, "mode": "enabled"})

    def add_hwmon(self, number: int, name: str, attributes: Attributes, device: str = "virtual") -> Path:
        """A chip of hwmon; its folder.

        Args:
            number: Of hwmonN.
            name: What the driver calls it.
            attributes: Such as `temp1_input`.
            device: What it belongs to, below `devices/`.
        """
        chip = self.root / "devices" / device / "hwmon" / f"hwmon{number}"
        return self._made(chip, "class/hwmon", {"name": name, **attributes})

    def add_iio(
        self, number: int, name: str, attributes: Attributes, *, bus: int = 1, address: int = 0x76
    ) -> Path:
        """A device of Industrial I/O on an I2C bus; its folder."""
        device = self.root / "devices" / self.i2c(bus, address) / f"iio:device{number}"
        return self._made(device, "bus/iio/devices", {"name": name, **attributes})

    def i2c(self, bus: int, address: int) -> str:
        """Where a chip on an I2C bus is, below `devices/`."""
        return f"platform/{self._CONTROLLERS[bus]}/i2c-{bus}/{bus}-{address:04x}"

    def remove(self, device: Path, listed_in: str) -> None:
        """Unplug a device.

        Args:
            device: Its folder.
            listed_in: The folder with the links to it, such as `bus/iio/devices`.
        """
        (self.root / listed_in / device.name).unlink()
        for file in device.iterdir():
            file.unlink()
        device.rmdir()

    def _made(self, device: Path, listed_in: str, attributes: Attributes) -> Path:
        device.mkdir(parents=True)
        for name, content in attributes.items():
            if isinstance(content, Path):
                (device / name).symlink_to(content)
            else:
                (device / name).write_text(f"{content}\n")
        links = self.root / listed_in
        links.mkdir(parents=True, exist_ok=True)
        (links / device.name).symlink_to(device)
        return device


# Reading it is answered with EIO, as when a chip does not acknowledge: nothing is mapped at address 0.
NO_ANSWER = Path("/proc/self/mem")
