"""Damaged bytes, kept aside for a person to look at.

Owns the folder `quarantine` and its bound. A courtesy, never a condition: what cannot be kept (no room, or
the bound is reached) is counted by the spool all the same.
"""

from contextlib import suppress
from pathlib import Path

from edge_common.files import FILE_MODE

QUARANTINE_NAME = "quarantine"
MAX_BYTES = 1 << 20


class Quarantine:
    """The folder of damaged bytes of one spool; made when first needed. Used under the store's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / QUARANTINE_NAME
        self._used_bytes: int | None = None

    def keep(self, generation: int, offset: int, content: bytes) -> None:
        """Keep bytes of a segment; the same place is kept once, however often it is found again."""
        path = self._path / f"{generation:016x}-{offset:010d}.frame"
        with suppress(OSError):
            self._path.mkdir(mode=0o750, exist_ok=True)
            if self._used_bytes is None:
                self._used_bytes = sum(kept.stat().st_size for kept in self._path.iterdir())
            if self._used_bytes + len(content) > MAX_BYTES or path.exists():
                return
            self._used_bytes += len(content)
            path.write_bytes(content)
            path.chmod(FILE_MODE)
