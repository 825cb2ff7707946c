import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edge_common.spool import Spool
from support.figures import Figure
from support.spool.spooling import SEGMENT_BLOCKS, segment_paths, small_limits
from support.spool.strace import PYTHON, environment

RECORDS = 10  # in three segments: the first, one in the middle, the one written to
FILES = ("first segment", "second segment", "last segment", "release.journal", "format")
# A sector that fails once, one that is gone, and a whole file that is.
MAY_LOSE = {"{0}": 0, "{0}..{1}": 1, "{0}+": SEGMENT_BLOCKS}


def path_of(folder: Path, file: str) -> Path:
    """Where one of FILES is."""
    segments = segment_paths(folder)
    named = {"first segment": segments[0], "second segment": segments[1], "last segment": segments[2]}
    return named.get(file, folder / file)


def read_with(folder: Path, file: str, when: str | None) -> tuple[dict[str, Any], int]:
    """What a process finds while reads of one file fail; and how many reads of it there were."""
    log = folder.with_name(f"{folder.name}.log")
    injection = ["-e", f"inject=pread64:error=EIO:when={when}"] if when else []
    ran = subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", str(log), "-P", str(path_of(folder, file))),
            *("-e", "trace=pread64", "-e", "signal=none", *injection),
            *(*PYTHON, "-m", "support.spool.reading", str(folder)),
        ],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    lines = log.read_text().splitlines()
    assert when is None or any("INJECTED" in line for line in lines)
    assert not found["damaged"] or "sector_unreadable" in ran.stdout
    return found, len(lines)


@pytest.mark.parametrize("pattern", MAY_LOSE)
@pytest.mark.parametrize("file", FILES)
def test_a_sector_that_cannot_be_read_costs_its_records_and_no_others(
    memory_folder: Path, file: str, pattern: str, figure: Figure
) -> None:
    """The reads fail in the kernel's answer, at opening, looking up and reading, one after the other."""
    whole = memory_folder / "whole"
    with Spool(whole, small_limits()) as spool:
        for number in range(RECORDS):
            spool.append(b"record %d" % number)
    shutil.copytree(whole, memory_folder / "undisturbed")
    undisturbed, reads = read_with(memory_folder / "undisturbed", file, None)
    faults = []
    for nth in range(1, reads + 1):
        when = pattern.format(nth, nth + 1)
        folder = memory_folder / f"{nth}"
        shutil.copytree(whole, folder)
        found, _ = read_with(folder, file, when)
        lost = undisturbed["records"].keys() - found["records"].keys()
        is_right = (
            found["records"].items() <= undisturbed["records"].items()
            and len(lost) <= found["damaged"] <= MAY_LOSE[pattern]
            and found["adds_up"]
            and found["taken"] == RECORDS + 1
        )
        faults += [] if is_right else [f"{when}: {found}"]
    figure("spool, unreadable sector", reads_failed=reads, more_lost=len(faults))
    assert faults == []
    assert reads > 0
