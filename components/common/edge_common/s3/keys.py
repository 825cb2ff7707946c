"""Object keys: made of what an object is, so that a repeat meets the first try and nothing else ever does.

Pure; any thread. A key is the prefix, then words of our own. What others have named (files) is mapped into
the characters that S3 calls safe, so that no name leaves its prefix, splits a line or starts a formula.
"""

import hashlib
import os
import re
from pathlib import PurePath

from edge_common.errors import PermanentError

# "Safe characters" of Amazon S3 User Guide, "Naming Amazon S3 objects", and "=", which hive partitions need
# and which every SDK and Athena take.
_ALLOWED = re.compile(r"[A-Za-z0-9!_.*'()/=-]+")
MAX_KEY_BYTES = 1024  # the same page, "Object key naming guidelines"
DIGEST_DIGITS = 16  # of a SHA-256: 64 bits, in a key that also names its records or its file
_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/")
_SUFFIX = re.compile(
    r"\.[A-Za-z0-9]{1,16}"
)  # without "-": what stands before it cannot be taken for a part of it
_SHOWN = 100
_DIGEST = re.compile(r"[0-9a-f]{64}")


def content_key(prefix: str, first: int, last: int, body_sha256_hex: str, suffix: str) -> str:
    """The key of a batch: `<prefix>/<first>-<last>-<16 digits of the hash><suffix>`.

    Args:
        prefix: What stands before it, without a slash at its end.
        first: Number of the batch's first record.
        last: Number of its last.
        body_sha256_hex: SHA-256 of the object's bytes, 64 lower-case hex digits.
        suffix: Such as ".json".

    Raises:
        PermanentError: It is no key that `check_key` lets through.

    >>> content_key("sensor-data/core/2026/11/22", 0, 9, "ab" * 32, ".json")
    'sensor-data/core/2026/11/22/0-9-abababababababab.json'
    """
    return check_key(f"{prefix}/{first}-{last}-{digest_mark(body_sha256_hex)}{suffix}")


def file_key(prefix: str, name: PurePath, sha256_hex: str) -> str:
    """The key of a file: its folders and name below the prefix, the hash of what it holds before the suffix.

    Two names never give one key, whatever they hold; the same file gives the same key for ever. Bytes other
    than letters, digits, `_`, `.` and `-` become `!` and two hex digits. A name that does not fit into a key
    is cut and ends in `!-` and 16 digits of its own hash.

    Args:
        prefix: What stands before it, without a slash at its end.
        name: Relative, below the folder that is kept in sync; any bytes that a file system takes.
        sha256_hex: SHA-256 of the file's bytes, 64 lower-case hex digits.

    Raises:
        PermanentError: The prefix is no beginning of a key, or leaves no room.
        ValueError: `name` is absolute or climbs with `..`.

    >>> file_key("images/core", PurePath("alerts/front door.jpg"), "ab" * 32)
    'images/core/alerts/front!20door-abababababababab.jpg'
    """
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise ValueError(f"{name} is not a name below a folder")
    suffix = name.suffix if _SUFFIX.fullmatch(name.suffix) else ""
    end = f"-{digest_mark(sha256_hex)}{suffix}"
    stem = _mapped(str(name).removesuffix(suffix))
    room = MAX_KEY_BYTES - len(f"{prefix}/{end}".encode())
    if len(stem) > room:
        own = "!-" + hashlib.sha256(os.fsencode(name)).hexdigest()[:DIGEST_DIGITS]
        stem = stem[: max(room - len(own), 0)].rstrip("/") + own
    return check_key(f"{prefix}/{stem}{end}")


def check_key(key: str) -> str:
    """Return `key`, or say what is wrong with it.

    Raises:
        PermanentError: Empty, too long, a character that S3 does not call safe, a leading slash, an empty
            step, `.` or `..`.
    """
    if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        raise _bad_key(key, f"it has {len(key.encode())} bytes; 1 to {MAX_KEY_BYTES} are allowed")
    if not _ALLOWED.fullmatch(key):
        raise _bad_key(key, "only A-Z a-z 0-9 ! _ . * ' ( ) / = - are allowed")
    if {"", ".", ".."} & set(key.split("/")):
        raise _bad_key(key, 'it begins or ends with "/", or has an empty step, "." or ".."')
    return key


def digest_mark(sha256_hex: str) -> str:
    """The part of a SHA-256 that stands in keys.

    Raises:
        ValueError: It is not 64 lower-case hex digits.
    """
    if not _DIGEST.fullmatch(sha256_hex):
        raise ValueError(f"{sha256_hex!r} is no SHA-256 in lower-case hex digits")
    return sha256_hex[:DIGEST_DIGITS]


def _mapped(name: str) -> str:
    # "!" is always followed by two hex digits here, and by "-" only where a name was cut: no two names meet.
    return "".join(chr(byte) if byte in _KEPT else f"!{byte:02X}" for byte in os.fsencode(name))


def _bad_key(key: str, why: str) -> PermanentError:
    shown = ascii(key if len(key) <= _SHOWN else f"{key[:_SHOWN]}...")
    return PermanentError(f"{shown} is no key for an S3 object: {why}. Change the prefix.", code="bad_key")
