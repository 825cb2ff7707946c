"""Where the next segment comes from, and what gives way when there is no room for it.

Owns the cap, the floor of free space and the named policy. Used by the committer thread, under the store's
lock.
"""

import errno
import os
from pathlib import Path

from edge_common.files import disk_errors
from edge_common.spool.chain import Chain
from edge_common.spool.errors import SpoolFullError
from edge_common.spool.ledger import Ledger
from edge_common.spool.limits import OnFull, SpoolLimits
from edge_common.spool.reader import Reader
from edge_common.spool.segment import Segment, write_blank

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Room:
    """Finds a file for the next segment."""

    def __init__(self, chain: Chain, ledger: Ledger, reader: Reader, limits: SpoolLimits) -> None:
        self._chain = chain
        self._ledger = ledger
        self._reader = reader
        self._limits = limits

    def find(self, replaced: Segment | None) -> Path:
        """A file of the right size that may be written over: a spare, a new one, or what gave way.

        Args:
            replaced: A segment that will be superseded by the new one: it may not give way, and for that
                moment one file more than the cap allows may exist. None for growth.

        Raises:
            SpoolFullError: Nothing may give way.
            TransientError: The disk fails.
            PermanentError: The folder is not ours to write.
        """
        while not self._chain.spares:
            blank = self._make_blank(1 if replaced is not None else 0)
            if blank is not None:
                return blank
            self._give_way(replaced)
        return self._chain.spares[0]

    def _make_blank(self, over_cap_files: int) -> Path | None:
        folder, size_bytes = self._chain.folder, self._limits.segment_bytes
        if self._chain.size_bytes + size_bytes > self._limits.max_bytes + over_cap_files * size_bytes:
            return None
        with disk_errors("make a segment in", folder):
            room = os.statvfs(folder)
            if room.f_bavail * room.f_frsize - size_bytes < self._limits.min_free_bytes:
                return None
            try:
                return write_blank(folder, size_bytes)
            except OSError as error:
                if error.errno in _NO_ROOM:
                    return None
                raise

    def _give_way(self, replaced: Segment | None) -> None:
        """Act by the policy: drop the oldest segment, or refuse."""
        victim = self._chain.segments[0] if self._chain.segments else None
        if self._limits.on_full is OnFull.REJECT or victim is None or victim is replaced:
            raise SpoolFullError(
                f"the spool {self._chain.folder} is full: {self._chain.size_bytes} bytes of at most "
                f"{self._limits.max_bytes}, or no {self._limits.segment_bytes} bytes above the "
                f"{self._limits.min_free_bytes} that must stay free on its disk. Let what it holds be "
                "delivered, raise max_bytes, or make room."
            )
        self._reader.look_up(victim)
        self._ledger.drop(self._chain.end_of(victim, self._ledger.next))
        self._chain.discard(victim)
