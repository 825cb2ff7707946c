"""Opens a spool, reads all of it, appends one record, and says what it found, as one JSON object.

    python -m support.spool.reading FOLDER

For trials in which strace makes its reads fail.
"""

import json
import sys
from pathlib import Path

from edge_common.spool import Spool
from support.spool.spooling import adds_up, records_of, small_limits

FRESH = b"fresh"


def main(folder: Path) -> None:
    """Print what is there."""
    with Spool(folder, small_limits()) as spool:
        records = records_of(spool)
        number = spool.append(FRESH)
        batch = spool.read(number - 1, 1, 100)
        now = spool.statistics()
        report = {
            "records": {
                number: record.decode()
                for number, record in [*records.items(), *enumerate(batch.records, batch.first)]
            },
            "damaged": now.damaged,
            "adds_up": adds_up(now),
            "taken": now.next_number,
        }
    print(json.dumps(report))  # noqa: T201  the answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
