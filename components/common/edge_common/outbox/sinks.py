"""What an outbox delivers to, and what is handed over. Pure.

A sink translates its library's errors at the edge: `TransientError` for what passes, `RefusedError` for
what a person must mend at the far end, `PermanentError` for what is wrong with this record or batch for
ever. It may take its time, but it must watch the component's stop event and give up within a second of it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge_common.errors import EdgeError


@dataclass(frozen=True, slots=True)
class Batching:
    """When a batch is full; that the cap comes nearer lets it go as well, see `BatchOutbox`.

    Attributes:
        max_records: It holds at most so many; 1 or more. Reached, it goes at once.
        max_age_s: So long after its first record was put it goes, however few there are; 0 or more, by the
            monotonic clock.
        max_bytes: Its records together have at most so many bytes, but there is always one record.
    """

    max_records: int
    max_age_s: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """A batch that will not change any more: these records, under these numbers, as of this time.

    Attributes:
        first: Number of the first record.
        last: Number of the last; `last - first + 1` records, without gaps.
        frozen_at: When, by the device's wall clock, in UTC. It is journalled: after a restart it is the same.
        records: As they were put.
    """

    first: int
    last: int
    frozen_at: datetime
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent, and under which name.

    Attributes:
        name: What the far end knows it by, such as an S3 key; two different parcels never have the same.
        body: The bytes.
    """

    name: str
    body: bytes

    @property
    def sha256(self) -> str:
        """Of the body, in 64 hex digits."""
        return hashlib.sha256(self.body).hexdigest()


class BatchSink(Protocol):
    """Where batches go. Both methods are called by the outbox's delivery thread only."""

    def prepare(self, frozen: Frozen) -> Parcel:
        """Make what is sent. Pure: the same batch gives the same name and the same bytes, for ever.

        It is called again after a restart, and the result is held against what was journalled: so it reads no
        clock and counts nothing. For the time use `frozen.frozen_at`.

        Raises:
            PermanentError: A record cannot be packed. The batch is halved until that record stands alone,
                and then it becomes a dead letter.
        """

    def send(self, parcel: Parcel) -> None:
        """Return when the far end has it. A repeat of what it has already must succeed.

        Raises:
            TransientError: It is sent again later, the same bytes under the same name.
            RefusedError: The same, more slowly; a person is told once.
            PermanentError: The far end will never take this; the batch is halved, as in `prepare`.
        """


class MessageSink(Protocol):
    """Where single messages go. Called by the outbox's delivery thread only."""

    def send(self, records: Sequence[bytes]) -> Sequence[EdgeError | None]:
        """Send `records`, in order; wait for what becomes of each. Those that fail come again by themselves.

        Returns:
            One outcome for each record, in the same order: None when the far end has it, TransientError or
            RefusedError to send it again, PermanentError to make it a dead letter.

        Raises:
            TransientError: As the outcome of all of them.
            RefusedError: As the outcome of all of them.
        """
