r"""A durable FIFO of bytes on disk, for records that may not be lost between arriving and being delivered.

Promises, each with a test:

- `append` returns after fdatasync: from then on the record survives the process and the power.
- Records are read in order, by number: 0, 1, 2 ... without gaps, for ever, over restarts and full drains.
- A record leaves only when it is released, when the policy `drop_oldest` names it, or when its bytes rot;
  each is counted, exactly, and the counts survive restarts because the journal is synced before the bytes go.
- After a failed write or sync nothing of that commit is acknowledged, that descriptor is never synced
  again, and what waits in that file is rewritten before anything new is acknowledged.
- It opens whatever it finds: a torn tail is cut, a damaged frame or an unreadable sector costs its own
  records.
- Releasing needs no disk block: it drains with no byte free, and what is drained takes in again, if need be
  in the one file there is, which is made when the spool is.
- A note of the reader's, such as what it is about to send, is kept beside the count of what is released,
  and goes in the same write that releases.

Not promised: that a card which lies about flushing keeps what it confirmed; exactly-once (what was read and
not released is read again after a crash); what was not yet acknowledged.

    spool/                                       flock on the folder itself: one process
    ├── format                                   "edge-spool format 1 ...": a newer one is refused untouched
    ├── release.journal                          16 KiB: two pairs of copies, overwritten in turn
    ├── 00000003a1b2c3d4-00000000000000001024.segment    generation-first: the name is the index
    ├── 00000004e5f60718-00000000000000002048.segment    the last one is written to
    ├── ....suspect                              a write or sync failed here: superseded, then unlinked
    ├── blank.ahead                              the next one, being made; unlinked at opening
    ├── blank.ready                              the next one, ready
    ├── blank.new                                one that is needed at once; unlinked at opening
    └── quarantine/                              damaged bytes, at most 1 MiB

    a segment: fixed size, written with zeros once, then overwritten in place, then recycled under a new name

    0          4096                  12288      16384                           segment_bytes
    ├──────────┼──────────┴──────────┼──────────┼─────────────────────────────────────────┤
    │ frame 1  │ frame 2, two blocks │ frame 3  │ zeros, or frames of an older generation │
    └──────────┴─────────────────────┴──────────┴─────────────────────────────────────────┘
    │header│ lengths │ records │ zeros │    one frame for each commit, at a 4 KiB boundary: a committed
                                            block is never written again (`frame` has the fields)

Threads: for each open spool a preparing thread makes the file of the next segment before it is needed. All
else runs in its caller's thread. Of those who append, one at a time writes, for all who have come by then,
begins segments and drops. One lock guards what is known of the files; it is not held while a commit syncs or
a file is made.

    spool ─> commit (queue) ─> store ─> room, ahead, repair ─> blank, chain ─> segment ─> sectors
         └─> recovery, folder            └───> reader, ledger ─> scan, journal, quarantine ─> frame

From outside, without a lock and while another process may be writing: `inspection` looks at a spool and walks
through what waits, on `standing` (names and journal at one moment); what it finds is in `findings`.
"""

from edge_common.spool.errors import SpoolFullError
from edge_common.spool.limits import OnFull, SpoolLimits
from edge_common.spool.reader import Batch
from edge_common.spool.spool import Spool
from edge_common.spool.stats import Statistics

__all__ = ["Batch", "OnFull", "Spool", "SpoolFullError", "SpoolLimits", "Statistics"]
