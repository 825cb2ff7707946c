"""Kills a working spool again and again; run as a program, so that it may fork.

    python -m support.spool.killing FOLDER CYCLES SEED POLICY FILES

Each cycle forks a worker, kills it with SIGKILL at a random moment from before opening to well into its work
(every other one not before it has said a random number of lines, however busy the machine is), opens the
spool and holds it against what the worker said. With one FILE the spool may make no
other beside its first, as on a full disk. Prints one JSON object.
"""

import json
import os
import select
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from edge_common.errors import EdgeError
from edge_common.spool import OnFull, Spool, SpoolLimits
from support.spool.spooling import seeded, small_limits
from support.spool.witness import Witness
from support.spool.work import work

MAX_LIFE_S = 0.03
MAX_LINES = 60
SPEAKS_WITHIN_S = 20.0
MANY_FILES = 12
SEGMENT_BLOCKS = 8


def main(folder: Path, cycles: int, seed: int, on_full: OnFull, files: int) -> None:
    """Run the trial and print what came of it."""
    chance = seeded(seed)
    limits = small_limits(MANY_FILES, on_full, segment_blocks=SEGMENT_BLOCKS)
    if files == 1:
        Spool(folder, limits).close()
        limits = replace(limits, min_free_bytes=1 << 60)
    witness = Witness()
    faults: list[str] = []
    opening_s = []
    for cycle in range(cycles):
        life_s, least_lines = chance.uniform(0, MAX_LIFE_S), cycle % 2 * chance.randint(1, MAX_LINES)
        witness.hear(_killed_worker(folder, seed * 100_000 + cycle, limits, life_s, least_lines))
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


def _killed_worker(folder: Path, seed: int, limits: SpoolLimits, life_s: float, least_lines: int) -> bytes:
    """Everything a worker said in its life of `life_s` seconds, or longer, until so many lines were said."""
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(heard)
            work(folder, limits, seed, said)
        finally:
            os._exit(1)
    os.close(said)
    spoken = [b""]
    begun = time.monotonic()
    # The pipe is emptied as the worker speaks: a full one would stop it before it is killed.
    while True:
        has_said_enough = sum(part.count(b"\n") for part in spoken) >= least_lines
        end = begun + (life_s if has_said_enough else SPEAKS_WITHIN_S)
        if not select.select([heard], [], [], max(0.0, end - time.monotonic()))[0]:
            break
        spoken.append(os.read(heard, 1 << 16))
        if not spoken[-1] or time.monotonic() >= end:
            break
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(heard, "rb") as rest:
        spoken.append(rest.read())
    return b"".join(spoken)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), OnFull(sys.argv[4]), int(sys.argv[5]))
