"""Spool, sink and retry: a record is safe once `put` returns, and leaves the disk when the far end has it.

    component ── put ──> lanes on disk ── delivery thread ──> sink ──> far end
                              │                 └── dead/  what no far end will ever take, with the reason
                              └── at the cap a named policy acts, and counts

Promises, each with a test:

- What `put` took in is delivered, or stands in `statistics()` as dropped, damaged or dead; the sum is exact
  at every moment and over restarts, whenever the process is killed.
- Batches reach the far end once: the same bytes under the same name, however often they are sent.
- Messages are repeated at most by one window after a crash. Once the live lane has drained, a fresh one waits
  behind `LIVE_RECORDS` at most, whatever the backlog; until then it joins the backlog.
- A record at fault becomes a dead letter, and those around it are delivered.
- After a fault clears, deliveries go on within 30 s by themselves, unless the far end has asked to be left
  alone for longer (Retry-After, heeded up to five minutes); a disk without a free byte drains.
- It ends within a second of being told to, whatever the sink does.

Not promised: order between the two lanes of messages, nor within one after a failure with more than one in
flight; exactly-once for messages; that a batch whose records
have rotted, or were dropped at the cap, between two starts is not partly repeated under another name; that a
batch which was sent without an answer does not go to both far ends when the settings then name another one.

Modules:
    outbox            what both kinds share: opening, draining, closing
    batches           `BatchOutbox`, and batch_delivery: freeze, journal, send, release
    messages          `MessageOutbox`, and message_delivery: two lanes, a window
    sinks             what a component writes: `BatchSink`, `MessageSink`
    storage           the spools of one outbox, giving records up, the counts
    courier           the delivery thread, and back-off; outage: what a person is told. Both are also for
                      components that deliver something else than records, such as files
    filling, window, note, statistics       pure parts
    config, folder    the settings section, the shares of each spool, the refusals
    cap               how large it may grow, noted for `edge spool`
    dead_letters      the form of a dead letter, and the names of the folders, for `edge spool`
"""

from edge_common.outbox.batches import BatchOutbox
from edge_common.outbox.config import OutboxConfig
from edge_common.outbox.courier import DEFAULT_BACKOFF, Courier, DeliveryBackoff
from edge_common.outbox.messages import LIVE_RECORDS, MessageOutbox
from edge_common.outbox.outage import Outage
from edge_common.outbox.sinks import Batching, BatchSink, Frozen, MessageSink, Parcel
from edge_common.outbox.statistics import OutboxStatistics

__all__ = [
    "DEFAULT_BACKOFF",
    "LIVE_RECORDS",
    "BatchOutbox",
    "BatchSink",
    "Batching",
    "Courier",
    "DeliveryBackoff",
    "Frozen",
    "MessageOutbox",
    "MessageSink",
    "Outage",
    "OutboxConfig",
    "OutboxStatistics",
    "Parcel",
]
