import re
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from edge_common.spool import Spool
from support.figures import Figure
from support.spool.steps import LIMITS
from support.spool.strace import calls_of, children
from support.spool.witness import Witness

SYNCS = ("fdatasync", "fsync")
OTHERS = ("pwrite64", "rename", "unlink", "mkdir")
PATTERNS = {
    "once": "error=EIO:when={0}",
    "three times": "error=EIO:when={0}..{1}",
    "for ever": "error=EIO:when={0}+",
}
MAY_END = (0, 2)  # orderly, or with an error of the disk that it told while opening or closing
DAILY_SEEDS = {SYNCS: 3, OTHERS: 1}
RELEASE_SEEDS = {SYNCS: 30, OTHERS: 10}
TRIALS = [
    pytest.param(
        calls,
        pattern,
        seed,
        id=f"{calls[0]}-{how}-{seed}",
        marks=[pytest.mark.release] if seed > DAILY_SEEDS[calls] else [],
    )
    for calls in (SYNCS, OTHERS)
    for seed in range(1, RELEASE_SEEDS[calls] + 1)
    for how, pattern in PATTERNS.items()
]
_CALL = re.compile(r"(\w+)\((\d+)<([^>]*)>.*?= (-?\d+)")


def retried(lines: Iterable[str]) -> list[str]:
    """Writes and syncs after one has failed: of a segment's file ever, of the journal on that descriptor."""
    poisoned: set[str] = set()
    again = []
    for line in lines:
        call = _CALL.search(line)
        if call is None or not call[3].endswith((".segment", ".suspect", "release.journal")):
            continue
        name = call[2] if call[3].endswith("journal") else Path(call[3]).stem
        if call[1] == "close":
            poisoned.discard(call[2])
        elif name in poisoned:
            again.append(line)
        elif call[4] == "-1":
            poisoned.add(name)
    return again


def acknowledged_unsynced(lines: Iterable[str]) -> list[str]:
    """Acknowledgements after a write or sync of records failed, and before one succeeded."""
    failed = False
    early = []
    for line in lines:
        call = _CALL.search(line)
        if call is None:
            continue
        if call[3].endswith(".said") and failed and '"A ' in line:
            early.append(line)
        if call[3].endswith((".segment", ".suspect", "blank.new")) and call[1] in {*SYNCS, "pwrite64"}:
            failed = call[4] == "-1" or (failed and call[1] == "pwrite64")
    return early


def fail_at(call: str, pattern: str, count: int, home: Path, seed: int) -> tuple[list[str], list[float]]:
    """What a failure of each call of one name broke, and how long each spool took to be as before."""
    faults: list[str] = []
    recoveries_s: list[float] = []
    runs: dict[str, str] = {}
    with children(home, pattern, call) as failing:
        for nth in range(1, count + 1):
            folder, said, pid, status = failing.run(call, nth, seed)
            runs[str(pid)] = f"seed {seed}, {call}, {pattern}, {nth}"
            if status not in MAY_END:
                faults.append(f"{runs[str(pid)]}: ended with {status}")
            witness = Witness()
            witness.hear(said)
            begun = time.monotonic()
            with Spool(folder, LIMITS) as spool:
                found = witness.judge(spool, may_drop=True)
            recoveries_s.append(time.monotonic() - begun)
            faults += [f"{runs[str(pid)]}: {fault}" for fault in found]
    lines: dict[str, list[str]] = {pid: [] for pid in runs}
    for line in failing.log.read_text().splitlines():
        lines.get(line.split(None, 1)[0], []).append(line)
    for child, run in runs.items():
        faults += [f"{run}: tried again: {line}" for line in retried(lines[child])]
        faults += [f"{run}: acknowledged: {line}" for line in acknowledged_unsynced(lines[child])]
        if not any("INJECTED" in line for line in lines[child]):
            faults.append(f"{run}: nothing was injected")
    return faults, recoveries_s


@pytest.mark.parametrize(("calls", "pattern", "seed"), TRIALS)
def test_after_an_io_error_nothing_is_acknowledged_lost_or_synced_again(
    memory_folder: Path, calls: tuple[str, ...], pattern: str, seed: int, figure: Figure
) -> None:
    """At every call of a run, one after the other; the error passes at once, or ends with the process."""
    counts = calls_of(memory_folder / "whole", seed)
    faults: list[str] = []
    recoveries_s: list[float] = []
    for call in calls:
        broken, taken_s = fail_at(call, pattern, counts[call], memory_folder / call, seed)
        faults += broken
        recoveries_s += taken_s
    figure(
        f"spool, EIO of {' and '.join(calls)}",
        errors=len(recoveries_s),
        acknowledged_or_lost_or_retried=len(faults),
        slowest_recovery_ms=round(1000 * max(recoveries_s), 1),
    )
    assert faults == []
    assert len(recoveries_s) == sum(counts[call] for call in calls) > 100
