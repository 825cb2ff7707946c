"""The work that trials interrupt: threads append, one reads and releases, and each says what is done."""

import os
import random
import threading
from collections.abc import Sequence
from pathlib import Path

from edge_common.spool import OnFull, Spool, SpoolFullError, SpoolLimits
from support.spool.spooling import adds_up, seeded
from support.spool.witness import acknowledged, broken, noted, noting, released, releasing

APPENDERS = 3


def work(folder: Path, limits: SpoolLimits, seed: int, said: int) -> None:
    """Append, read and release until killed.

    Args:
        folder: The spool's.
        limits: Its bounds.
        seed: Of all sizes and choices.
        said: Descriptor that the acknowledgements are written to.
    """
    with Spool(folder, limits) as spool:
        for index in range(APPENDERS):
            threading.Thread(target=_append, args=(spool, seed * 10 + index, said), daemon=True).start()
        _deliver(spool, seeded(seed), said, lags=_lags(limits))


def _lags(limits: SpoolLimits) -> tuple[int, ...]:
    """How far releases stay behind: sometimes several segments wait, but never so many that nothing fits."""
    if limits.min_free_bytes:  # there is one file only
        return (0,)
    return (0, 0, 5, 40 if limits.on_full is OnFull.REJECT else 0)


def _append(spool: Spool, seed: int, said: int) -> None:
    chance = seeded(seed)
    while True:
        records = [
            chance.randbytes(chance.choice((1, 30, 200, 6000))) for _ in range(chance.choice((1, 1, 5)))
        ]
        try:
            numbers = spool.append_many(records)
        except SpoolFullError:
            continue
        lines = b"".join(map(acknowledged, numbers, records))
        os.write(said, lines)


def _deliver(spool: Spool, chance: random.Random, said: int, *, lags: Sequence[int]) -> None:
    after = -1
    while True:
        now = spool.statistics()
        if not adds_up(now):
            os.write(said, broken(f"does not add up: {now}"))
        if not spool.wait(after, 1):
            continue
        batch = spool.read(after, chance.randint(1, 50), 100_000)
        after = max(after, batch.last)
        through = after - chance.choice(lags)
        if through >= 0:
            note = chance.randbytes(chance.choice((0, 20, 1024)))
            os.write(said, noting(note))
            spool.remember(note)
            os.write(said, noted(note))
            os.write(said, releasing(through))
            spool.release(through)
            os.write(said, released(through))
