"""A kill leaves what is not on disk in the page cache, the next process goes on with it, then power fails."""

import copy
import os
import shutil
from pathlib import Path

import pytest

from edge_common.spool import Spool
from support.figures import Figure
from support.spool import one_file, steps
from support.spool.disk import Contents, Disk, adopt
from support.spool.hooks import Hooks
from support.spool.spooling import seeded
from support.spool.steps import LIMITS, OneThread, Steps
from support.spool.witness import Witness, acknowledged

STATES = 8
TRIALS = [
    pytest.param(work, seed, id=f"{name}{seed}", marks=[pytest.mark.release] if seed > chosen else [])
    for name, work, chosen in (("", steps.steps, 2), ("one file-", one_file.steps, 1))
    for seed in range(1, 21)
]
Killed = tuple[Contents, Disk, bytes]


def killed_before_each_change(home: Path, work: Steps, seed: int, patch: pytest.MonkeyPatch) -> list[Killed]:
    """What a kill leaves: what the running system sees, what of it may still be lost, and what was said."""
    folder = home / "spool"
    folder.mkdir()
    hooks = Hooks(folder)
    said = os.open(home / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    left: list[Killed] = []

    def kill() -> None:
        contents = {name: (folder / name).read_bytes() for name in hooks.disk.names}
        left.append((contents, copy.deepcopy(hooks.disk), (home / "said").read_bytes()))

    hooks.on_event = kill
    with patch.context() as patched:
        hooks.watch(patched)
        work(folder, said, seed, OneThread)
    os.close(said)
    return left


def broken_after(home: Path, killed: Killed, patch: pytest.MonkeyPatch) -> list[str]:
    """What a power cut breaks after the next process has acknowledged one record more."""
    contents, disk, said = killed
    folder = home / "killed"
    adopt(folder, contents)
    hooks = Hooks(folder, disk)
    with patch.context() as patched:
        hooks.watch(patched)
        with OneThread(folder, LIMITS) as spool:
            line = acknowledged(spool.append_many([b"one more"]).start, b"one more")
            states = [hooks.disk.possible(seeded(state)) for state in range(STATES)]
    shutil.rmtree(folder)
    faults = []
    for state, left in enumerate(states):
        adopt(folder, left)
        witness = Witness()
        witness.hear(said)
        # What was not acknowledged when the process was killed may be there: its number is not given again.
        witness.hear(line)
        with Spool(folder, LIMITS) as next_one:
            faults += [f"state {state}: {fault}" for fault in witness.judge(next_one, may_drop=True)]
        shutil.rmtree(folder)
    return faults


@pytest.mark.parametrize(("work", "seed"), TRIALS)
def test_killed_and_then_cut_off_it_has_what_it_acknowledged(
    memory_folder: Path, monkeypatch: pytest.MonkeyPatch, work: Steps, seed: int, figure: Figure
) -> None:
    faults: list[str] = []
    kills = killed_before_each_change(memory_folder, work, seed, monkeypatch)
    for number, killed in enumerate(kills):
        faults += [f"kill {number}: {fault}" for fault in broken_after(memory_folder, killed, monkeypatch)]
    figure("spool, kill and then power loss", kills=len(kills), states=len(kills) * STATES, lost=len(faults))
    assert faults == []
    assert len(kills) > 200
