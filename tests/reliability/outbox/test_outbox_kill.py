"""A component's outbox, killed at random with all its threads, against a far end in another process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.figures import Figure
from support.spool.spooling import trial_seed
from support.spool.strace import environment

KILLS = 100
KILLS_RELEASE = 3_000


@pytest.mark.parametrize("kind", ["batches", "messages"])
@pytest.mark.parametrize(
    "kills", [KILLS, pytest.param(KILLS_RELEASE, marks=[pytest.mark.release, pytest.mark.timeout(1800)])]
)
def test_killed_at_random_it_loses_and_doubles_nothing(
    tmp_path: Path, kind: str, kills: int, figure: Figure
) -> None:
    command = ["-m", "support.outbox.killing", str(tmp_path / "outbox"), str(kills), str(trial_seed()), kind]
    ran = subprocess.run(
        [sys.executable, *command], check=True, stdout=subprocess.PIPE, text=True, env=environment()
    )
    report = json.loads(ran.stdout)
    faults = report.pop("faults")
    figure("outbox, random kill -9", kind=kind, broken=len(faults), **report)
    assert faults == [], report
    assert report["put"] > kills
    assert report["sent"] > kills
