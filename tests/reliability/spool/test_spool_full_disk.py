import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_common.spool import OnFull, Spool, SpoolFullError, SpoolLimits
from support.spooling import records_of, seeded

DISK_MIB = 32
FILLS = 10
FILLS_RELEASE = 100
MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 32 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root; CI is root and runs it")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill_the_rest(disk: Path) -> Path:
    """Somebody else takes every byte that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(BLOCK)):
                pass
        except OSError:
            return ballast
    raise AssertionError("the disk takes everything")


BLOCK = 4096


def fill_and_drain(disk: Path, fills: int) -> None:
    """Fill the disk, drain at no byte free, take in again; each time everything adds up."""
    chance = seeded(fills)
    limits = SpoolLimits(64 * MIB, OnFull.REJECT, min_free_bytes=0, segment_bytes=2 * MIB)
    taken: list[int] = []
    with Spool(disk / "spool", limits) as spool:
        for _ in range(fills):
            taken += _until_full(spool, chance)
            ballast = fill_the_rest(disk)
            waiting = spool.statistics()
            found = records_of(spool, 1000)
            assert list(found) == list(range(waiting.released, waiting.next_number))
            half = waiting.released + waiting.records // 2
            spool.release(half)
            spool.release(waiting.next_number - 1)
            assert spool.statistics().records == 0
            ballast.unlink()
            assert spool.append(b"fresh") == waiting.next_number
            taken.append(waiting.next_number)
    assert taken == list(range(len(taken)))
    now = spool.statistics()
    assert (now.dropped, now.damaged, now.failed_commits) == (0, 0, 0)


def _until_full(spool: Spool, chance: random.Random) -> list[int]:
    numbers: list[int] = []
    while True:
        try:
            numbers += spool.append_many([chance.randbytes(100_000) for _ in range(8)])
        except SpoolFullError:
            return numbers


def test_a_full_disk_drains_with_no_byte_free(small_disk: Path) -> None:
    fill_and_drain(small_disk, FILLS)


@pytest.mark.release
@pytest.mark.timeout(600)
def test_a_hundred_full_disks_drain_with_no_byte_free(small_disk: Path) -> None:
    fill_and_drain(small_disk, FILLS_RELEASE)


def test_a_full_disk_drops_the_oldest_where_that_is_the_policy(small_disk: Path) -> None:
    """With no byte free the newest are still taken in, and what went is counted exactly."""
    limits = SpoolLimits(64 * MIB, OnFull.DROP_OLDEST, min_free_bytes=0, segment_bytes=2 * MIB)
    chance = seeded(1)
    with Spool(small_disk / "spool", limits) as spool:
        spool.append_many([chance.randbytes(100_000) for _ in range(100)])
        fill_the_rest(small_disk)
        for _ in range(100):
            spool.append_many([chance.randbytes(100_000) for _ in range(8)])
        now = spool.statistics()
        found = records_of(spool, 1000)
    assert now.dropped + len(found) == now.next_number == 900
    assert list(found) == list(range(now.dropped, 900))
    with Spool(small_disk / "spool", limits) as spool:
        assert spool.statistics().dropped == now.dropped


def test_the_floor_of_free_space_is_kept(small_disk: Path) -> None:
    limits = SpoolLimits(64 * MIB, OnFull.REJECT, min_free_bytes=20 * MIB, segment_bytes=2 * MIB)
    with Spool(small_disk / "spool", limits) as spool:
        _until_full(spool, seeded(1))
        assert 8 * MIB <= spool.statistics().bytes <= 12 * MIB
