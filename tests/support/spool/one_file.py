"""The work of `steps` on a spool that may make no file beside its first, as on a full disk.

Whenever everything is released, the one file is written over under another name.

    python -m support.spool.one_file FOLDER SEED
    python -m support.spool.one_file
"""

from dataclasses import replace
from pathlib import Path

from edge_common.spool import OnFull
from support.spool.spooling import seeded, small_limits
from support.spool.steps import Open, append, look, main, release

ROUNDS = 2  # openings; each appends and releases
APPENDS = 22
ROOM = small_limits(6)
NO_ROOM = replace(ROOM, min_free_bytes=1 << 60)
ALL = 1000  # more than one file holds


def steps(folder: Path, said: int, seed: int, queue: Open) -> None:
    """Do the work; `said` is the descriptor to say so on."""
    chance = seeded(seed)
    with queue(folder, ROOM):
        pass
    for number in range(ROUNDS):
        policy = OnFull.REJECT if number % 2 == 0 else OnFull.DROP_OLDEST
        with queue(folder, replace(NO_ROOM, on_full=policy)) as spool:
            for _ in range(APPENDS):
                append(spool, chance, said)
                if chance.random() < 0.5:
                    release(spool, said, ALL)
                look(spool, said)


if __name__ == "__main__":
    main(steps)
