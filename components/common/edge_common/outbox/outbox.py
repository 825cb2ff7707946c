"""What both kinds of outbox share: opening, closing, waiting until everything is delivered, counting.

Threads: `put`, `drain` and `statistics` may be called from any; one delivery thread of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_common.context import Context
from edge_common.errors import PermanentError
from edge_common.outbox.cap import Cap, note_cap
from edge_common.outbox.config import OutboxConfig, Shares
from edge_common.outbox.courier import Courier, DeliveryBackoff
from edge_common.outbox.outage import Outage
from edge_common.outbox.statistics import OutboxStatistics
from edge_common.outbox.storage import Storage


class Outbox(ABC):
    """A durable queue with a delivery thread; a context manager: nothing is opened before it is entered.

    Leaving it ends the thread within a second, even while the sink hangs, and closes the spools. What waits
    stays on disk for the next start.
    """

    def __init__(
        self, config: OutboxConfig, shares: Shares, context: Context, backoff: DeliveryBackoff, name: str
    ) -> None:
        self._config = config
        self._shares = shares
        self._context = context
        self._backoff = backoff
        self._name = name
        self._opened: tuple[Storage, Courier] | None = None
        self._left = False

    @abstractmethod
    def put(self, record: bytes) -> None:
        """Take in one record; when this returns it is on disk, and will be delivered or counted.

        It works until the outbox is closed, also after the component was told to stop.

        Raises:
            SpoolFullError: The cap is reached, and the policy is to reject.
            TransientError: The disk is full or fails; the record was not taken in.
            PermanentError: The record is too large for the outbox (code "record_too_large"), or the outbox is
                closed.
        """

    @abstractmethod
    def _begin(self, storage: Storage) -> Callable[[], float | None]:
        """The step of the delivery thread, made for what was just opened."""

    @abstractmethod
    def _hurry(self) -> None:
        """What waits now is due at once."""

    def drain(self, timeout_s: float) -> bool:
        """Deliver everything that waits now, without waiting for a batch to fill.

        Failed tries are repeated with the usual waits in between.

        Args:
            timeout_s: How long to wait for it; shorter when the component is told to stop.

        Returns:
            Whether nothing waits any more.
        """
        storage, courier = self._require_open()
        targets = {lane: spool.statistics().next_number for lane, spool in storage.lanes.items()}
        self._hurry()
        courier.wake()

        def delivered() -> bool:
            return all(storage.lanes[lane].statistics().released >= end for lane, end in targets.items())

        return courier.wait_until(delivered, timeout_s)

    def statistics(self) -> OutboxStatistics:
        """One consistent picture of all records; after closing, the last one."""
        return self._require_open()[0].statistics()

    def __enter__(self) -> Self:
        """Open the spools and start delivering.

        Raises:
            ConfigError: The folder may not be used, or is new and its disk has no room for the cap.
            TransientError: The disk is full or fails.
            PermanentError: Another process has it open, or its format is newer than this program.
        """
        storage = Storage(self._config, self._shares, self._context.clock)
        try:
            note_cap(Path(self._config.folder), Cap(self._config.max_bytes, self._config.min_free_bytes))
            courier = Courier(
                self._name,
                step=self._begin(storage),
                waiting=lambda: storage.statistics().waiting,
                stop=self._context.stop,
                clock=self._context.clock,
                backoff=self._backoff,
                outage=Outage(self._name, self._context.clock, self._context.metrics),
            )
            self._context.metrics.gauges(self._name, lambda: asdict(storage.statistics()))
            courier.start()
        except BaseException:
            storage.close()
            raise
        self._opened = (storage, courier)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; leaving it again does nothing."""
        storage, courier = self._require_open()
        if not self._left:
            self._left = True
            courier.end()
            storage.close()

    def _require_open(self) -> tuple[Storage, Courier]:
        if self._opened is None:
            raise PermanentError("the outbox is not open. Enter it before using it.", code="outbox_closed")
        return self._opened
