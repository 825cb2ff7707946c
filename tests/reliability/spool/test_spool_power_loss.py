import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge_common.spool import OnFull, Spool, SpoolLimits
from support.spool_disk import Disk, adopt
from support.spool_steps import steps
from support.spool_witness import Witness
from support.spooling import seeded, small_limits, trial_seed

STATES_PER_EVENT = 6
RUNS = 45
RUNS_RELEASE = 450
LIMITS = small_limits(6, OnFull.DROP_OLDEST)


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder that costs no real sync: the disk is the simulated one."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def states_of(
    folder: Path, limits: SpoolLimits, seed: int, patch: pytest.MonkeyPatch
) -> list[tuple[dict[str, bytes], bytes]]:
    """What a power cut before each change of the disk could leave, with what had been said by then."""
    folder.mkdir()
    disk = Disk(folder)
    chance = seeded(seed)
    heard, said = os.pipe()
    os.set_blocking(heard, False)
    lines = bytearray()
    states: list[tuple[dict[str, bytes], bytes]] = []

    def cut() -> None:
        with suppress(BlockingIOError):
            lines.extend(os.read(heard, 1 << 16))
        states.extend((disk.possible(chance), bytes(lines)) for _ in range(STATES_PER_EVENT))

    disk.on_event = cut
    with patch.context() as patched:
        disk.watch(patched)
        steps(folder, limits, said, seed)
        cut()
    os.close(heard)
    os.close(said)
    return states


def trial(memory_folder: Path, patch: pytest.MonkeyPatch, runs: int) -> tuple[int, list[str]]:
    """How many distinct states were opened, and what was broken in them."""
    base = trial_seed()
    seen = set()
    faults: list[str] = []
    for seed in range(base, base + runs):
        for contents, said in states_of(memory_folder / f"run{seed}", LIMITS, seed, patch):
            state = hash((tuple(sorted(contents.items())), said))
            if state in seen:
                continue
            seen.add(state)
            folder = memory_folder / "state"
            adopt(folder, contents)
            witness = Witness()
            witness.hear(said)
            with Spool(folder, LIMITS) as spool:
                faults += [
                    f"SEED={seed} {len(seen)}: {fault}" for fault in witness.judge(spool, may_drop=True)
                ]
            shutil.rmtree(folder)
    print(f"SEED={base}: {len(seen)} distinct states, {len(faults)} faults")  # noqa: T201  the figure
    return len(seen), faults


def test_after_a_power_cut_at_any_moment_it_has_what_it_acknowledged(
    memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states, faults = trial(memory_folder, monkeypatch, RUNS)
    assert faults == []
    assert states > 10_000


@pytest.mark.release
@pytest.mark.timeout(3600)
def test_after_a_hundred_thousand_power_cuts_it_has_what_it_acknowledged(
    memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states, faults = trial(memory_folder, monkeypatch, RUNS_RELEASE)
    assert faults == []
    assert states > 100_000
