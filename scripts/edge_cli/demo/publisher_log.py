"""The producer's end: what the publisher's log says of each reading.

What it says of a backlog is summed up there (`backlog_published`) and not read here: those readings count as
waiting until they arrive.
"""

import re

from edge_cli.demo.reconcile import Ledger, ReadingId
from edge_cli.logs.lines import LogRecord

_READING = re.compile(
    r"^reading_(?P<what>stored|published) boot_id=(?P<boot_id>\w+) sequence=(?P<sequence>\d+)\b"
)


def note(record: LogRecord, ledger: Ledger) -> None:
    """Enter one log record into the ledger if it is about a reading."""
    if said := _READING.match(record.text):
        enter = ledger.stored if said["what"] == "stored" else ledger.published
        enter(ReadingId(said["boot_id"], int(said["sequence"])))
