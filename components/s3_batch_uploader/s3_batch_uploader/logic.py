"""What goes under which key, and what S3 is told of it: pure, no clock, no disk, no network.

Keys are made of what stands under them (`edge_common.s3`): the same bytes always go to the same key, and
others never do.
"""

import mimetypes
from datetime import UTC, datetime
from pathlib import PurePath

from edge_common.s3.keys import content_key, file_key

BATCH_CONTENT_TYPE = "application/json"

# The table in Python itself, not the machine's: a file has the same type wherever it is uploaded from.
_TYPES = mimetypes.MimeTypes()
_UNKNOWN_TYPE = "application/octet-stream"


def key_of_batch(prefix: str, thing: str, frozen_at: datetime, numbers: tuple[int, int], sha256: str) -> str:
    """Where a batch of readings goes.

    Args:
        prefix: The setting `key_prefix`.
        thing: Name of the core's thing.
        frozen_at: When the batch was closed, aware of its zone; its day in UTC becomes three folders.
        numbers: Of the first and the last reading in the outbox.
        sha256: Of the object's bytes, 64 hex digits.

    >>> key_of_batch("sensor-data", "core-1", datetime(2026, 11, 22, 4, tzinfo=UTC), (0, 9), "ab" * 32)
    'sensor-data/core-1/2026/11/22/0-9-abababababababab.json'
    """
    day = frozen_at.astimezone(UTC)
    folders = f"{_below(prefix, thing)}/{day.year:04}/{day.month:02}/{day.day:02}"
    return content_key(folders, *numbers, sha256, ".json")


def key_of_file(prefix: str, thing: str, relative: PurePath, sha256: str) -> str:
    """Where a file goes: its own path with the digest in its name.

    Args:
        prefix: The setting `key_prefix` of its folder.
        thing: Name of the core's thing.
        relative: Path below the folder; any bytes may be in it.
        sha256: Of the file's bytes, 64 hex digits.

    >>> key_of_file("images", "core-1", PurePath("alerts/cam1/0001.jpg"), "ab" * 32)
    'images/core-1/alerts/cam1/0001-abababababababab.jpg'
    """
    return file_key(_below(prefix, thing), relative, sha256)


def content_type(name: str) -> str:
    """What S3 shall say a file is, by its name.

    >>> content_type("0001.jpg"), content_type("0001")
    ('image/jpeg', 'application/octet-stream')
    """
    guessed, encoding = _TYPES.guess_type(f"/{name}")
    return _UNKNOWN_TYPE if guessed is None or encoding is not None else guessed


def _below(prefix: str, thing: str) -> str:
    return f"{prefix}/{thing.replace(':', '!3A')}"  # the one character of thing names that keys do not take
