"""The producer's end: what the publisher's log says of each reading."""

import re

from edge_cli.demo.reconcile import Ledger, ReadingId
from edge_cli.log_lines import LogRecord

# `INFO "reading published" boot_id=… sequence=…`, `WARNING "reading not published" …`
_EVENT = re.compile(r'^"?reading[ _](?P<refused>not[ _])?published\b"?')
_BOOT_ID = re.compile(r'\bboot_id="?(?P<boot_id>[^\s"]+)"?')
_SEQUENCE = re.compile(r"\bsequence=(?P<sequence>\d+)\b")


def note(record: LogRecord, ledger: Ledger) -> None:
    """Enter one log record into the ledger if it is about a reading."""
    event = _EVENT.match(record.text)
    boot_id, sequence = _BOOT_ID.search(record.text), _SEQUENCE.search(record.text)
    if not (event and boot_id and sequence):
        return
    reading = ReadingId(boot_id["boot_id"], int(sequence["sequence"]))
    if event["refused"]:
        ledger.refused(reading)
    else:
        ledger.accepted(reading)
