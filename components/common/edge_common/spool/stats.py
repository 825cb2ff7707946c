"""What a spool says of itself: one frozen picture. Pure.

At every moment, `next_number == released + records + damaged_waiting` and
`released == delivered + dropped + (damaged - damaged_waiting)`: every number ever given stands in one place.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statistics:
    """A spool at one moment; counts are of records.

    Those marked (ever) are exact over restarts: they are durable before what they count is gone from the
    disk.

    Attributes:
        records: Acknowledged and waiting, as far as is known: damage is found when it is read.
        bytes: Of all segment files, in use or spare.
        oldest: Number of the first record not yet released; None when nothing waits.
        next_number: Number that the next record will have: how many were taken in (ever).
        released: Every record below this number is done with (ever).
        delivered: Released by the reader (ever).
        dropped: Gave way to newer ones at the cap (ever).
        damaged: Lost to damage: those passed (ever) and those found so far among the waiting.
        damaged_waiting: The part of `damaged` that is not yet released.
        rejected: Refused at the cap since this process opened the spool; their callers were told.
        torn_tails: 1 when opening cut an unfinished frame, of which nothing was acknowledged.
        failed_commits: Writes or syncs that failed since this process opened the spool.
    """

    records: int
    bytes: int
    oldest: int | None
    next_number: int
    released: int
    delivered: int
    dropped: int
    damaged: int
    damaged_waiting: int
    rejected: int
    torn_tails: int
    failed_commits: int
