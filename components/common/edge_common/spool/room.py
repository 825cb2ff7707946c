"""Where the next segment comes from, and what gives way when there is no room for it.

Owns the named policy; a segment in which nothing waits gives way before it is asked. Used by the
thread that commits, under the store's lock, which is given up only while a file in the making is waited for.
"""

from pathlib import Path

from edge_common.files import disk_errors
from edge_common.spool.ahead import Ahead
from edge_common.spool.blank import BLANK_NAME, NO_ROOM, may_be_made, write_blank
from edge_common.spool.chain import Chain
from edge_common.spool.errors import SpoolFullError
from edge_common.spool.ledger import Ledger
from edge_common.spool.limits import OnFull, SpoolLimits
from edge_common.spool.reader import Reader
from edge_common.spool.segment import Segment


class Room:
    """Finds a file for the next segment."""

    def __init__(
        self, chain: Chain, ledger: Ledger, reader: Reader, limits: SpoolLimits, ahead: Ahead
    ) -> None:
        self._chain = chain
        self._ledger = ledger
        self._reader = reader
        self._limits = limits
        self._ahead = ahead

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
            if self._ahead.wait():
                continue
            blank = self._make_blank(1 if replaced is not None else 0)
            if blank is not None:
                return blank
            self._give_way(replaced)
        return self._chain.spares[0]

    def _make_blank(self, over_cap_files: int) -> Path | None:
        with disk_errors("make a segment in", self._chain.folder):
            if not may_be_made(self._chain, self._limits, over_cap_files=over_cap_files):
                return None
            try:
                return write_blank(self._chain.folder / BLANK_NAME, self._limits.segment_bytes)
            except OSError as error:
                if error.errno in NO_ROOM:
                    return None
                raise

    def _give_way(self, replaced: Segment | None) -> None:
        """Give up the oldest segment: where nothing in it waits, or else by the policy; or refuse."""
        victim = self._chain.segments[0] if self._chain.segments else None
        if victim is not None and victim is not replaced and self._is_done(victim):
            self._ledger.confirm()  # the numbers outlive a crash before there is another segment to tell them
            self._chain.discard(victim)
            return
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

    def _is_done(self, segment: Segment) -> bool:
        return self._chain.end_of(segment, self._ledger.next) <= self._ledger.released
