"""The outbox whose sink takes single messages, such as IoT Core: fresh ones do not wait behind a backlog."""

from collections.abc import Callable

from edge_common.context import Context
from edge_common.outbox.config import OutboxConfig, message_shares
from edge_common.outbox.courier import DEFAULT_BACKOFF, DeliveryBackoff
from edge_common.outbox.dead_letters import BACKLOG_FOLDER, LIVE_FOLDER
from edge_common.outbox.message_delivery import MessageDelivery
from edge_common.outbox.outbox import Outbox
from edge_common.outbox.sinks import MessageSink
from edge_common.outbox.storage import Storage
from edge_common.spool import SpoolFullError

# What a record that is put while the far end answers waits behind at most, besides what is under way: two
# windows of the ten unacknowledged publications that Greengrass Lite takes, so well below a second.
LIVE_RECORDS = 20


class MessageOutbox(Outbox):
    """Delivers what is put at least once, in two lanes; `message_delivery` says how.

    A record goes to the live lane unless `LIVE_RECORDS` wait there already, or its two segments are full;
    then it goes to the backlog. It never moves from one to the other. In an outage the live lane fills with
    the oldest of it; once the far end answers it is empty at once, and what is put from then on waits behind
    `LIVE_RECORDS` at most, however long the backlog is. A crash repeats at most `max_in_flight` records of
    each lane.

    A lane is delivered in order while nothing fails. What fails in a window is sent again after what went out
    beside it; only with `max_in_flight` 1 is the order of a lane strict.

    Args:
        config: Folder and bounds.
        sink: Where messages go.
        max_in_flight: How many are handed over at once, 1 or more.
        context: Of the component.
        backoff: How long to wait between tries.
        name: Leads the counters (`NAME_taken` …) and names the thread; one for each outbox of a component.
    """

    def __init__(  # noqa: PLR0913  the last two are for components with two outboxes, and for tests
        self,
        config: OutboxConfig,
        sink: MessageSink,
        max_in_flight: int,
        context: Context,
        backoff: DeliveryBackoff = DEFAULT_BACKOFF,
        *,
        name: str = "outbox",
    ) -> None:
        super().__init__(config, message_shares(config), context, backoff, name)
        self._sink = sink
        self._max_in_flight = max_in_flight

    def put(self, record: bytes) -> None:
        """Take in one record; see `Outbox.put`."""
        storage, courier = self._require_open()
        if not _put_live(storage, record):
            storage.lanes[BACKLOG_FOLDER].append(record)
        courier.wake()

    def _begin(self, storage: Storage) -> Callable[[], float | None]:
        return MessageDelivery(storage, self._sink, self._max_in_flight).step

    def _hurry(self) -> None:
        """Messages are always due at once."""


def _put_live(storage: Storage, record: bytes) -> bool:
    live = storage.lanes[LIVE_FOLDER]
    if live.statistics().records >= LIVE_RECORDS:
        return False
    try:
        live.append(record)
    except SpoolFullError:
        return False
    return True
