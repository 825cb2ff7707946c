"""The two queues that the spool's benchmark compares, behind one shape; and the records that go through them.

Each keeps what it takes in on disk before `append` returns, gives it back in order, and forgets it when it is
delivered. One thread.
"""

import random
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from edge_common.messages import Reading, encode
from edge_common.spool import OnFull, Spool, SpoolLimits

RECORD_BYTES = 200
MIB = 1 << 20
_READ_RECORDS = 1_000


class Queue(Protocol):
    """What is measured."""

    def append(self, records: Sequence[bytes]) -> None:
        """Take in `records` as one commit; they are on disk when this returns."""

    def deliver(self) -> int:
        """Read everything that waits, then forget it, durably; how many records that were."""

    def close(self) -> None:
        """Close the files."""


class SpoolQueue:
    """Ours, with segments of the default size."""

    def __init__(self, folder: Path) -> None:
        limits = SpoolLimits(256 * MIB, OnFull.REJECT, min_free_bytes=0)
        self._spool = Spool(folder / "spool", limits)

    def append(self, records: Sequence[bytes]) -> None:
        """One frame."""
        self._spool.append_many(records)

    def deliver(self) -> int:
        """Read in batches, release once."""
        after, count = -1, 0
        while (batch := self._spool.read(after, _READ_RECORDS, MIB)).records:
            after = batch.last
            count += len(batch.records)
        if count:
            self._spool.release(after)
        return count

    def close(self) -> None:
        """Give up the folder."""
        self._spool.close()


class SqliteQueue:
    """SQLite as durable as it gets without losing the WAL's speed: one table, deleted from after delivery."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "records.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE records (number INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB NOT NULL)"
        )

    def append(self, records: Sequence[bytes]) -> None:
        """One transaction."""
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany(
            "INSERT INTO records (record) VALUES (?)", [(record,) for record in records]
        )
        self._database.execute("COMMIT")

    def deliver(self) -> int:
        """Read in batches, delete in one transaction."""
        after, count = -1, 0
        select = "SELECT number, record FROM records WHERE number > ? ORDER BY number LIMIT ?"
        while rows := self._database.execute(select, (after, _READ_RECORDS)).fetchall():
            after = rows[-1][0]
            count += len(rows)
        if count:
            self._database.execute("DELETE FROM records WHERE number <= ?", (after,))
        return count

    def close(self) -> None:
        """Close the database, which brings the WAL into it."""
        self._database.close()


def open_queue(name: str, folder: Path) -> Queue:
    """The queue `name`, "spool" or "sqlite", in an empty folder; the caller closes it."""
    kinds: dict[str, Callable[[Path], Queue]] = {"spool": SpoolQueue, "sqlite": SqliteQueue}
    return kinds[name](folder)


def readings(count: int, seed: int = 1) -> list[bytes]:
    """So many different readings as they travel, each of exactly RECORD_BYTES bytes; the last are spaces."""
    chance = random.Random(seed)  # noqa: S311  nothing secret is made of it
    boot_id = "0f3c2a9b-5d1e-4c77-9a60-3b1f8e2d7c45"
    records = []
    for sequence in range(count):
        seconds = sequence * 5
        clock = f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        sensors = {
            "temperature": round(chance.uniform(20, 30), 2),
            "humidity": round(chance.uniform(40, 80), 2),
        }
        timestamp = f"2026-11-22T{clock}.{chance.randrange(1000):03d}Z"
        record = encode(Reading("orangepi5-core-001", timestamp, boot_id, sequence, sensors))
        records.append(record.ljust(RECORD_BYTES))
    return records
