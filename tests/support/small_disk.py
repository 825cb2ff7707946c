"""A small file system of our own, which others can fill. Needs root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.waiting import wait_until

_BLOCK_BYTES = 4096
_WITHIN_S = 10.0


@contextmanager
def mounted(disk: Path, size_mib: int) -> Iterator[Path]:
    """A real file system of that size at `disk`, which is made; without root the test is skipped loudly."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root; CI is root and runs it")
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # also when a failed test holds files


def free_bytes(disk: Path) -> int:
    """What anybody could still write."""
    room = os.statvfs(disk)
    return room.f_bavail * room.f_frsize


def fill(disk: Path) -> Path:
    """Somebody else takes every byte that is left, what a file in the making gives back too.

    Returns:
        The file that holds them; deleting it gives them back.
    """
    ballast = disk / "ballast"

    def is_full() -> bool:
        with ballast.open("ab", buffering=0) as file:
            try:
                while file.write(bytes(_BLOCK_BYTES)):
                    pass
            except OSError:
                return free_bytes(disk) == 0
        raise AssertionError("the disk takes everything")

    wait_until(is_full, _WITHIN_S, "no byte is free")
    return ballast
