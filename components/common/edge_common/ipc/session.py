"""Everything that lives as long as a gateway is open: its state, its two threads, and their end."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from functools import partial
from typing import Any

from edge_common.ipc.address import CoreAddress
from edge_common.ipc.call import Outcome
from edge_common.ipc.connection import Connection, Transport
from edge_common.ipc.delivery import Delivery, OnMessage
from edge_common.ipc.errors import Asked, NoAnswerError, NotSentError
from edge_common.ipc.link import Link
from edge_common.ipc.stream import Filter
from edge_common.ipc.subscription import Subscription
from edge_common.ipc.supervisor import Supervisor
from edge_common.ipc.timing import Deadline, ReconnectPolicy
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
        new_connection = partial(Connection, Transport.of_process(), address, self.link.lost)
        self._supervisor = Supervisor(self.link, self._delivery, new_connection, policy)

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
        (outcome,) = self._ask([(asked, request)], deadline, lambda: deadline)
        return outcome.result()

    def ask_all(self, wanted: Sequence[tuple[Asked, Any]], timeout_s: float) -> list[Outcome]:
        """Calls on one connection, all sent in order before the first answer is waited for.

        Args:
            wanted: One or more.
            timeout_s: Seconds to wait for a connection, and then as long again for the answers: what is sent
                just before a deadline would cost the connection and be sent twice.

        Raises:
            TransientError: There was no connection, and nothing was sent.
            GatewayFailedError: There will be none any more.
        """
        return self._ask(wanted, self.link.deadline(timeout_s), lambda: self.link.deadline(timeout_s))

    def _ask(
        self,
        wanted: Sequence[tuple[Asked, Any]],
        connected_by: Deadline,
        new_deadline: Callable[[], Deadline],
    ) -> list[Outcome]:
        first, _ = wanted[0]
        while True:
            connection = self.link.wait_connected(connected_by, first)
            outcomes = connection.ask_all(wanted, new_deadline())
            errors = [outcome.error for outcome in outcomes]
            lost = next((e for e in errors if isinstance(e, NotSentError | NoAnswerError)), None)
            if lost is not None:
                self.link.lost(connection, lost.reason)
            if not all(isinstance(error, NotSentError) for error in errors):
                return outcomes

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
