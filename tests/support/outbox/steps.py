"""A fixed piece of work on an outbox: put, deliver to a far end that is unwell, give poison up; three times.

    python -m support.outbox.steps FOLDER SEED           on an outbox with its spools' threads
    python -m support.outbox.steps                       many times, in children; see `support.spool.steps`

An even seed works with batches, an odd one with messages. The far end is the standard output, or the
descriptor it is given: what is written there has arrived, whatever becomes of the process.
"""

import os
import random
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from edge_common import log
from edge_common.clock import SystemClock
from edge_common.errors import EdgeError, PermanentError, RefusedError, TransientError
from edge_common.outbox import Frozen, Parcel, storage
from edge_common.spool import SpoolLimits
from support.outbox.bench import LANES, WINDOW, Bench
from support.outbox.ends import POISON
from support.outbox.witness import arrived, parcel_of, put, putting, record_of, repeating
from support.spool.spooling import seeded
from support.spool.steps import OneThread, serve

ROUNDS = 2  # openings
PUTS = 14
POISONED_SHARE = 0.12
FAILING_SHARE = 0.2


class OneThreadSpool(OneThread):
    """A spool without its threads, as an outbox uses it."""

    def __init__(self, folder: Path, limits: SpoolLimits) -> None:
        super().__init__(folder, limits)
        self.statistics = self._store.statistics

    def append(self, record: bytes) -> int:
        """See `Spool`."""
        return self.append_many((record,)).start

    @property
    def note(self) -> bytes:
        """See `Spool`."""
        return self._store.note


class ToldSink:
    """Takes most of what it is sent, by saying so."""

    def __init__(self, chance: random.Random, said: int) -> None:
        self._chance = chance
        self._said = said

    def prepare(self, frozen: Frozen) -> Parcel:
        """See `BatchSink`."""
        return parcel_of(frozen)

    def send(self, sent: Any) -> Any:
        """See `BatchSink` and `MessageSink`."""
        if isinstance(sent, Parcel):
            error = self._take(sent.name, sent.body.split(b"\n"))
            if error is not None:
                raise error
            return None
        return [self._take("", [record]) for record in sent]

    def _take(self, name: str, records: Sequence[bytes]) -> EdgeError | None:
        draw = self._chance.random()
        if draw < FAILING_SHARE / 2:
            return TransientError("away")
        if any(POISON in record for record in records):
            return PermanentError("poison", code="poison")
        os.write(self._said, arrived(name, records))
        if draw <= 1 - FAILING_SHARE / 2:
            return None
        os.write(self._said, repeating(1))
        return RefusedError("not after all", code="no_answer")


def steps(folder: Path, said: int, seed: int) -> None:
    """Do the work; `said` is the far end, and where puts are told."""
    log.configure({log.LEVEL_VARIABLE: "ERROR"})  # the standard output is the far end's
    chance = seeded(seed)
    serial = 0
    for _ in range(ROUNDS):
        bench = Bench(folder, ToldSink(chance, said), SystemClock(), batches=seed % 2 == 0)
        try:
            for _ in range(PUTS):
                serial += 1
                _put(bench, serial, chance, said)
                if chance.random() < 0.5:
                    bench.hurry()
                with suppress(EdgeError):
                    bench.step()
        finally:
            bench.close()
            os.write(said, repeating(LANES * WINDOW))


def _put(bench: Bench, serial: int, chance: random.Random, said: int) -> None:
    poisoned = chance.random() < POISONED_SHARE
    record = record_of(serial, poisoned=poisoned, size_bytes=chance.choice((1, 200, 5000)))
    os.write(said, putting(serial))
    bench.put(record)
    os.write(said, put(serial, poisoned=poisoned))


def steps_in_one_thread(folder: Path, said: int, seed: int) -> None:
    """The same calls to the disk, in the same order every time."""
    with patch.object(storage, "Spool", OneThreadSpool):
        steps(folder, said, seed)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        serve(steps_in_one_thread)
    else:
        steps(Path(sys.argv[1]), sys.stdout.fileno(), int(sys.argv[2]))
