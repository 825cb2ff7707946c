"""The spool without its queue and its thread: committing, reading, releasing and making room.

Owns the chain of segments and the ledger of numbers. `commit` is for one thread at a time, `ahead.run`
for the preparing thread; everything else may be called from any thread. The lock guards the chain and the
ledger and is never held while a commit syncs or a file is made ahead.
"""

import threading
from collections.abc import Sequence

from edge_common.errors import TransientError
from edge_common.files import disk_errors
from edge_common.spool.ahead import Ahead
from edge_common.spool.chain import Chain
from edge_common.spool.errors import SpoolFullError
from edge_common.spool.frame import Packed, pack, read_header
from edge_common.spool.journal import MAX_NOTE_BYTES
from edge_common.spool.ledger import Ledger
from edge_common.spool.limits import SpoolLimits
from edge_common.spool.quarantine import Quarantine
from edge_common.spool.reader import Batch, Reader
from edge_common.spool.repair import rewrite
from edge_common.spool.room import Room
from edge_common.spool.segment import Entry, Segment
from edge_common.spool.stats import Statistics


class Store:
    """The opened content of a spool; made by `recovery.recover`, closed by whoever opened it.

    Attributes:
        ahead: Makes the next segment's file, in whichever thread runs it.
    """

    def __init__(
        self, chain: Chain, ledger: Ledger, limits: SpoolLimits, quarantine: Quarantine, torn_tails: int
    ) -> None:
        self._chain = chain
        self._ledger = ledger
        self._lock = threading.Lock()
        self._grown = threading.Condition(self._lock)
        self._reader = Reader(chain, ledger, quarantine)
        self.ahead = Ahead(chain, limits, self._lock)
        self._room = Room(chain, ledger, self._reader, limits, self.ahead)
        self._torn_tails = torn_tails
        self._rejected = 0
        self._failed_commits = 0

    def commit(self, records: Sequence[bytes]) -> int:
        """Write `records` as one frame and sync it: only then are they there, for readers too.

        Returns:
            Number of the first; the others follow.

        Raises:
            SpoolFullError: The policy at the cap is to reject.
            TransientError: The disk is full or fails; none of them counts as written.
            PermanentError: The folder is not ours to write.
        """
        packed = pack(records)
        try:
            segment = self._place(packed)
            first = self._ledger.next
            frame = packed.frame(segment.generation, first)
            with disk_errors("write", segment.path):
                segment.write(segment.end_bytes, frame)
                segment.sync()
        except SpoolFullError:
            with self._lock:
                self._rejected += len(records)
            raise
        except TransientError:
            with self._lock:
                self._failed_commits += 1
            raise
        header = read_header(frame, segment.generation)
        if header is None:
            raise AssertionError("a frame that was just made has a header")
        with self._lock:
            if segment.entries is not None:
                segment.entries.append(Entry(segment.end_bytes, header))
            segment.end_bytes += len(frame)
            self._ledger.next = header.last + 1
            self._grown.notify_all()
            self.ahead.look()
        return first

    def read(self, after: int, max_records: int, max_bytes: int) -> Batch:
        """Read what follows record number `after`; see `Spool.read`."""
        with self._lock:
            return self._reader.read(after, max_records, max_bytes)

    def wait(self, after: int, timeout_s: float | None) -> bool:
        """Wait until a record with a number above `after` was acknowledged."""
        with self._lock:
            return self._grown.wait_for(lambda: self._ledger.next > after + 1, timeout_s)

    def release(self, through: int) -> None:
        """Make durable that everything up to `through` is delivered, then free what held it."""
        with self._lock:
            if through >= self._ledger.next:
                raise ValueError(f"record {through} was never taken in; the last is {self._ledger.next - 1}")
            released = self._ledger.released
            if through < released and not self._ledger.state.note:
                return
            self._ledger.release(max(through + 1, released))
            self._chain.free_below(self._ledger.released)

    def remember(self, note: bytes) -> None:
        """Make `note` durable; see `Spool.remember`."""
        if len(note) > MAX_NOTE_BYTES:
            raise ValueError(f"a note has {len(note)} bytes; at most {MAX_NOTE_BYTES} are kept")
        with self._lock:
            self._ledger.remember(bytes(note))

    @property
    def note(self) -> bytes:
        """What `remember` was last given, and no release has cleared."""
        with self._lock:
            return self._ledger.state.note

    def statistics(self) -> Statistics:
        """One consistent picture."""
        with self._lock:
            ledger, state = self._ledger, self._ledger.state
            waiting_damaged = ledger.damaged(state.released, ledger.next)
            records = ledger.next - state.released - waiting_damaged
            return Statistics(
                records=records,
                bytes=self._chain.size_bytes,
                oldest=state.released if records else None,
                next_number=ledger.next,
                released=state.released,
                delivered=state.released - state.dropped - state.damaged,
                dropped=state.dropped,
                damaged=state.damaged + waiting_damaged,
                damaged_waiting=waiting_damaged,
                rejected=self._rejected,
                torn_tails=self._torn_tails,
                failed_commits=self._failed_commits,
            )

    def close(self) -> None:
        """Make the last number durable, so that a loss after this would show, and close every file.

        Raises:
            TransientError: The disk fails; the files are closed all the same.
        """
        with self._lock:
            try:
                if self._ledger.state.assigned != self._ledger.next:
                    self._ledger.confirm()
            finally:
                self._chain.close()
                self._ledger.close()

    def _place(self, packed: Packed) -> Segment:
        """The segment that `packed` goes into: the active one, or a new one when that is full or suspect."""
        active = self._chain.active
        if active is not None and active.suspect:
            with self._lock:
                active = self._supersede(active)
        if active is not None and active.end_bytes + packed.frame_bytes <= active.size_bytes:
            return active
        with self._lock:
            self._chain.begin(self._room.find(None), self._ledger.next)
            return self._chain.segments[-1]

    def _supersede(self, suspect: Segment) -> Segment | None:
        """The segment that takes the place of `suspect`; None where nothing waits: that needs no second file.

        On a full disk there would be none.
        """
        if self._ledger.released < self._ledger.next:
            source = self._room.find(suspect)
            return rewrite(self._chain, self._ledger, self._reader, suspect, source)
        self._ledger.confirm()
        self._chain.discard(suspect)
        return None
