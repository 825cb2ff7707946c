"""A disk of our own: ext4 in a file, mounted through a loop device, so that the kernel counts only us.

Owns the mount and its end. Needs root and util-linux; no threads. The loop device is made with the mount and
the kernel takes it away with the mount, so whoever runs this in a mount namespace of its own (`unshare
--mount`) leaves nothing behind, however it dies.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

SECTOR_BYTES = (
    512  # of /sys/block/*/stat, whatever the device's own are (Linux, Documentation/block/stat.rst)
)
_SECTORS_WRITTEN = 6  # the field's place there
# The first is our own; without the second, ext4 goes on writing inode tables and a journal for minutes.
_MKFS = ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0")


class BlockDeviceError(Exception):
    """The disk cannot be made here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class BlockDevice:
    """A mounted disk.

    Attributes:
        path: Where it is mounted, empty but for `lost+found`.
        statistics: The kernel's counters of its device.
    """

    path: Path
    statistics: Path

    def written_bytes(self) -> int:
        """Everything written to the device so far: data, metadata and journal, none of it still in memory.

        Freezing a file system brings all of it to its place, the metadata in ext4's journal too.
        """
        subprocess.run(["fsfreeze", "--freeze", str(self.path)], check=True)
        subprocess.run(["fsfreeze", "--unfreeze", str(self.path)], check=True)
        return int(self.statistics.read_text().split()[_SECTORS_WRITTEN]) * SECTOR_BYTES


class Meter:
    """Counts the bytes that reach the device between entering and leaving.

    Attributes:
        written_bytes: Known after leaving.
    """

    def __init__(self, device: BlockDevice) -> None:
        self._device = device
        self.written_bytes = 0

    def __enter__(self) -> Self:
        self._before = self._device.written_bytes()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.written_bytes = self._device.written_bytes() - self._before


def require_root() -> None:
    """Say early what would fail late.

    Raises:
        BlockDeviceError: This is not root.
    """
    if os.geteuid() != 0:
        raise BlockDeviceError(
            "this needs root: it mounts a disk of its own through a loop device, so that the kernel counts "
            "nobody else's bytes. Run it with sudo."
        )


@contextmanager
def block_device(folder: Path, size_bytes: int) -> Iterator[BlockDevice]:
    """A fresh disk of `size_bytes`, its file and its mount point in `folder`; gone when the body ends.

    Args:
        folder: On a real file system; the file takes up only what is written to it.
        size_bytes: The most it ever takes.

    Raises:
        BlockDeviceError: Not root, or a tool is missing, or the kernel has no loop devices.
    """
    require_root()
    image, mount = folder / "disk.ext4", folder / "disk"
    mount.mkdir()
    image.touch()
    try:
        os.truncate(image, size_bytes)
        _run(*_MKFS, str(image))
        _run("mount", "-t", "ext4", "-o", "loop", str(image), str(mount))
    finally:
        image.unlink()  # the loop device holds it: its room is free again as soon as that goes
    try:
        device = mount.stat().st_dev
        yield BlockDevice(mount, Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat"))
    finally:
        _run("umount", str(mount))
        mount.rmdir()


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BlockDeviceError(f"{command[0]} is missing: apt-get install e2fsprogs util-linux") from error
    except subprocess.CalledProcessError as error:
        reason = f"{' '.join(command)} failed: {error.stderr.strip()}. Loop devices and ext4 are needed."
        raise BlockDeviceError(reason) from error
