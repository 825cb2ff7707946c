"""Everything that lives as long as a gateway is open: its state, its two threads, and their end."""

import threading
from concurrent.futures import wait
from functools import partial
from typing import Any

from edge_common.ipc.address import CoreAddress
from edge_common.ipc.connection import Connection, Transport
from edge_common.ipc.delivery import Delivery, OnMessage
from edge_common.ipc.errors import Asked, NoAnswerError, NotSentError
from edge_common.ipc.link import Link
from edge_common.ipc.stream import Filter
from edge_common.ipc.subscription import Subscription
from edge_common.ipc.supervisor import Supervisor
from edge_common.ipc.timing import ReconnectPolicy
from edge_common.metrics import Metrics

# Together below the second in which a component must end.
_DRAIN_S = 0.3
_CLOSE_S = 0.3
_JOIN_S = 0.3


class Session:
    """Wires the parts; any thread may call it. See `IpcGateway` for the arguments."""

    def __init__(
        self,
        address: CoreAddress,
        policy: ReconnectPolicy,
        metrics: Metrics,
        *,
        stop: threading.Event,
        max_pending_bytes: int,
    ) -> None:
        self.link = Link(stop, metrics.counter("ipc_connects"))
        self._policy = policy
        self._delivery = Delivery(max_pending_bytes, metrics)
        new_connection = partial(Connection, Transport(), address, self.link.lost)
        self._supervisor = Supervisor(self.link, self._delivery, new_connection, policy, stop)

    def start(self) -> None:
        """Start the threads; the connection comes when it comes."""
        self._delivery.start()
        self._supervisor.start()

    def ask(self, asked: Asked, request: Any, timeout_s: float) -> Any:
        """One call and its answer, on whatever connection there is before the deadline.

        Raises:
            EdgeError: See `IpcGateway`.
        """
        deadline = self.link.deadline(timeout_s)
        while True:
            connection = self.link.wait_connected(deadline, asked)
            try:
                return connection.ask(asked, request, deadline)
            except NotSentError as error:
                self.link.lost(connection, error.reason)
            except NoAnswerError as error:
                self.link.lost(connection, error.reason)
                raise

    def subscribe(self, wanted: Filter, on_message: OnMessage, timeout_s: float) -> Subscription:
        """A subscription that is kept from now on.

        Raises:
            PermanentError: The core refuses it.
            GatewayFailedError: There will be no connection any more.
        """
        subscription = Subscription(wanted, on_message, self.link, self._policy)
        self._supervisor.add(subscription)
        subscription.wait_answered(self.link.deadline(timeout_s))
        return subscription

    def close(self) -> None:
        """Deliver what has arrived, end the subscriptions, then the connection, then the threads."""
        subscriptions = self._supervisor.subscriptions()
        for subscription in subscriptions:
            subscription.mute()
        self._delivery.close(_DRAIN_S)
        for subscription in subscriptions:
            subscription.close()
        wait([connection.close() for connection in self.link.close()], timeout=_CLOSE_S)
        self._supervisor.join(_JOIN_S)
