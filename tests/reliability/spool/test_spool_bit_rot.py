import shutil
import tempfile
from pathlib import Path

import pytest

from edge_common.spool import Spool
from support.spooling import BLOCK_BYTES, records_of, seeded, segment_paths, small_limits, trial_seed

FLIPS = 2_000
FLIPS_RELEASE = 10_000
RECORDS = 10


def flip_bits(flips: int) -> list[str]:
    """One bit of a spool of ten frames turned over, again and again; what then was not as promised."""
    seed = trial_seed()
    chance = seeded(seed)
    faults = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as home:
        whole, rotten = Path(home) / "whole", Path(home) / "rotten"
        expected = {number: chance.randbytes(chance.choice((1, 300, 4000))) for number in range(RECORDS)}
        with Spool(whole, small_limits()) as spool:
            for record in expected.values():
                spool.append(record)
        for _ in range(flips):
            shutil.copytree(whole, rotten)
            number, offset = chance.randrange(RECORDS), chance.randrange(BLOCK_BYTES)
            path = segment_paths(rotten)[number // 4]
            content = bytearray(path.read_bytes())
            content[number % 4 * BLOCK_BYTES + offset] ^= 1 << chance.randrange(8)
            path.write_bytes(content)
            with Spool(rotten, small_limits()) as spool:
                found = records_of(spool)
                if found != {key: record for key, record in expected.items() if key != number}:
                    faults.append(f"SEED={seed}: record {number}, byte {offset}: found {sorted(found)}")
                if spool.statistics().damaged != 1 or spool.append(b"fresh") != RECORDS:
                    faults.append(f"SEED={seed}: record {number}, byte {offset}: {spool.statistics()}")
            shutil.rmtree(rotten)
    print(f"SEED={seed}: {flips} flips, {len(faults)} faults")  # noqa: T201  the figure beside the zero
    return faults


def test_a_rotten_bit_is_detected_and_costs_one_record() -> None:
    assert flip_bits(FLIPS) == []


@pytest.mark.release
@pytest.mark.timeout(1200)
def test_ten_thousand_rotten_bits_are_detected() -> None:
    assert flip_bits(FLIPS_RELEASE) == []
