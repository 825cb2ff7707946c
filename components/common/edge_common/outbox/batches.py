"""The outbox whose sink takes whole batches, such as objects in S3."""

from collections.abc import Callable

from edge_common.context import Context
from edge_common.outbox.batch_delivery import BatchDelivery
from edge_common.outbox.config import OutboxConfig, batch_shares
from edge_common.outbox.courier import DEFAULT_BACKOFF, DeliveryBackoff
from edge_common.outbox.dead_letters import RECORDS_FOLDER
from edge_common.outbox.filling import Filling
from edge_common.outbox.outbox import Outbox
from edge_common.outbox.sinks import Batching, BatchSink
from edge_common.outbox.storage import Storage


class BatchOutbox(Outbox):
    """Delivers what is put in batches, each exactly once, in order; `batch_delivery` says how.

    A batch goes when it is full or old enough, or when what waits takes half of what the cap allows it. What
    was left by the last process is due at once.

    Args:
        config: Folder and bounds.
        batching: When a batch is full.
        sink: Where batches go.
        context: Of the component.
        backoff: How long to wait between tries.
        name: Leads the counters (`NAME_taken` …) and names the thread; one for each outbox of a component.
    """

    def __init__(  # noqa: PLR0913  the last two are for components with two outboxes, and for tests
        self,
        config: OutboxConfig,
        batching: Batching,
        sink: BatchSink,
        context: Context,
        backoff: DeliveryBackoff = DEFAULT_BACKOFF,
        *,
        name: str = "outbox",
    ) -> None:
        shares = batch_shares(config)
        super().__init__(config, shares, context, backoff, name)
        self._batching = batching
        self._sink = sink
        self._lane_bytes = shares.lanes[RECORDS_FOLDER].max_bytes
        self._filling = Filling(batching, self._lane_bytes, 0)

    def put(self, record: bytes) -> None:
        """Take in one record; see `Outbox.put`."""
        storage, courier = self._require_open()
        number = storage.lanes[RECORDS_FOLDER].append(record)
        self._filling.put(number, len(record), self._context.clock.monotonic_s())
        courier.wake()

    def _begin(self, storage: Storage) -> Callable[[], float | None]:
        leftovers = storage.lanes[RECORDS_FOLDER].statistics().next_number
        self._filling = Filling(self._batching, self._lane_bytes, leftovers)
        return BatchDelivery(storage, self._batching, self._filling, self._sink, self._context.clock).step

    def _hurry(self) -> None:
        storage, _ = self._require_open()
        self._filling.make_due(storage.lanes[RECORDS_FOLDER].statistics().next_number)
