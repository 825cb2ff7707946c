"""The file of the next segment, made ahead of need, so that no commit waits for its zeros to reach the disk.

Owns when that is, and the one file in the making. `make` runs at opening, and from then on in the preparing
thread alone, without the store's lock while it writes; everything else is called under that lock. What fails
here is no error: the commit that needs the file makes it itself, and tells its appenders why it cannot.
"""

import threading
from contextlib import suppress

from edge_common.errors import EdgeError
from edge_common.spool.blank import AHEAD_NAME, READY_NAME, may_be_made, write_blank
from edge_common.spool.chain import Chain
from edge_common.spool.limits import SpoolLimits
from edge_common.spool.segment import Segment

# Early enough for a slow card, late enough that a reader who keeps up has left a spare by then.
_DUE_AT = 0.25
_NO_SEGMENT = 0  # in place of a generation, while there is no segment at all


class Ahead:
    """Makes at most one file at a time, and only where no spare is left."""

    def __init__(self, chain: Chain, limits: SpoolLimits, lock: threading.Lock) -> None:
        self._chain = chain
        self._limits = limits
        self._lock = lock
        self._changed = threading.Condition(lock)
        self._stopped = threading.Event()
        self._is_making = False
        self._tried_for: int | None = None  # generation: once for each segment, or a full disk keeps us busy

    def look(self) -> None:
        """The active segment has grown: wake the preparing thread when it is time."""
        if self._is_due():
            self._changed.notify_all()

    def wait(self) -> bool:
        """Wait for the file in the making, giving up the lock meanwhile.

        Returns:
            Whether there was one: then look at the spares again.
        """
        was_making = self._is_making
        self._changed.wait_for(lambda: not self._is_making)
        return was_making

    def run(self) -> None:
        """Make files as they become due, until `stop`; what the preparing thread does."""
        while not self._stopped.is_set():
            with self._lock:
                self._changed.wait_for(lambda: self._stopped.is_set() or self._is_due())
            self.make()

    def stop(self) -> None:
        """End `run` soon, giving up what is in the making. Not called under the lock."""
        self._stopped.set()
        with self._lock:
            self._changed.notify_all()

    def make(self) -> None:
        """Make the file if it is due, the cap allows it and the disk has room. Not called under the lock.

        If the process dies here, the next opening unlinks what is not complete.
        """
        if not self._begin():
            return
        made = False
        try:
            with suppress(OSError):
                path = write_blank(self._chain.folder / AHEAD_NAME, self._limits.segment_bytes, self._stopped)
                path.rename(self._chain.folder / READY_NAME)
                made = True
        finally:
            self._finish(made=made)

    def _is_due(self) -> bool:
        active = self._chain.active
        return (
            not self._stopped.is_set()
            and not self._chain.spares
            and self._tried_for != _generation_of(active)
            and (active is None or _is_filling(active))
        )

    def _begin(self) -> bool:
        with self._lock:
            if not self._is_due():
                return False
            self._tried_for = _generation_of(self._chain.active)
            with suppress(OSError):
                self._is_making = may_be_made(self._chain, self._limits)
            self._chain.reserved_bytes = self._limits.segment_bytes if self._is_making else 0
            return self._is_making

    def _finish(self, *, made: bool) -> None:
        with self._lock:
            self._is_making = False
            self._chain.reserved_bytes = 0
            if made:
                with suppress(EdgeError):  # a spare has come meanwhile, and this cannot be unlinked: the next
                    self._chain.keep_or_unlink(  # opening tries again
                        self._chain.folder / READY_NAME, self._limits.segment_bytes, suspect=False
                    )
            self._changed.notify_all()


def _generation_of(active: Segment | None) -> int:
    return _NO_SEGMENT if active is None else active.generation


def _is_filling(active: Segment) -> bool:
    return not active.suspect and active.end_bytes >= active.size_bytes * _DUE_AT
