r"""The dead letter: a record that no far end will ever take, kept with the reason. Pure: bytes in, bytes out.

Also names the folders of an outbox, for whoever looks into one from outside: `edge spool` reads dead letters
and puts their records into the queue again.

    FOLDER/                     `OutboxConfig.folder`, below the component's work folder
    ├── records/                a `BatchOutbox` has one lane
    ├── live/  backlog/         a `MessageOutbox` has two
    ├── dead/                   the dead letters of all lanes, a spool as well
    └── cap.json                how large it may grow; see `cap`

How many records were ever given up is the next number of that spool. A dead letter is one line of JSON, then
the record's bytes as they were put:

    {"version":1,"lane":"records","number":17,"time":"2026-11-22T04:26:11.123Z","code":"too_large","reason":"…"}\n
    {"device_id": …
"""

from dataclasses import dataclass
from typing import Any

from edge_common import strict_json
from edge_common.errors import PermanentError
from edge_common.spool.frame import BLOCK_BYTES

RECORDS_FOLDER = "records"
LIVE_FOLDER = "live"
BACKLOG_FOLDER = "backlog"
DEAD_FOLDER = "dead"

# Where the record of a dead letter belongs when it is put into the queue again. Not into `live`: that is for
# what is fresh.
REQUEUE_FOLDERS = {
    RECORDS_FOLDER: RECORDS_FOLDER,
    LIVE_FOLDER: BACKLOG_FOLDER,
    BACKLOG_FOLDER: BACKLOG_FOLDER,
}

HEADER_BYTES = BLOCK_BYTES  # a letter is at most so much longer than its record; segments are whole blocks
_VERSION = 1
_MAX_REASON_CHARACTERS = 500  # 6 bytes each when escaped
_MAX_CODE_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was given up, and why.

    Attributes:
        lane: Which spool it was in: one of the keys of `REQUEUE_FOLDERS`.
        number: Its number there; `(lane, number)` names it, should the same letter be found twice.
        time: When it was given up, by the device's wall clock: `2026-11-22T04:26:11.123Z`.
        code: The fixed word of the PermanentError, such as "too_large".
        reason: Its one line for a person; cut to 500 characters.
        record: What was put, byte for byte.
    """

    lane: str
    number: int
    time: str
    code: str
    reason: str
    record: bytes


def encode(letter: DeadLetter) -> bytes:
    """`letter` as the dead letters' spool holds it: at most `HEADER_BYTES` longer than its record."""
    header = {
        "version": _VERSION,
        "lane": letter.lane,
        "number": letter.number,
        "time": letter.time,
        "code": _sound(letter.code, _MAX_CODE_CHARACTERS),
        "reason": _sound(letter.reason, _MAX_REASON_CHARACTERS),
    }
    return b"\n".join((strict_json.encode(header), letter.record))


def decode(content: bytes) -> DeadLetter:
    """Read what `encode` wrote.

    Raises:
        PermanentError: It is no dead letter (code "no_dead_letter"), or one of a newer program (code
            "newer_format").
    """
    line, end, record = content.partition(b"\n")
    header = _object(line) if end else None
    if header is None:
        raise _no_letter("it does not begin with a line of JSON")
    version = header.get("version")
    if type(version) is int and version > _VERSION:
        reason = f"the dead letter has version {version}; this program knows {_VERSION}. Run the newer one."
        raise PermanentError(reason, code="newer_format")
    number, texts = header.get("number"), [header.get(key) for key in ("lane", "time", "code", "reason")]
    if type(number) is not int or not all(isinstance(text, str) for text in texts):
        raise _no_letter("its first line lacks a field")
    lane, time, code, reason = map(str, texts)
    return DeadLetter(lane, number, time, code, reason, record)


def _object(line: bytes) -> dict[str, Any] | None:
    value, faults = strict_json.parse(line)
    return value if isinstance(value, dict) and not faults else None


def _no_letter(why: str) -> PermanentError:
    return PermanentError(
        f"this record is no dead letter: {why}. Look at it with a hex viewer.", code="no_dead_letter"
    )


def _sound(text: str, max_characters: int) -> str:
    """`text` short and without halves of surrogate pairs, which JSON does not take."""
    return text[:max_characters].encode(errors="replace").decode()
