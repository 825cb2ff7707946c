"""What an analyst makes of what has arrived: tables by DuckDB, which shares no code with the product."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

THING = "orangepi5-core-001"
_NUMBERS = re.compile(r"/(\d+)-(\d+)-[0-9a-f]{16}\.json$")
_OBJECTS = """
    SELECT reading.device_id, reading.boot_id, reading.sequence, count(*)
    FROM (
        SELECT unnest(records) AS reading
        FROM read_json($files, maximum_object_size = 100000000, columns = {
            records: 'STRUCT(device_id VARCHAR, boot_id VARCHAR, sequence BIGINT)[]'
        })
    )
    GROUP BY ALL
"""
_MISCOUNTED = """
    SELECT count(*)
    FROM read_json($files, maximum_object_size = 100000000, columns = {
        record_count: 'BIGINT', records: 'JSON[]'
    })
    WHERE record_count IS DISTINCT FROM len(records)
"""
_MESSAGES = """
    SELECT device_id, boot_id, sequence, count(*)
    FROM read_json($files, columns = {device_id: 'VARCHAR', boot_id: 'VARCHAR', sequence: 'BIGINT'})
    GROUP BY ALL
"""
_UNNUMBERED = """
    SELECT count(*) FROM read_json($files, columns = {sequence: 'BIGINT'}) WHERE sequence IS NULL
"""

ReadingId = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Table:
    """Readings by (device_id, boot_id, sequence).

    Attributes:
        rows: How many there are, as often as they are there.
        readings: The different ones.
        unreadable: Files whose record_count is not the number of their records, or which number no reading;
            one that is no JSON ends the trial.
    """

    rows: int
    readings: frozenset[ReadingId]
    unreadable: int

    @property
    def repeated(self) -> int:
        """Rows that are there already."""
        return self.rows - len(self.readings)


def table_of_objects(folder: Path) -> Table:
    """All batches below `folder`, one in each file."""
    return _table(folder, _OBJECTS, _MISCOUNTED)


def table_of_messages(folder: Path) -> Table:
    """All messages below `folder`, one in each file."""
    return _table(folder, _MESSAGES, _UNNUMBERED)


def numbers_of(key: str) -> range:
    """The numbers of the records in an object, by its key."""
    found = _NUMBERS.search(key)
    assert found, f"{key} names no records"
    return range(int(found[1]), int(found[2]) + 1)


def readings_by_number(folder: Path) -> list[ReadingId]:
    """Every reading in the batches below `folder`, record by record.

    Raises:
        AssertionError: The numbers of the records, by the keys, have gaps or overlap.
    """
    paths = sorted(folder.rglob("*.json"), key=lambda path: numbers_of(str(path)).start)
    numbers = [number for path in paths for number in numbers_of(str(path))]
    assert numbers == list(range(len(numbers))), "the objects do not follow one another"
    batches = (json.loads(path.read_bytes()) for path in paths)
    return [(one["boot_id"], one["sequence"]) for batch in batches for one in batch["records"]]


def in_order_without_gaps(readings: Iterable[ReadingId]) -> bool:
    """Whether each start's numbers begin at 0, none is missing, and they come in their order."""
    last: dict[str, int] = {}
    for boot_id, sequence in readings:
        if sequence != last.get(boot_id, -1) + 1:
            return False
        last[boot_id] = sequence
    return True


def _table(folder: Path, readings: str, wrong: str) -> Table:
    files = str(folder / "**" / "*.json")
    with duckdb.connect() as database:

        def one(query: str) -> int:
            row = database.execute(query, {"files": files}).fetchone()
            assert row, query
            return int(row[0])

        unreadable = one("SELECT count(*) FROM read_text($files) WHERE NOT json_valid(content)")
        assert unreadable == 0, f"{unreadable} files below {folder} are no JSON"
        found = database.execute(readings, {"files": files}).fetchall()
        assert {device for device, *_ in found} == {THING}
        return Table(
            rows=sum(count for *_, count in found),
            readings=frozenset((boot_id, sequence) for _, boot_id, sequence, _ in found),
            unreadable=one(wrong),
        )
