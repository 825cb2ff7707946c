"""Delivering batches: freeze, journal, send, release. One step at a time, without a thread of its own.

The order of the durable steps, and what a death of the process between two of them leaves:

    freeze        in memory: a range of records and the time
        │             killed: frozen anew at the next start; nothing was sent
    prepare       in memory: name and bytes
        │             killed: the same
    journal       first, last, time, name, SHA-256 of the body, in the spool's release journal
        │             killed: taken up at the next start, rebuilt and held against name and SHA-256
    send          the far end has it, or its answer is lost
        │             killed: sent again, the same bytes under the same name: the far end has it once
    release       the records leave the disk, and the journal entry with them, in one write

So no batch is lost, and none is there twice, as long as its records can still be read as they were. Where
they cannot (bits have rotted; the policy has dropped a part; a newer program packs differently), that is
said, and what is left is frozen anew: its readings may then be at the far end twice, under two names.

The time of a batch is the device's own when it is frozen, and stays: it may be part of the name. On a board
without a clock the first batch after a boot without network may say 1970. It is delivered under that name
when the clock is right, and every record in it has its own number; freezing it anew could put it there twice,
for nobody knows whether an earlier try has arrived.

Within the life of the process the bytes stay in memory until they are released: what rots or is dropped
meanwhile is sent nevertheless. Dropped records stay counted as dropped.
"""

from dataclasses import dataclass

from edge_common.clock import Clock
from edge_common.errors import EdgeError, PermanentError
from edge_common.log import get_logger
from edge_common.outbox import note
from edge_common.outbox.dead_letters import RECORDS_FOLDER
from edge_common.outbox.filling import Filling
from edge_common.outbox.note import Note
from edge_common.outbox.sinks import Batching, BatchSink, Frozen, Parcel
from edge_common.outbox.storage import Storage

_log = get_logger("outbox")


@dataclass(slots=True)
class _Head:
    """The batch that is under way.

    Attributes:
        frozen: What it holds.
        parcel: What is sent.
        is_sent: The far end has confirmed it.
    """

    frozen: Frozen
    parcel: Parcel
    is_sent: bool = False


class BatchDelivery:
    """Delivers the lane `records`; used by the delivery thread.

    Args:
        storage: Where the records are.
        batching: When a batch is full.
        filling: Knows when the batch that fills is due.
        sink: Where batches go.
        clock: Stamps batches.
    """

    def __init__(
        self, storage: Storage, batching: Batching, filling: Filling, sink: BatchSink, clock: Clock
    ) -> None:
        self._storage = storage
        self._spool = storage.lanes[RECORDS_FOLDER]
        self._batching = batching
        self._filling = filling
        self._sink = sink
        self._clock = clock
        self._head: _Head | None = None
        self._is_new = True
        # While a batch that was refused for ever is searched for its culprit.
        self._search_size = batching.max_records
        self._search_through = -1

    def step(self) -> float | None:
        """Deliver one batch, or give up one record.

        Returns:
            0.0 when something was done; else seconds until something is due, None when nothing waits.

        Raises:
            TransientError: It could not be delivered now; the next step goes on with the same bytes.
        """
        if self._is_new:
            self._head = self._journalled()
            self._is_new = False
        if self._head is None:
            due_in_s = self._due_in_s()
            if due_in_s != 0:
                return due_in_s
            self._head = self._freeze()
        if self._head is not None:
            self._deliver(self._head)
        return 0.0

    def _due_in_s(self) -> float | None:
        now = self._spool.statistics()
        return self._filling.due_in_s(now.released, now.next_number, self._clock.monotonic_s())

    def _freeze(self) -> _Head | None:
        """The next batch, journalled; None where only damage was passed, or a record was given up."""
        released = self._spool.statistics().released
        size = self._search_size if released <= self._search_through else self._batching.max_records
        found = self._storage.read(RECORDS_FOLDER, released - 1, size, self._batching.max_bytes)
        if not found.records:
            if found.last >= released:
                self._storage.release(RECORDS_FOLDER, found.last)
            return None
        frozen = Frozen(found.first, found.last, self._clock.now(), found.records)
        try:
            parcel = self._sink.prepare(frozen)
        except PermanentError as error:
            self._isolate(frozen, error)
            return None
        self._storage.remember(RECORDS_FOLDER, Note.of(frozen, parcel).encode())
        return _Head(frozen, parcel)

    def _deliver(self, head: _Head) -> None:
        if not head.is_sent:
            try:
                self._sink.send(head.parcel)
            except PermanentError as error:
                self._isolate(head.frozen, error)
                self._head = None
                return
            head.is_sent = True
        self._storage.release(RECORDS_FOLDER, head.frozen.last)
        self._head = None

    def _isolate(self, frozen: Frozen, error: PermanentError) -> None:
        """Halve the next batches until the record at fault stands alone; then give that one up."""
        if len(frozen.records) == 1:
            self._storage.give_up(RECORDS_FOLDER, frozen.first, frozen.records[0], error)
            self._search_through = -1
            return
        _log.debug("batch_halved", first=frozen.first, last=frozen.last, code=error.code, reason=error.reason)
        self._search_size = len(frozen.records) // 2
        self._search_through = frozen.last

    def _journalled(self) -> _Head | None:
        """The batch that the last process may have sent; None where none can be rebuilt."""
        content = self._spool.note
        written = note.decode(content)
        if written is None:
            if content:
                _log.warning("frozen_batch_unknown", reason="its journal entry is of another version")
            return None
        released = self._spool.statistics().released
        if written.last < released:
            return None
        why = "some of its records were dropped at the cap"
        if written.first >= released:
            found = self._storage.read(RECORDS_FOLDER, written.first - 1, written.last - written.first + 1)
            why = "some of its records are damaged"
            if (found.first, found.last) == (written.first, written.last):
                frozen = Frozen(written.first, written.last, written.frozen_at, found.records)
                try:
                    parcel = self._sink.prepare(frozen)
                except EdgeError as error:
                    why = error.reason
                else:
                    if Note.of(frozen, parcel) == written:
                        return _Head(frozen, parcel)
                    why = "this program packs it differently"
        _log.warning(
            "frozen_batch_lost",
            first=written.first,
            last=written.last,
            name=written.name,
            reason=f"{why}: what is left of it is sent anew, and may be at the far end twice",
        )
        return None
