import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_common.spool import OnFull
from support.figures import Figure
from support.spool_strace import environment
from support.spooling import trial_seed

CYCLES = 250
CHUNKS = 4
CHUNKS_RELEASE = 20
TRIALS = [
    pytest.param(
        policy,
        chunk,
        id=f"{policy}-{chunk}" if chunk else f"{policy}",
        marks=[pytest.mark.release] if chunk >= CHUNKS else [],
    )
    for policy in OnFull
    for chunk in range(CHUNKS_RELEASE)
]


def kill_again_and_again(folder: Path, seed: int, policy: OnFull) -> dict[str, Any]:
    """What came of so many kills at random moments."""
    ran = subprocess.run(
        [sys.executable, "-m", "support.spool_killing", str(folder), str(CYCLES), str(seed), policy],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


@pytest.mark.parametrize(("policy", "chunk"), TRIALS)
def test_killed_at_random_it_keeps_what_it_acknowledged(
    tmp_path: Path, policy: OnFull, chunk: int, figure: Figure
) -> None:
    seed = trial_seed() + chunk
    report = kill_again_and_again(tmp_path / "spool", seed, policy)
    figure(
        "spool, random kill -9",
        kills=report["cycles"],
        acknowledged=report["acknowledged"],
        lost_or_unopenable=len(report["faults"]),
        recovery_p99_ms=report["opening_p99_ms"],
        seed=seed,
    )
    assert report["faults"] == []
    assert report["acknowledged"] > CYCLES
