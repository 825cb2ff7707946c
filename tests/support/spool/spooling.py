"""Small spools for tests, and reading them whole."""

import os
import random
from pathlib import Path

from edge_common.spool import OnFull, Spool, SpoolLimits, Statistics

BLOCK_BYTES = 4096
SEGMENT_BLOCKS = 4


def small_limits(
    segments: int = 64, on_full: OnFull = OnFull.REJECT, *, segment_blocks: int = SEGMENT_BLOCKS
) -> SpoolLimits:
    """Segments of four blocks, so that a few records cross from one to the next."""
    size_bytes = segment_blocks * BLOCK_BYTES
    return SpoolLimits(
        max_bytes=segments * size_bytes, on_full=on_full, min_free_bytes=0, segment_bytes=size_bytes
    )


def fill(folder: Path, count: int) -> None:
    """A closed spool of `count` records, one in each frame, four frames in a segment."""
    with Spool(folder, small_limits()) as spool:
        for value in range(count):
            spool.append(b"record %d" % value)


def flip(path: Path, offset: int) -> None:
    """Turn one bit over."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x10
    path.write_bytes(content)


def records_of(spool: Spool, max_records: int = 7) -> dict[int, bytes]:
    """Everything that waits, by number."""
    found: dict[int, bytes] = {}
    after = -1
    while True:
        batch = spool.read(after, max_records, 1 << 20)
        if not batch.records:
            return found
        found.update(enumerate(batch.records, batch.first))
        after = batch.last


def adds_up(now: Statistics) -> bool:
    """Conservation: everything ever taken in waits, is delivered, dropped or damaged, and is so once."""
    return now.next_number == now.records + now.delivered + now.dropped + now.damaged


def segment_paths(folder: Path) -> list[Path]:
    """The segment files, oldest first."""
    return sorted(folder.glob("*.segment"))


def seeded(seed: int) -> random.Random:
    """The same choices every time for the same seed."""
    return random.Random(seed)  # noqa: S311  nothing secret is made of it


def trial_seed() -> int:
    """What a trial begins with: SEED of the environment, to replay one, or a new one."""
    return int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
