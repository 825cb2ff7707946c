import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge_common.spool import OnFull, Spool
from support.spool_strace import calls_of, run_steps
from support.spool_witness import Witness
from support.spooling import small_limits

CALLS = ("fdatasync", "pwrite64", "fsync", "rename")
SEEDS_RELEASE = range(1, 11)
_CALL = re.compile(r"(pwrite64|fdatasync)\((\d+)<([^>]*)>.*= (-?\d+)")


def same_descriptor_again(log: Path) -> list[str]:
    """Writes and syncs of a file after one of it has failed, in a traced run."""
    poisoned: set[str] = set()
    again = []
    for line in log.read_text().splitlines():
        if 'rename("' in line and "release.journal" in line and line.endswith(" = 0"):
            poisoned.discard("release")  # that is another file now
        call = _CALL.search(line)
        if call is None or not call[3].endswith((".segment", ".suspect", "release.journal")):
            continue
        name = Path(call[3]).stem
        if name in poisoned:
            again.append(line)
        if call[4] == "-1":
            poisoned.add(name)
    return again


def failing(tmp_path: Path, fault: str, seed: int) -> list[str]:
    """What a run with an injected fault broke; the run may end early when it cannot even open."""
    folder = tmp_path / f"{seed}-{fault.replace(':', '-')}"
    log = folder.with_name(f"{folder.name}.log")
    ran = run_steps(folder, log, fault, seed=seed)
    witness = Witness()
    witness.hear(ran.stdout)
    faults = [f"{fault}: synced again: {line}" for line in same_descriptor_again(log)]
    if "INJECTED" not in log.read_text():
        faults.append(f"{fault}: nothing was injected")
    with Spool(folder, small_limits(6, OnFull.DROP_OLDEST)) as spool:
        return faults + [f"{fault}: {broken}" for broken in witness.judge(spool, may_drop=True)]


def sweep(tmp_path: Path, seed: int) -> tuple[int, list[str]]:
    """An I/O error at every call that matters, once and for a while."""
    log = tmp_path / f"{seed}.log"
    assert run_steps(tmp_path / f"reference{seed}", log, seed=seed).returncode == 0
    calls = calls_of(log)
    faults = [
        f"{name}:error=EIO:when={nth}{more}"
        for name in CALLS
        for nth in range(1, calls[name] + 1)
        for more in ("", f"..{nth + 2}")
    ]
    with ThreadPoolExecutor(2) as threads:
        broken = threads.map(lambda fault: failing(tmp_path, fault, seed), faults)
        return len(faults), list(itertools.chain(*broken))


def test_after_an_io_error_nothing_acknowledged_is_lost_and_no_file_is_synced_again(tmp_path: Path) -> None:
    trials, broken = sweep(tmp_path, 1)
    print(f"{trials} injected errors, {len(broken)} faults")  # noqa: T201  the figure beside the zero
    assert broken == []


@pytest.mark.release
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", SEEDS_RELEASE)
def test_after_an_io_error_in_other_runs_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    assert sweep(tmp_path, seed)[1] == []
