import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.spooling import trial_seed

CYCLES = 250
CYCLES_RELEASE = 5_000


def kill_again_and_again(folder: Path, cycles: int, policy: str) -> dict[str, Any]:
    """What came of `cycles` kills at random moments; the seed is printed and can be given again in SEED."""
    seed = trial_seed()
    command = [sys.executable, "-m", "support.spool_killing", str(folder), str(cycles), str(seed), policy]
    ran = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    report: dict[str, Any] = json.loads(ran.stdout)
    print(report)  # noqa: T201  the figure and the seed belong in the test's output
    return report


@pytest.mark.parametrize("policy", ["reject", "drop_oldest"])
def test_killed_at_random_it_keeps_what_it_acknowledged(tmp_path: Path, policy: str) -> None:
    report = kill_again_and_again(tmp_path / "spool", CYCLES, policy)
    assert report["faults"] == []
    assert report["acknowledged"] > CYCLES


@pytest.mark.release
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("policy", ["reject", "drop_oldest"])
def test_killed_at_random_ten_thousand_times(tmp_path: Path, policy: str) -> None:
    report = kill_again_and_again(tmp_path / "spool", CYCLES_RELEASE, policy)
    assert report["faults"] == []
