"""Who of this core wants which messages from the cloud, and the way of a message to them.

Only bookkeeping: it sends nothing. One filter is known to the broker once, however many subscribers it has
here. Everything runs in the core's event loop.
"""

import logging
from collections.abc import Callable, Sequence

from local_core.cloud.message import CloudMessage
from local_core.ipc.topics import FilterTrie, Matching, without_share

_logger = logging.getLogger(__name__)

OnMessage = Callable[[CloudMessage], None]


class CloudFilter:
    """One filter as the broker shall know it.

    Attributes:
        topic_filter: The filter itself.
        identifier: MQTT 5 subscription identifier: the broker names it with each message.
        qos: The highest that a subscriber has asked for.
    """

    def __init__(self, topic_filter: str, identifier: int) -> None:
        self.topic_filter = topic_filter
        self.identifier = identifier
        self.qos = 0
        self.subscribers: dict[Subscriber, None] = {}


class Subscriber:
    """One subscription of one component; made and removed by `Subscriptions`."""

    def __init__(self, cloud_filter: CloudFilter, on_message: OnMessage) -> None:
        self.cloud_filter = cloud_filter
        self._on_message = on_message
        self.stop_matching: Callable[[], None]

    def deliver(self, message: CloudMessage) -> None:
        """Hand it over; a subscriber that fails costs neither the others nor the link."""
        try:
            self._on_message(message)
        except Exception:
            _logger.exception("A message on %s was lost: its subscriber failed", message.topic)


class Subscriptions:
    """All subscriptions of this core.

    Args:
        once_per_subscription: As in `Link`.
    """

    def __init__(self, *, once_per_subscription: bool) -> None:
        self._once_per_subscription = once_per_subscription
        self._filters: dict[str, CloudFilter] = {}
        self._by_identifier: dict[int, CloudFilter] = {}
        self._subscribers: FilterTrie[Subscriber] = FilterTrie(Matching.MQTT)
        self._last_identifier = 0

    def __len__(self) -> int:
        return len(self._subscribers)

    def filters(self) -> list[CloudFilter]:
        """Every filter that has not been forgotten; one may have no subscriber left."""
        return list(self._filters.values())

    def add(self, topic_filter: str, qos: int, on_message: OnMessage) -> Subscriber:
        """Add one subscriber; messages reach it at once, should the broker know the filter already."""
        cloud_filter = self._filters.get(topic_filter)
        if cloud_filter is None:
            self._last_identifier += 1
            cloud_filter = CloudFilter(topic_filter, self._last_identifier)
            self._filters[topic_filter] = cloud_filter
            self._by_identifier[cloud_filter.identifier] = cloud_filter
        cloud_filter.qos = max(cloud_filter.qos, qos)
        subscriber = Subscriber(cloud_filter, on_message)
        cloud_filter.subscribers[subscriber] = None
        subscriber.stop_matching = self._subscribers.add(without_share(topic_filter), subscriber)
        return subscriber

    def remove(self, subscriber: Subscriber) -> bool:
        """Remove one subscriber; twice does no harm.

        Returns:
            True when it was the last of its filter: `forget` that one as soon as the broker is told.
        """
        cloud_filter = subscriber.cloud_filter
        if subscriber not in cloud_filter.subscribers:
            return False
        del cloud_filter.subscribers[subscriber]
        subscriber.stop_matching()
        return not cloud_filter.subscribers

    def forget(self, cloud_filter: CloudFilter) -> None:
        """The broker's session does not hold this filter any more, and nobody here wants it."""
        del self._filters[cloud_filter.topic_filter]
        del self._by_identifier[cloud_filter.identifier]

    def dispatch(self, message: CloudMessage, identifiers: Sequence[int] | None) -> None:
        """Hand a message to whom it is for.

        Args:
            message: What has come.
            identifiers: For which filters the broker says it has sent it; None when it cannot say.
        """
        if self._once_per_subscription and identifiers:
            for identifier in identifiers:
                cloud_filter = self._by_identifier.get(identifier)  # None: given up a moment ago
                for subscriber in list(cloud_filter.subscribers) if cloud_filter else ():
                    subscriber.deliver(message)
        else:
            for subscriber in self._subscribers.match(message.topic):
                subscriber.deliver(message)
