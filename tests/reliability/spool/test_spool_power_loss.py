import shutil
from pathlib import Path

import pytest

from edge_common.spool import Spool
from support.figures import Figure
from support.spool.disk import Contents, adopt
from support.spool.spooling import seeded, trial_seed
from support.spool.steps import LIMITS
from support.spool.strace import SPOOL_ONE_FILE, SPOOL_STEPS, record_steps
from support.spool.trace import Replay, calls_in
from support.spool.witness import Witness

STATES_PER_CHANGE = 6
RUNS = 12  # at most, in one chunk
STATES = 2_500  # at least, in one chunk
CHUNKS = {SPOOL_STEPS: (4, 40), SPOOL_ONE_FILE: (1, 10)}  # in every run, and in a release's
TRIALS = [
    pytest.param(
        program,
        chunk,
        id=f"{chunk}" if program == SPOOL_STEPS else f"one file-{chunk}",
        marks=[pytest.mark.release] if chunk >= always else [],
    )
    for program, (always, release) in CHUNKS.items()
    for chunk in range(release)
]


def states_of(home: Path, seed: int, program: str) -> list[tuple[Contents | None, bytes]]:
    """What a power cut before each change of the disk could leave, with what had been said by then."""
    record_steps(home / "spool", home / "strace.log", seed, program)
    chance = seeded(seed)
    replay = Replay(home / "spool")
    states = []
    for call in calls_in(home / "strace.log"):
        if replay.changes(call):
            said = bytes(replay.said)
            states += [(replay.disk.possible(chance), said) for _ in range(STATES_PER_CHANGE)]
        replay.take(call)
    said = bytes(replay.said)
    return [*states, *((replay.disk.possible(chance), said) for _ in range(STATES_PER_CHANGE))]


def broken_in(contents: Contents | None, said: bytes, folder: Path) -> list[str]:
    """What is not as was said, when a spool is opened on this."""
    adopt(folder, contents)
    witness = Witness()
    witness.hear(said)
    with Spool(folder, LIMITS) as spool:
        faults = witness.judge(spool, may_drop=True)
    shutil.rmtree(folder)
    return faults


def test_the_folder_itself_is_on_disk_before_anything_is_acknowledged(memory_folder: Path) -> None:
    """Before its parent is synced a power cut takes all of it away; nothing may be said by then."""
    states = states_of(memory_folder, 1, SPOOL_STEPS)
    without_folder = [said for contents, said in states if contents is None]
    assert without_folder
    assert set(without_folder) == {b""}


@pytest.mark.parametrize(("program", "chunk"), TRIALS)
def test_after_a_power_cut_at_any_moment_it_has_what_it_acknowledged(
    memory_folder: Path, program: str, chunk: int, figure: Figure
) -> None:
    base = trial_seed() + chunk * RUNS
    seen: set[int] = set()
    faults: list[str] = []
    for seed in range(base, base + RUNS):
        if len(seen) >= STATES:
            break
        home = memory_folder / f"{seed}"
        home.mkdir()
        for contents, said in states_of(home, seed, program):
            state = hash((tuple(sorted(contents.items())) if contents is not None else None, said))
            if state not in seen:
                seen.add(state)
                found = broken_in(contents, said, memory_folder / "state")
                faults += [f"SEED={seed} state {len(seen)}: {fault}" for fault in found]
        shutil.rmtree(home)
    figure("spool, power loss", states=len(seen), lost=len(faults), seed=base)
    assert faults == []
    assert len(seen) >= STATES
