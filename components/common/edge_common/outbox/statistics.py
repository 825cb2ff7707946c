"""What an outbox says of itself: one frozen picture. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutboxStatistics:
    """Where every record stands that was ever put; exact over restarts, save `rejected`.

    At every moment `taken == waiting + delivered + dropped + damaged + dead`.

    Attributes:
        taken: Put: on disk when `put` returned.
        waiting: Not yet delivered.
        delivered: The far end has confirmed them.
        dropped: Gave way to newer ones at the cap, by the policy `drop_oldest`.
        damaged: Lost to rotten bytes, counted when they are read.
        dead: Given up. The newest are kept as dead letters, in a store of their own with a bound.
        rejected: Refused at the cap since the component started, by the policy `reject`; their callers were
            told, so they are not among `taken`.
    """

    taken: int
    waiting: int
    delivered: int
    dropped: int
    damaged: int
    dead: int
    rejected: int
