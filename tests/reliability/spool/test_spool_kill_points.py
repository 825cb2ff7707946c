from collections.abc import Iterable
from pathlib import Path

import pytest

from edge_common.spool import Spool
from support.figures import Figure
from support.spool.steps import LIMITS
from support.spool.strace import MUTATING, SPOOL_ONE_FILE, SPOOL_STEPS, calls_of, children
from support.spool.witness import Witness

SIGKILLED = -9
WRITES, SYNCS, NAMES = ("pwrite64", "write"), ("fdatasync", "fsync"), ("rename", "unlink", "mkdir")
TRIALS = [
    pytest.param(program, calls, seed, marks=[pytest.mark.release] if seed > 1 else [])
    for program in (SPOOL_STEPS, SPOOL_ONE_FILE)
    for seed in range(1, 7)
    for calls in (WRITES, SYNCS, NAMES)
]


def kill_at(call: str, points: Iterable[int], home: Path, seed: int, program: str) -> list[str]:
    """What a kill at each of the points, counted among the calls of one name, broke."""
    faults: list[str] = []
    with children(home, "signal=SIGKILL:when={}", call, program) as killed:
        for nth in points:
            folder, said, _, status = killed.run(call, nth, seed)
            if status != SIGKILLED:
                faults.append(f"seed {seed}, {call} {nth}: ended with {status}")
                continue
            witness = Witness()
            witness.hear(said)
            with Spool(folder, LIMITS) as spool:
                found = witness.judge(spool, may_drop=True)
            faults += [f"seed {seed}, {call} {nth}: {fault}" for fault in found]
    return faults


def test_every_call_that_changes_the_disk_is_a_kill_point() -> None:
    assert sorted((*WRITES, *SYNCS, *NAMES)) == sorted(MUTATING)


@pytest.mark.parametrize(("program", "calls", "seed"), TRIALS)
def test_killed_at_every_system_call_it_keeps_what_it_acknowledged(
    memory_folder: Path, program: str, calls: tuple[str, ...], seed: int, figure: Figure
) -> None:
    counts = calls_of(memory_folder / "whole", seed, program)
    faults = [
        fault
        for call in calls
        for fault in kill_at(call, range(1, counts[call] + 1), memory_folder / call, seed, program)
    ]
    points = sum(counts[call] for call in calls)
    figure("spool, every kill point", points=points, lost=len(faults))
    assert faults == []
    assert points > 20
