"""Kills a working spool again and again; run as a program, so that it may fork.

    python -m support.spool_killing FOLDER CYCLES SEED POLICY

Each cycle forks a worker, kills it with SIGKILL at a random moment from before opening to well into its work,
opens the spool and holds it against what the worker said. Prints one JSON object.
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path

from edge_common.errors import EdgeError
from edge_common.spool import OnFull, Spool
from support.spool_witness import Witness
from support.spool_work import work
from support.spooling import seeded, small_limits

MAX_LIFE_S = 0.03
SEGMENTS = 12
SEGMENT_BLOCKS = 8


def main(folder: Path, cycles: int, seed: int, on_full: OnFull) -> None:
    """Run the trial and print what came of it."""
    chance = seeded(seed)
    limits = small_limits(SEGMENTS, on_full, segment_blocks=SEGMENT_BLOCKS)
    witness = Witness()
    faults: list[str] = []
    opening_s = []
    for cycle in range(cycles):
        witness.hear(_killed_worker(folder, seed * 100_000 + cycle, on_full, chance.uniform(0, MAX_LIFE_S)))
        begun = time.monotonic()
        try:
            with Spool(folder, limits) as spool:
                opening_s.append(time.monotonic() - begun)
                faults += [
                    f"cycle {cycle}: {fault}"
                    for fault in witness.judge(spool, may_drop=on_full is OnFull.DROP_OLDEST)
                ]
        except EdgeError as error:
            faults.append(f"cycle {cycle}: cannot be opened: {error}")
        if faults:
            break
    opening_s.sort()
    report = {
        "seed": seed,
        "cycles": cycles,
        "acknowledged": witness.acknowledged_ever,
        "delivered": witness.delivered,
        "dropped": witness.dropped,
        "faults": faults[:20],
        "opening_p99_ms": round(1000 * opening_s[int(len(opening_s) * 0.99) - 1], 1) if opening_s else None,
    }
    sys.stdout.write(json.dumps(report))


def _killed_worker(folder: Path, seed: int, on_full: OnFull, life_s: float) -> bytes:
    """Everything a worker said in its life of `life_s` seconds."""
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(heard)
            work(folder, small_limits(SEGMENTS, on_full, segment_blocks=SEGMENT_BLOCKS), seed, said)
        finally:
            os._exit(1)
    os.close(said)
    lines = []
    end = time.monotonic() + life_s
    # The pipe is emptied as the worker speaks: a full one would stop it before it is killed.
    while select.select([heard], [], [], max(0.0, end - time.monotonic()))[0]:
        lines.append(os.read(heard, 1 << 16))
        if not lines[-1] or time.monotonic() >= end:
            break
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(heard, "rb") as rest:
        lines.append(rest.read())
    return b"".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), OnFull(sys.argv[4]))
