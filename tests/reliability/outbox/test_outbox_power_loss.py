"""The power fails at any moment, also between journalling and sending: nothing lost, nothing twice."""

import shutil
from pathlib import Path

import pytest

from edge_common.outbox.dead_letters import BACKLOG_FOLDER, DEAD_FOLDER, LIVE_FOLDER, RECORDS_FOLDER
from support.figures import Figure
from support.outbox.bench import LANES, WINDOW
from support.outbox.witness import Witness
from support.spool.disk import Contents, adopt
from support.spool.spooling import seeded, trial_seed
from support.spool.strace import record_steps
from support.spool.trace import Replay, calls_in

PROGRAM = "support.outbox.steps"
STATES_PER_CHANGE = 2
RUNS = 2
STATES = 300  # of one chunk, at least
CHUNKS = [*range(2), *(pytest.param(chunk, marks=pytest.mark.release) for chunk in range(2, 40))]
FOLDERS = {True: (RECORDS_FOLDER, DEAD_FOLDER), False: (LIVE_FOLDER, BACKLOG_FOLDER, DEAD_FOLDER)}

State = tuple[dict[str, Contents | None], bytes]


def states_of(home: Path, seed: int, *, batches: bool) -> list[State]:
    """What a power cut before each change of the disk could leave, with what had been said by then."""
    record_steps(home / "outbox", home / "strace.log", seed, PROGRAM)
    chance = seeded(seed)
    replays = {name: Replay(home / "outbox" / name) for name in FOLDERS[batches]}
    states = []
    for call in calls_in(home / "strace.log"):
        if any(replay.changes(call) for replay in replays.values()):
            for _ in range(STATES_PER_CHANGE):
                left = {name: replay.disk.possible(chance) for name, replay in replays.items()}
                states.append((left, bytes(replays[DEAD_FOLDER].said)))
        for replay in replays.values():
            replay.take(call)
    return states


def broken_in(state: State, folder: Path, *, batches: bool) -> list[str]:
    """What is not as was said, when an outbox is opened on this."""
    left, said = state
    folder.mkdir()
    for name, contents in left.items():
        adopt(folder / name, contents)
    witness = Witness()
    witness.hear(said)
    faults = witness.judge(folder, batches=batches, may_repeat=LANES * WINDOW)
    shutil.rmtree(folder)
    return faults


@pytest.mark.parametrize("batches", [True, False], ids=["batches", "messages"])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_power_cut_at_any_moment_loses_and_doubles_nothing(
    memory_folder: Path, chunk: int, *, batches: bool, figure: Figure
) -> None:
    base = (trial_seed() + chunk * RUNS) * 2 + (not batches)
    states = 0
    faults: list[str] = []
    for seed in range(base, base + 2 * RUNS, 2):
        home = memory_folder / f"{seed}"
        home.mkdir()
        for state in states_of(home, seed, batches=batches):
            states += 1
            found = broken_in(state, memory_folder / "state", batches=batches)
            faults += [f"SEED={seed} state {states}: {fault}" for fault in found]
        shutil.rmtree(home)
    kind = "batches" if batches else "messages"
    figure("outbox, power loss", kind=kind, states=states, broken=len(faults), seed=base)
    assert faults == []
    assert states > STATES
