"""A fixed piece of work in one thread, so that its system calls come in the same order every time.

    python -m support.spool_steps FOLDER SEED

Drives the store without the committer thread: the calls to the disk are the same. Says what it did.
"""

import os
import random
import sys
from pathlib import Path

from edge_common.errors import TransientError
from edge_common.spool import SpoolFullError
from edge_common.spool.folder import SpoolFolder
from edge_common.spool.limits import OnFull, SpoolLimits
from edge_common.spool.recovery import recover
from edge_common.spool.store import Store
from support.spool_witness import acknowledged, released, releasing
from support.spooling import seeded, small_limits

ROUNDS = 2  # openings; each appends and releases
APPENDS = 22


def steps(folder: Path, limits: SpoolLimits, said: int, seed: int) -> None:
    """Open, append past the ends of segments, release in part, close; all of it twice."""
    chance = seeded(seed)
    for _ in range(ROUNDS):
        opened = SpoolFolder(folder)
        store = recover(opened, limits)
        try:
            for step in range(APPENDS):
                _append(store, chance, said)
                if step % 4 == 3:
                    _release(store, chance, said)
        finally:
            store.close()
            opened.close()


def _append(store: Store, chance: random.Random, said: int) -> None:
    records = [chance.randbytes(chance.choice((1, 200, 5000))) for _ in range(chance.choice((1, 1, 3)))]
    try:
        first = store.commit(records)
    except SpoolFullError:
        return
    except TransientError:  # an injected fault: nothing was acknowledged, so nothing is said
        return
    for offset, record in enumerate(records):
        os.write(said, acknowledged(first + offset, record))


def _release(store: Store, chance: random.Random, said: int) -> None:
    batch = store.read(-1, chance.randint(1, 8), 100_000)
    if batch.records:
        os.write(said, releasing(batch.last))
        try:
            store.release(batch.last)
        except TransientError:
            return
        os.write(said, released(batch.last))


if __name__ == "__main__":
    steps(Path(sys.argv[1]), small_limits(6, OnFull.DROP_OLDEST), sys.stdout.fileno(), int(sys.argv[2]))
