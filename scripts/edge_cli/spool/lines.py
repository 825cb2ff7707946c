"""Records as JSON Lines: one envelope for each, and in it the record as it is when it is JSON; pure."""

import base64
from typing import Any

import orjson

from edge_cli.spool.letters import Kept


def of_record(lane: str, number: int, record: bytes) -> bytes:
    r"""One line for a waiting record.

    >>> of_record("records", 7, b'{"a": 1.0}')
    b'{"lane":"records","number":7,"record":{"a": 1.0}}\n'
    >>> of_record("records", 8, b"\xff")
    b'{"lane":"records","number":8,"record_base64":"/w=="}\n'
    """
    return _line({"lane": lane, "number": number}, record)


def of_letter(kept: Kept) -> bytes:
    """One line for a dead letter; `dead_number` is its number among them, `number` that in its lane."""
    if kept.letter is None:
        return _line({"dead_number": kept.number, "fault": kept.fault}, kept.content)
    letter = kept.letter
    envelope = {
        "lane": letter.lane,
        "number": letter.number,
        "dead_number": kept.number,
        "time": letter.time,
        "code": letter.code,
        "reason": letter.reason,
    }
    return _line(envelope, letter.record)


def _line(envelope: dict[str, Any], record: bytes) -> bytes:
    try:
        orjson.loads(record)
    except orjson.JSONDecodeError:
        return orjson.dumps(envelope | {"record_base64": base64.b64encode(record).decode()}) + b"\n"
    # A line break in JSON can only stand between its parts, where a blank means the same.
    one_line = record.strip().replace(b"\n", b" ").replace(b"\r", b" ")
    return b'%s,"record":%s}\n' % (orjson.dumps(envelope)[:-1], one_line)
