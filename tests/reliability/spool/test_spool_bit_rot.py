import shutil
from pathlib import Path

import pytest

from edge_common.spool import Spool
from support.figures import Figure
from support.spool.spooling import (
    BLOCK_BYTES,
    SEGMENT_BLOCKS,
    adds_up,
    records_of,
    seeded,
    segment_paths,
    small_limits,
    trial_seed,
)

FLIPS = 2_500
RECORDS = 10
CHUNKS = [*range(4), *(pytest.param(chunk, marks=pytest.mark.release) for chunk in range(4, 20))]


def flip_one(rotten: Path, number: int, offset: int, bit: int, expected: dict[int, bytes]) -> list[str]:
    """What is not as promised once a bit of the frame of record `number` has turned over."""
    path = segment_paths(rotten)[number // SEGMENT_BLOCKS]
    content = bytearray(path.read_bytes())
    content[number % SEGMENT_BLOCKS * BLOCK_BYTES + offset] ^= 1 << bit
    path.write_bytes(content)
    with Spool(rotten, small_limits()) as spool:
        found = records_of(spool)
        now = spool.statistics()
        fresh = spool.append(b"fresh")
        wrong = {
            f"found {sorted(found)}": found
            != {key: record for key, record in expected.items() if key != number},
            f"does not add up: {now}": now.damaged != 1 or not adds_up(now),
            f"the next number is {fresh}": fresh != RECORDS,
        }
    return [f"record {number}, byte {offset}: {fault}" for fault, is_so in wrong.items() if is_so]


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_rotten_bit_is_detected_and_costs_one_record(
    memory_folder: Path, chunk: int, figure: Figure
) -> None:
    seed = trial_seed() + chunk
    chance = seeded(seed)
    faults = []
    whole, rotten = memory_folder / "whole", memory_folder / "rotten"
    expected = {number: chance.randbytes(chance.choice((1, 300, 4000))) for number in range(RECORDS)}
    with Spool(whole, small_limits()) as spool:
        for record in expected.values():
            spool.append(record)
    for _ in range(FLIPS):
        shutil.copytree(whole, rotten)
        number, offset = chance.randrange(RECORDS), chance.randrange(BLOCK_BYTES)
        faults += flip_one(rotten, number, offset, chance.randrange(8), expected)
        shutil.rmtree(rotten)
    figure("spool, bit rot", flips=FLIPS, undetected_or_more_lost=len(faults), seed=seed)
    assert faults == []
