"""Killed at every system call that changes the disk, an outbox loses nothing and doubles nothing."""

from pathlib import Path

import pytest

from support.figures import Figure
from support.outbox.bench import LANES, WINDOW
from support.outbox.witness import Witness
from support.spool.spooling import trial_seed
from support.spool.strace import MUTATING, calls_of, children

PROGRAM = "support.outbox.steps"
LEAST_POINTS = 150
OFFSETS = [0, 1, *(pytest.param(offset, marks=pytest.mark.release) for offset in range(2, 10))]
SIGKILLED = -9


def kill_points(home: Path, seed: int) -> list[tuple[str, int]]:
    """Each mutating system call of a whole run, as its name and its number among those of that name."""
    calls = calls_of(home, seed, PROGRAM)
    return [(name, nth) for name in MUTATING for nth in range(1, calls[name] + 1)]


def broken_at(home: Path, seed: int, points: list[tuple[str, int]]) -> list[str]:
    """What a kill at any of the points breaks."""
    faults = []
    for call in sorted({name for name, _ in points}):
        with children(home / f"{seed}-{call}", "signal=SIGKILL:when={}", call, PROGRAM) as killed:
            for nth in [number for name, number in points if name == call]:
                folder, said, _, status = killed.run(call, nth, seed)
                witness = Witness()
                witness.hear(said)
                found = witness.judge(folder, batches=seed % 2 == 0, may_repeat=LANES * WINDOW)
                if status != SIGKILLED:
                    found.append(f"it ended with {status}")
                faults += [f"SEED={seed} {call} {nth}: {fault}" for fault in found]
    return faults


@pytest.mark.timeout(300)
@pytest.mark.parametrize("offset", OFFSETS)
def test_killed_at_every_system_call_it_loses_and_doubles_nothing(
    memory_folder: Path, offset: int, figure: Figure
) -> None:
    seed = trial_seed() // 2 * 2 + offset
    points = kill_points(memory_folder / "whole", seed)
    faults = broken_at(memory_folder, seed, points)
    kind = "messages" if seed % 2 else "batches"
    figure("outbox, every kill point", kind=kind, points=len(points), broken=len(faults), seed=seed)
    assert faults == []
    assert len(points) > LEAST_POINTS
