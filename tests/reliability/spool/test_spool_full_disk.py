import time
from pathlib import Path

import pytest

from edge_common.spool import OnFull, Spool, SpoolFullError, SpoolLimits
from support.figures import Figure
from support.small_disk import fill, free_bytes
from support.spool.spooling import adds_up, records_of, seeded

FILLS = 25
MIB = 1 << 20
SEGMENT_BYTES = 2 * MIB
NOTE = bytes(1024)
TRIALS = [
    pytest.param(policy, chunk, id=f"{policy}-{chunk}", marks=[pytest.mark.release] if chunk >= 2 else [])
    for policy in OnFull
    for chunk in range(20)
]


def append_some(spool: Spool, seed: int) -> int:
    """Eight records of 100 kB; gives how many were taken in."""
    chance = seeded(seed)
    try:
        return len(spool.append_many([chance.randbytes(100_000) for _ in range(8)]))
    except SpoolFullError:
        return 0


def drain(spool: Spool) -> None:
    """Read all that waits, note it, release it in two steps."""
    waiting = spool.statistics()
    assert list(records_of(spool, 1000)) == list(range(waiting.released, waiting.next_number))
    spool.remember(NOTE)
    assert spool.note == NOTE
    spool.release(waiting.released + waiting.records // 2)
    assert spool.note == b""
    assert adds_up(spool.statistics())
    spool.release(waiting.next_number - 1)
    assert spool.statistics().records == 0
    assert adds_up(spool.statistics())


@pytest.mark.parametrize(("policy", "chunk"), TRIALS)
def test_a_full_disk_drains_with_no_byte_free(
    small_disk: Path, policy: OnFull, chunk: int, figure: Figure
) -> None:
    """Fill the disk, go on at no byte free, drain there, take in again; each time everything adds up."""
    limits = SpoolLimits(64 * MIB, policy, min_free_bytes=0, segment_bytes=SEGMENT_BYTES)
    taken = 0
    slowest_s = 0.0
    with Spool(small_disk / "spool", limits) as spool:
        for turn in range(FILLS):
            while free_bytes(small_disk) > SEGMENT_BYTES:
                taken += append_some(spool, turn)
            ballast = fill(small_disk)
            before = spool.statistics()
            for _ in range(20):
                taken += append_some(spool, chunk)
            now = spool.statistics()
            assert (now.dropped > before.dropped) == (policy is OnFull.DROP_OLDEST)
            assert (now.rejected > before.rejected) == (policy is OnFull.REJECT)
            assert now.next_number == taken
            assert adds_up(now)
            drain(spool)
            ballast.unlink()
            begun = time.monotonic()
            assert spool.append(b"fresh") == taken
            slowest_s = max(slowest_s, time.monotonic() - begun)
            taken += 1
    now = spool.statistics()
    figure(
        "spool, full disk",
        fills=FILLS,
        lost=now.damaged,
        intake_back_ms=round(1000 * slowest_s, 1),
        policy=policy.value,
    )
    assert (now.damaged, now.failed_commits, now.next_number) == (0, 0, taken)


def test_a_full_disk_drops_the_oldest_where_that_is_the_policy(small_disk: Path) -> None:
    """With no byte free the newest are still taken in, and what went is counted exactly."""
    limits = SpoolLimits(64 * MIB, OnFull.DROP_OLDEST, min_free_bytes=0, segment_bytes=SEGMENT_BYTES)
    with Spool(small_disk / "spool", limits) as spool:
        for _ in range(12):
            append_some(spool, 1)
        fill(small_disk)
        for _ in range(100):
            append_some(spool, 1)
        now = spool.statistics()
        found = records_of(spool, 1000)
    assert now.dropped + len(found) == now.next_number == 896
    assert list(found) == list(range(now.dropped, 896))
    with Spool(small_disk / "spool", limits) as spool:
        assert spool.statistics().dropped == now.dropped


def test_making_the_next_file_on_a_full_disk_is_no_error_until_it_is_needed(small_disk: Path) -> None:
    limits = SpoolLimits(64 * MIB, OnFull.REJECT, min_free_bytes=0, segment_bytes=SEGMENT_BYTES)
    with Spool(small_disk / "spool", limits) as spool:
        spool.append(b"first")
        fill(small_disk)
        for _ in range(2):  # 1.6 of the 2 MiB
            assert append_some(spool, 1) == 8
        assert append_some(spool, 1) == 0
        assert spool.statistics().records == 17
        assert spool.statistics().failed_commits == 0


def test_the_floor_of_free_space_is_kept(small_disk: Path) -> None:
    limits = SpoolLimits(64 * MIB, OnFull.REJECT, min_free_bytes=20 * MIB, segment_bytes=SEGMENT_BYTES)
    with Spool(small_disk / "spool", limits) as spool:
        while append_some(spool, 1):
            assert free_bytes(small_disk) >= 20 * MIB
        assert 8 * MIB <= spool.statistics().bytes <= 12 * MIB


@pytest.mark.parametrize("policy", OnFull)
def test_a_spool_that_was_never_used_takes_in_and_delivers_with_no_byte_free(
    small_disk: Path, policy: OnFull
) -> None:
    """Its one file is written over whenever nothing in it waits; that is no drop and no refusal."""
    limits = SpoolLimits(64 * MIB, policy, min_free_bytes=0, segment_bytes=SEGMENT_BYTES)
    with Spool(small_disk / "spool", limits) as spool:
        fill(small_disk)
        for turn in range(1, 31):
            assert append_some(spool, turn) == 8
            drain(spool)
        now = spool.statistics()
    assert (now.delivered, now.dropped, now.rejected, now.failed_commits) == (240, 0, 0, 0)
