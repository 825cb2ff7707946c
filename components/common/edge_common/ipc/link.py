"""The state machine: which connection is current, since when there is none, and whether it is over.

    CONNECTING ──accepted, answered──> CONNECTED ──lost──> CONNECTING
        │ give_up_after_s, or token or subscription refused    │
        └───────────────> FAILED      (any) ──close()──> CLOSED

`changed` is the one lock of the state and of the subscriptions. Whoever holds it never calls the SDK, never
calls a component and never waits for anything but `changed` itself, so the SDK's I/O thread may take it.
"""

import threading
import time
from enum import StrEnum

from edge_common.errors import TransientError
from edge_common.ipc.connection import Connection
from edge_common.ipc.errors import Asked, GatewayFailedError
from edge_common.ipc.timing import Deadline
from edge_common.metrics import Counter


class State(StrEnum):
    """Where a gateway is; see the module's drawing."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"
    CLOSED = "closed"


class Link:
    """The shared state of gateway, supervisor and subscriptions; any thread.

    Args:
        stop: The component's stop event; it shortens every deadline, and is set when it is over.
        connects: Counts the connections that were established.
    """

    def __init__(self, stop: threading.Event, connects: Counter) -> None:
        self._stop = stop
        self.changed = threading.Condition()
        self.state = State.CONNECTING
        self.failure: str | None = None
        self._connects = connects
        self._connection: Connection | None = None
        self._opening: Connection | None = None
        self._down_since_s = time.monotonic()
        self._reason = "not connected yet."

    @property
    def connection(self) -> Connection | None:
        """The current connection; None while there is none."""
        return self._connection

    @property
    def reason(self) -> str:
        """Why there is no connection, in words for a person."""
        return self._reason

    def deadline(self, timeout_s: float) -> Deadline:
        """`timeout_s` seconds from now, or soon when the component stops."""
        return Deadline(timeout_s, self._stop)

    def raise_if_failed(self) -> None:
        """Nothing, or `GatewayFailedError` when it is over."""
        if self.failure is not None:
            raise GatewayFailedError(self.failure)

    def down_for_s(self) -> float:
        """Seconds since the last connection was lost (or since the start)."""
        return time.monotonic() - self._down_since_s

    def wait_connected(self, deadline: Deadline, asked: Asked) -> Connection:
        """The current connection, waited for if need be.

        Raises:
            TransientError: There is none before the deadline, or the gateway is closed.
            GatewayFailedError: There will be none any more.
        """
        with self.changed:
            while self._connection is None:
                self.raise_if_failed()
                if self.state is State.CLOSED:
                    raise TransientError(f"{asked}: the component is ending, its IPC connection is closed.")
                slice_s = deadline.slice_s()
                if slice_s <= 0:
                    raise TransientError(
                        f"{asked}: no connection to the Greengrass core ({self._reason.rstrip('.')}). "
                        "It is being rebuilt; try again."
                    )
                self.changed.wait(slice_s)
            return self._connection

    def opening(self, connection: Connection) -> bool:
        """Remember what is being opened, so that `close` can end it; False when that came first."""
        with self.changed:
            if self.state is not State.CONNECTING:
                return False
            self._opening = connection
            return True

    def established(self, connection: Connection) -> bool:
        """Make `connection` the current one; False when the gateway was closed meanwhile."""
        with self.changed:
            if self.state is not State.CONNECTING or self._opening is not connection:
                return False
            self._opening = None
            self._connection = connection
            self._connects.add()
            self.state = State.CONNECTED
            self.changed.notify_all()
            return True

    def attempt_failed(self, reason: str) -> None:
        """Remember why the latest attempt did not work."""
        with self.changed:
            self._opening = None
            self._reason = reason

    def lost(self, connection: Connection, reason: str) -> None:
        """`connection` is of no use any more; nothing happens when it is not the current one.

        Calls in flight on it fail as lost: what they did is unknown.
        """
        with self.changed:
            if self._opening is connection:  # lost before it was established
                self._opening = None
                self._reason = reason
            is_current = self._connection is connection
            if is_current:
                self._connection = None
                self._down_since_s = time.monotonic()
                self._reason = reason
                self.state = State.CONNECTING
                self.changed.notify_all()
        connection.close()

    def fail(self, reason: str) -> None:
        """Give up for good: set the stop event; every call raises `GatewayFailedError` from now on.

        In this order, so that whoever gets that error finds the component told to stop.
        """
        with self.changed:
            if self.state in (State.FAILED, State.CLOSED):
                return
            self._stop.set()
            self.state = State.FAILED
            self.failure = reason
            dropped = self._drop_connections()
            self.changed.notify_all()
        for connection in dropped:
            connection.close()

    def close(self) -> list[Connection]:
        """The end wanted by the component; returns the connections that are still to be closed."""
        with self.changed:
            if self.state is not State.FAILED:
                self.state = State.CLOSED
            dropped = self._drop_connections()
            self.changed.notify_all()
            return dropped

    def _drop_connections(self) -> list[Connection]:
        dropped = [c for c in (self._connection, self._opening) if c is not None]
        self._connection = self._opening = None
        return dropped
