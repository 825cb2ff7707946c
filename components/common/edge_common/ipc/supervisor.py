"""The thread that keeps a gateway connected and its subscriptions alive, and gives up in time.

It sleeps until something is due: a loss, a pause that is over, an answer that is late, a silence too long.
"""

import math
import threading
import time
from collections.abc import Callable

from edge_common.errors import TransientError
from edge_common.ipc.connection import Connection
from edge_common.ipc.delivery import Delivery
from edge_common.ipc.errors import TokenRefusedError
from edge_common.ipc.link import Link, State
from edge_common.ipc.subscription import Subscription
from edge_common.ipc.timing import Attempts, ReconnectPolicy
from edge_common.log import get_logger, limited

_REPORT_EVERY_S = 60.0  # a filter that the core cannot take for hours is no news every five seconds

_log = get_logger("ipc")


class Supervisor:
    """Started and ended by the gateway.

    Args:
        link: The state it moves.
        delivery: Where the messages of its subscriptions go.
        new_connection: Makes an unopened connection.
        policy: Pauses and deadlines.
    """

    def __init__(
        self,
        link: Link,
        delivery: Delivery,
        new_connection: Callable[[], Connection],
        policy: ReconnectPolicy,
    ) -> None:
        self._link = link
        self._delivery = delivery
        self._new_connection = new_connection
        self._policy = policy
        self._attempts = Attempts(policy)
        self._retry_at_s = 0.0
        self._refused_since_s: float | None = None
        self._was_connected = False
        self._subscriptions: list[Subscription] = []
        self._thread = threading.Thread(target=self._run, name="ipc-supervisor", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, within_s: float) -> None:
        """Wait for the thread's end, which the link's end brings about."""
        if threading.current_thread() is not self._thread and self._thread.is_alive():
            self._thread.join(within_s)

    def add(self, subscription: Subscription) -> None:
        """Keep `subscription` alive from now on, until it is closed."""
        with self._link.changed:
            self._subscriptions.append(subscription)
            self._link.changed.notify_all()

    def subscriptions(self) -> list[Subscription]:
        """Those that are not closed."""
        with self._link.changed:
            return [s for s in self._subscriptions if not s.closed]

    def _run(self) -> None:
        try:
            self._supervise()
        except Exception as error:  # noqa: BLE001  without this thread the gateway is deaf and looks alive
            _log.exception("ipc_supervisor_failed")
            self._link.fail(f"The supervisor of the IPC connection failed: {error!r}. This is a defect.")

    def _supervise(self) -> None:
        while True:
            with self._link.changed:
                state, connection = self._link.state, self._link.connection
            if state in (State.FAILED, State.CLOSED):
                return
            if connection is None:
                self._reconnect()
            else:
                self._tend(connection)

    def _reconnect(self) -> None:
        """One attempt, after its pause."""
        if self._was_connected:
            self._was_connected = False
            self._retry_at_s = self._attempts.failed()
            _log.warning("ipc_connection_lost", reason=self._link.reason)
        if not self._pause_until(self._retry_at_s):
            return
        left_s = self._policy.give_up_after_s - self._link.down_for_s()
        if left_s <= 0:
            self._link.fail(
                f"No connection to the Greengrass core for {self._policy.give_up_after_s:g} s. "
                f"{self._link.reason} The component ends, so that the core starts it with a new token."
            )
            return
        connection = self._new_connection()
        if not self._link.opening(connection):
            return
        deadline = self._link.deadline(min(self._policy.connect_timeout_s, left_s))
        try:
            connection.open(deadline)
            connection.probe(deadline)
        except TransientError as error:
            connection.close()
            self._link.attempt_failed(error.reason)
            self._retry_at_s = self._attempts.failed()
            self._note_refusal(error)
            return
        self._refused_since_s = None
        down_for_s = self._link.down_for_s()
        self._attempts.succeeded()
        self._was_connected = self._link.established(connection)
        if self._was_connected:
            _log.info("ipc_connected", after_s=round(down_for_s, 2))
        else:
            connection.close()
            self._retry_at_s = self._attempts.failed()

    def _note_refusal(self, error: TransientError) -> None:
        """Fail after `refused_after_s` of nothing but refusals of the token; the last try is at its end."""
        if not isinstance(error, TokenRefusedError):
            self._refused_since_s = None
            return
        now_s = time.monotonic()
        if self._refused_since_s is None:
            self._refused_since_s = now_s
        last_try_at_s = self._refused_since_s + self._policy.refused_after_s
        if now_s >= last_try_at_s:
            self._link.fail(
                f"{error.reason} The component ends, so that the core starts it with a new token."
            )
        self._retry_at_s = min(self._retry_at_s, last_try_at_s)

    def _pause_until(self, at_s: float) -> bool:
        """Wait; False when there is nothing left to wait for."""
        give_up_at_s = time.monotonic() + self._policy.give_up_after_s - self._link.down_for_s()
        with self._link.changed:
            for subscription in self._subscriptions:
                subscription.connection_lost()
            while self._link.state is State.CONNECTING:
                left_s = min(at_s, give_up_at_s) - time.monotonic()
                if left_s <= 0:
                    return True
                self._link.changed.wait(left_s)
            return False

    def _tend(self, connection: Connection) -> None:
        """Open the streams that are wanted, or sleep until one is."""
        with self._link.changed:
            if self._link.connection is not connection:
                return
            self._subscriptions = [s for s in self._subscriptions if not s.closed]
            now_s = time.monotonic()
            refused = [s for s in self._subscriptions if s.refusal is not None and not s.awaited]
            overdue = [s for s in self._subscriptions if s.answer_due_at_s() <= now_s]
            opening = [
                (s, s.open_stream(self._delivery, now_s + self._policy.subscribe_timeout_s))
                for s in self._subscriptions
                if s.due_at_s() <= now_s
            ]
            if not (overdue or refused or opening):
                due = (min(s.due_at_s(), s.answer_due_at_s()) for s in self._subscriptions)
                self._sleep(min(due, default=math.inf))
                return
        if refused:
            self._link.fail(f"A subscription was refused while running. {refused[0].last_error}")
        elif overdue:
            self._link.lost(connection, f"{overdue[0].wanted.asked} was not answered in time.")
        for subscription, stream in opening:
            if subscription.last_error:
                _log.warning(
                    "ipc_subscribing_again",
                    topic_filter=subscription.topic_filter,
                    reason=subscription.last_error,
                    **limited("ipc_subscribing_again", _REPORT_EVERY_S),
                )
            stream.open(connection)

    def _sleep(self, until_s: float) -> None:
        """Wait for a change, or until something is due (the lock is held)."""
        if until_s == math.inf:
            self._link.changed.wait()
        else:
            self._link.changed.wait(max(0.0, until_s - time.monotonic()))
