"""The producer's end: what the publisher's log says of each reading."""

import re

from edge_cli.demo.reconcile import Ledger, ReadingId
from edge_cli.log_lines import LogRecord

_READING = re.compile(
    r"^reading_(?P<refused>not_)?published\b.*?\bboot_id=(?P<boot_id>\w+) sequence=(?P<sequence>\d+)\b"
)
_NOT_TAKEN = re.compile(r"^readings_not_taken count=(?P<count>\d+)\b")


def note(record: LogRecord, ledger: Ledger) -> None:
    """Enter one log record into the ledger if it is about readings."""
    if published := _READING.match(record.text):
        reading = ReadingId(published["boot_id"], int(published["sequence"]))
        if published["refused"]:
            ledger.refused(reading)
        else:
            ledger.accepted(reading)
    elif gap := _NOT_TAKEN.match(record.text):
        ledger.not_taken(int(gap["count"]))
