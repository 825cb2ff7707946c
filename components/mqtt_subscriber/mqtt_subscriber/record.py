"""The optional record of received messages: CSV or JSON Lines, rotated by size. Used by one thread."""

import csv
import io
import json
from pathlib import Path

from mqtt_subscriber.config import RecordConfig, RecordFormat
from mqtt_subscriber.record_file import RecordFile

CSV_HEADER = "received_at,topic,payload"
# A spreadsheet takes a cell that begins with one of these for a formula: OWASP, "CSV Injection".
_FORMULA_STARTS = ("=", "+", "-", "@", "\t")
_MIN_FREE_BYTES = 50_000_000  # a record is a convenience: it never takes the disk's last room


def open_record(config: RecordConfig, folder: Path) -> RecordFile | None:
    """Open the record that `config` asks for below `folder`; None when it asks for none.

    Raises:
        EdgeError: As `RecordFile`.
    """
    if config.format is RecordFormat.NONE:
        return None
    return RecordFile(
        folder / f"{config.path}.{config.format}",
        max_bytes=config.max_bytes,
        keep=config.keep,
        header=CSV_HEADER if config.format is RecordFormat.CSV else None,
        min_free_bytes=_MIN_FREE_BYTES,
    )


def csv_line(received_at: str, topic: str, payload: bytes) -> str:
    """One row: when (UTC), topic, payload as text with formulas made harmless and line breaks escaped."""
    row = io.StringIO()
    cells = [_harmless(text) for text in (topic, payload.decode(errors="backslashreplace"))]
    csv.writer(row, lineterminator="").writerow([received_at, *cells])
    return row.getvalue()


def json_line(received_at: str, topic: str, payload: bytes) -> str:
    """One object: `received_at` (UTC), `topic`, and `payload`, which is JSON."""
    entry = {"received_at": received_at, "topic": topic, "payload": json.loads(payload)}
    return json.dumps(entry, ensure_ascii=True, separators=(",", ":"))


def _harmless(cell: str) -> str:
    one_line = cell.replace("\r", "\\r").replace("\n", "\\n")
    return f"'{one_line}" if one_line.startswith(_FORMULA_STARTS) else one_line
