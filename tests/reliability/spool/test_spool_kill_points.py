import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge_common.spool import OnFull, Spool
from support.spool_strace import MUTATING, calls_of, run_steps
from support.spool_witness import Witness
from support.spooling import small_limits

SEEDS_RELEASE = range(1, 9)
SIGKILLED = (-9, 137)


def kill_points(tmp_path: Path, seed: int) -> list[str]:
    """The injection for a kill at each mutating system call of a whole run."""
    log = tmp_path / f"{seed}.log"
    assert run_steps(tmp_path / f"reference{seed}", log, seed=seed).returncode == 0
    calls = calls_of(log)
    return [f"{name}:signal=SIGKILL:when={nth}" for name in MUTATING for nth in range(1, calls[name] + 1)]


def broken_after(tmp_path: Path, point: str, seed: int) -> list[str]:
    """What a kill at `point` broke."""
    folder = tmp_path / f"{seed}-{point.replace(':', '-')}"
    ran = run_steps(folder, folder.with_name(f"{folder.name}.log"), point, seed=seed)
    if ran.returncode not in SIGKILLED:
        return [f"{point}: ended with {ran.returncode}: {ran.stderr!r}"]
    witness = Witness()
    witness.hear(ran.stdout)
    with Spool(folder, small_limits(6, OnFull.DROP_OLDEST)) as spool:
        return [f"{point}: {fault}" for fault in witness.judge(spool, may_drop=True)]


def sweep(tmp_path: Path, points: list[str], seed: int = 1) -> list[str]:
    """What was broken at any of the points, two at a time."""
    with ThreadPoolExecutor(2) as threads:
        return list(itertools.chain(*threads.map(lambda point: broken_after(tmp_path, point, seed), points)))


def test_killed_at_every_system_call_it_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    points = kill_points(tmp_path, 1)
    print(f"{len(points)} kill points")  # noqa: T201  the figure beside the zero
    assert sweep(tmp_path, points) == []
    assert len(points) > 200


@pytest.mark.release
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", SEEDS_RELEASE)
def test_killed_at_every_system_call_of_other_runs_it_keeps_what_it_acknowledged(
    tmp_path: Path, seed: int
) -> None:
    assert sweep(tmp_path, kill_points(tmp_path, seed), seed) == []
