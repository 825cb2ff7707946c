import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_common.spool import OnFull
from support.figures import Figure
from support.spool.spooling import trial_seed
from support.spool.strace import environment

CYCLES = 250
MANY, ONE = 12, 1  # files; with one, it is written over whenever all is released, as on a full disk
CHUNKS = {  # in every run, and in a release's
    (OnFull.DROP_OLDEST, MANY): (4, 20),
    (OnFull.REJECT, MANY): (4, 20),
    (OnFull.REJECT, ONE): (1, 4),
}
TRIALS = [
    pytest.param(
        policy,
        files,
        chunk,
        id=f"{policy}-{'one file-' if files == ONE else ''}{chunk}",
        marks=[pytest.mark.release] if chunk >= always else [],
    )
    for (policy, files), (always, release) in CHUNKS.items()
    for chunk in range(release)
]


def kill_again_and_again(folder: Path, seed: int, policy: OnFull, files: int) -> dict[str, Any]:
    """What came of so many kills at random moments."""
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "support.spool.killing"),
            *(str(folder), str(CYCLES), str(seed), policy, str(files)),
        ],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


@pytest.mark.parametrize(("policy", "files", "chunk"), TRIALS)
def test_killed_at_random_it_keeps_what_it_acknowledged(
    tmp_path: Path, policy: OnFull, files: int, chunk: int, figure: Figure
) -> None:
    seed = trial_seed() + chunk
    report = kill_again_and_again(tmp_path / "spool", seed, policy, files)
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
