"""The folder of a spool as it stands at one moment, read from outside while its process may be changing it.

Owns the order in which names and journal are read, so that together they are true; what the segments hold is
`inspection`'s. Reads only and takes no lock. No threads.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_common.errors import PermanentError, TransientError
from edge_common.files import disk_errors
from edge_common.spool.folder import FORMAT_BYTES, FORMAT_NAME, version_in
from edge_common.spool.frame import BLOCK_BYTES, FORMAT_VERSION
from edge_common.spool.journal import COPIES, JOURNAL_NAME, Released, parse_copy
from edge_common.spool.recovery import sort_out
from edge_common.spool.sectors import read_around
from edge_common.spool.segment import parse_name

MAX_TRIES = 100  # a writer at full speed begins a segment every 20 ms or so, and a look takes less
_JOURNAL_TRIES = 3  # a copy that is being written is whole the next time; a rotten one is not


@dataclass(frozen=True, slots=True)
class Standing:
    """Names and journal at one moment.

    Attributes:
        journal: The newest whole state; where no copy is whole, what opening the spool would make of it.
        rotten_copies: How many of the journal's four copies fail their check.
        segments: The files that count, oldest first; the last is the one written to.
    """

    journal: Released
    rotten_copies: int
    segments: tuple[Path, ...]


def take(path: Path) -> Standing:
    """How the spool in the folder `path` stands.

    Raises:
        OSError: The folder is not there, or cannot be read.
        TransientError: It changes faster than it can be read.
    """
    for _ in range(MAX_TRIES):
        names = segment_names(path)
        state, rotten_copies = _read_journal(path)
        segments, _ = sort_out(path, state.released if state is not None else 0)
        if segment_names(path) != names:
            continue
        oldest = first_of(segments[0]) if segments else 0
        if state is None:  # as at opening: what was released before the oldest segment went is not lost
            return Standing(Released(released=oldest), rotten_copies, tuple(segments))
        return Standing(state, rotten_copies, tuple(segments))
    raise too_fast(path)


def format_is_rotten(path: Path) -> bool:
    """Whether the line that names the format fails its check or is not there; opening makes it anew.

    Raises:
        OSError: It cannot be read.
        PermanentError: It names a newer format.
    """
    version = version_in(_read(path / FORMAT_NAME, FORMAT_BYTES, path / JOURNAL_NAME))
    if version is None:
        return True
    if version > FORMAT_VERSION:
        raise PermanentError(
            f"the spool {path} has format {version}; this program knows up to {FORMAT_VERSION}. "
            "Look with the newer program; nothing was changed.",
            code="newer_format",
        )
    return False


def segment_names(path: Path) -> list[str]:
    """Names of all segment files, in use or spare, oldest first.

    Raises:
        OSError: The folder cannot be read.
    """
    return sorted(entry.name for entry in path.iterdir() if parse_name(entry.name))


def first_of(segment: Path) -> int:
    """Number of the first record of a segment, by its name.

    Raises:
        ValueError: It is no segment's name.
    """
    parsed = parse_name(segment.name)
    if parsed is None:
        raise ValueError(f"{segment.name} is no segment's name")
    return parsed[1]


def too_fast(path: Path) -> TransientError:
    """What to raise when `MAX_TRIES` looks were all overtaken."""
    return TransientError(f"the spool {path} changes faster than it can be read. Try again.")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise an OSError of the body as one of ours.

    Raises:
        TransientError: The disk fails: it may pass.
        PermanentError: Anything else; code "not_readable" where another user could read it.
    """
    with disk_errors("read", path):
        try:
            yield
        except PermissionError as error:
            raise PermanentError(
                f"cannot read {error.filename or path}: {error.strerror}. Run this as the user whom the "
                "folder belongs to, or as one of its group.",
                code="not_readable",
            ) from error


def _read(path: Path, size_bytes: int, probe: Path) -> bytes:
    """The beginning of a file, b"" without one; zeros for sectors that cannot be read while `probe` can."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return b""
    try:
        return read_around(descriptor, size_bytes, 0, probe)[0]
    finally:
        os.close(descriptor)


def _read_journal(path: Path) -> tuple[Released | None, int]:
    """The newest whole state, None where there is none, and how many copies are rotten."""
    whole: list[tuple[int, Released]] = []
    for _ in range(_JOURNAL_TRIES):
        content = _read(path / JOURNAL_NAME, COPIES * BLOCK_BYTES, path / FORMAT_NAME)
        copies = (content[at * BLOCK_BYTES : (at + 1) * BLOCK_BYTES] for at in range(COPIES))
        whole = [parsed for copy in copies if (parsed := parse_copy(copy)) is not None]
        if len(whole) == COPIES:
            break
    newest = max(whole, key=lambda copy: copy[0])[1] if whole else None
    return newest, COPIES - len(whole)
