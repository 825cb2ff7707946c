"""A fixed piece of work on a spool: append past the ends of segments, note, release in part, close; twice.

    python -m support.spool.steps FOLDER SEED            on a spool with its thread
    python -m support.spool.steps                        many times, in children; see `serve`

Says on its standard output, or on the descriptor it is given, what it did.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from edge_common.errors import TransientError
from edge_common.spool import Batch, Spool, SpoolFullError, Statistics
from edge_common.spool.folder import SpoolFolder
from edge_common.spool.limits import OnFull, SpoolLimits
from edge_common.spool.recovery import recover
from support.spool.spooling import adds_up, seeded, small_limits
from support.spool.witness import acknowledged, broken, noted, noting, released, releasing

ROUNDS = 2  # openings; each appends and releases
APPENDS = 22
LIMITS = small_limits(6, OnFull.DROP_OLDEST)
FIRST_HIT = 1000  # strace counts for each child: this many calls of one name are made before nothing else is


class Queue(Protocol):
    """What the steps use of a spool."""

    def append_many(self, records: Sequence[bytes]) -> range:
        """See `Spool`."""

    def read(self, after: int, max_records: int, max_bytes: int) -> Batch:
        """See `Spool`."""

    def remember(self, note: bytes) -> None:
        """See `Spool`."""

    def release(self, through: int) -> None:
        """See `Spool`."""

    def statistics(self) -> Statistics:
        """See `Spool`."""

    def __enter__(self) -> Self:
        """See `Spool`."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """See `Spool`."""


class OneThread:
    """A spool without its queue and its thread: the same calls to the disk, in the same order every time."""

    def __init__(self, folder: Path, limits: SpoolLimits) -> None:
        self._folder = SpoolFolder(folder)
        self._store = recover(self._folder, limits)
        self.read = self._store.read
        self.remember = self._store.remember
        self.release = self._store.release
        self.statistics = self._store.statistics

    def append_many(self, records: Sequence[bytes]) -> range:
        """Commit, then prepare."""
        first = self._store.commit(records)
        self._store.ahead.make()
        return range(first, first + len(records))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()
        self._folder.close()


Open = Callable[[Path, SpoolLimits], Queue]
Steps = Callable[[Path, int, int, Open], None]


def steps(folder: Path, said: int, seed: int, queue: Open) -> None:
    """Do the work; `said` is the descriptor to say so on."""
    chance = seeded(seed)
    for _ in range(ROUNDS):
        with queue(folder, LIMITS) as spool:
            for step in range(APPENDS):
                append(spool, chance, said)
                if step % 4 == 3:
                    release(spool, said, chance.randint(1, 8))
                look(spool, said)


def append(spool: Queue, chance: random.Random, said: int) -> None:
    """Append some records, and say so when they are taken in."""
    records = [chance.randbytes(chance.choice((1, 200, 5000))) for _ in range(chance.choice((1, 1, 3)))]
    try:
        numbers = spool.append_many(records)
    except SpoolFullError:
        return
    except TransientError:  # an injected fault: nothing was acknowledged, so nothing is said
        return
    os.write(said, b"".join(map(acknowledged, numbers, records)))


def release(spool: Queue, said: int, max_records: int) -> None:
    """Read the oldest, note them, release them, and say each."""
    batch = spool.read(-1, max_records, 100_000)
    if batch.records:
        note = b"sending %d to %d" % (batch.first, batch.last)
        os.write(said, noting(note))
        try:
            spool.remember(note)
            os.write(said, noted(note))
            os.write(said, releasing(batch.last))
            spool.release(batch.last)
        except TransientError:
            return
        os.write(said, released(batch.last))


def look(spool: Queue, said: int) -> None:
    """Say when the counts do not add up."""
    if not adds_up(now := spool.statistics()):
        os.write(said, broken(f"does not add up: {now}"))


def main(work: Steps) -> None:
    """Do `work` as the command line says, see the module."""
    if len(sys.argv) == 1:
        serve(lambda folder, said, seed: work(folder, said, seed, OneThread))
    else:
        work(Path(sys.argv[1]), sys.stdout.fileno(), int(sys.argv[2]), Spool)


def serve(work: Callable[[Path, int, int], None]) -> None:
    """Do `work` in a child for each line of standard input, and answer each with how the child ended.

    A line is JSON: `folder`, `seed`, `said` (a file), and `call` with `nth`: strace counts the calls of each
    child by itself, so that one injection at call number FIRST_HIT meets the `nth` of a child that has made
    FIRST_HIT - nth in vain before.

    Args:
        work: Gets the folder, the descriptor to say on, and the seed.
    """
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _work(job, work)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"pid": child, "status": os.waitstatus_to_exitcode(status)}), flush=True)  # noqa: T201


def _work(job: dict[str, Any], work: Callable[[Path, int, int], None]) -> None:
    code = 1
    try:
        said = os.open(job["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for _ in range(FIRST_HIT - job["nth"]):
            with suppress(OSError):
                VAIN_CALLS[job["call"]]()
        work(Path(job["folder"]), said, job["seed"])
        code = 0
    except TransientError:
        code = 2  # an injected fault while opening or closing
    finally:
        os._exit(code)


NOWHERE = 999  # a descriptor that nobody has open
VAIN_CALLS: dict[str, Callable[[], object]] = {
    "pwrite64": lambda: os.pwrite(NOWHERE, b"", 0),
    "write": lambda: os.write(NOWHERE, b""),
    "fdatasync": lambda: os.fdatasync(NOWHERE),
    "fsync": lambda: os.fsync(NOWHERE),
    "rename": lambda: Path("/").rename(""),
    "unlink": lambda: Path("/").unlink(),
    "mkdir": lambda: Path("/").mkdir(),
}


if __name__ == "__main__":
    main(steps)
