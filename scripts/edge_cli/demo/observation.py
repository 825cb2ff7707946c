"""Looks at everything at once, again and again: the cloud, the publisher's log, the core; and has it drawn.

Used by the demo's thread; only the messages come from another one, through the cloud view's queue.
"""

import time
from pathlib import Path
from typing import Protocol

from edge_cli.core import daemon
from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo import publisher_log
from edge_cli.demo.cloud_view import CloudView
from edge_cli.demo.reconcile import Ledger
from edge_cli.demo.state import DemoState
from edge_cli.logs.lines import records
from edge_cli.logs.tails import Tail
from local_core.layout import Layout

_REFRESH_S = 0.125
_STATUS_EVERY_S = 0.5


class DemoScreen(Protocol):
    """What shows a demo: the live table or plain lines."""

    def refresh(self, demo: DemoState, readings: list[TopicMessage]) -> None:
        """Show the state; `readings` have arrived since the last call."""


class Observation:
    """Keeps the state up to date; close it when done.

    Args:
        state: What is kept up to date.
        screen: What draws it.
        root: The core's root.
        publisher: Name of the component whose log says what was produced.
    """

    def __init__(self, state: DemoState, screen: DemoScreen, root: Path, publisher: str) -> None:
        self._state = state
        self._screen = screen
        self._root = root
        self._publisher = publisher
        self._log = Tail(Layout(root).logs / f"{publisher}.log")
        self._ledger = Ledger()
        self._began = time.monotonic()
        self._status_due = 0.0
        self.cloud = CloudView(self._ledger)

    def tick(self, wait_s: float = _REFRESH_S) -> None:
        """Wait up to `wait_s` seconds for a message, look at everything, draw it.

        Raises:
            CoreError: The core does not answer any more.
        """
        readings = self.cloud.take(wait_s)
        for record in records(self._publisher, self._log.new_lines()):
            publisher_log.note(record, self._ledger)
        state = self._state
        self.update_clock()
        state.balance = self._ledger.balance()
        state.latest = tuple(self.cloud.latest)
        state.by_topic = self.cloud.by_topic
        if readings and state.first_message_s is None:
            state.first_message_s = state.elapsed_s
        if state.core is not None and state.elapsed_s >= self._status_due:
            self._status_due = state.elapsed_s + _STATUS_EVERY_S
            self.look_at_core()
        self._screen.refresh(state, readings)

    def update_clock(self) -> None:
        """Bring `elapsed_s` and what follows from it up to now."""
        self._state.elapsed_s = time.monotonic() - self._began

    def look_at_core(self) -> None:
        """Ask the core for its status now.

        Raises:
            CoreError: The core does not answer.
        """
        status = daemon.status(self._root)
        self._state.core = status
        if self._state.outages and self._state.outages[-1].duration_s is None:
            outage, waiting = self._state.outages[-1], status["iot_core"]
            outage.spooled_messages_max = max(outage.spooled_messages_max, waiting["spooled_messages"])
            outage.spooled_bytes_max = max(outage.spooled_bytes_max, waiting["spooled_bytes"])
            if self._state.balance is not None:
                on_device = self._state.balance.waiting
                outage.waiting_readings_max = max(outage.waiting_readings_max, on_device)

    def close(self) -> None:
        """Close the log."""
        self._log.close()


def everything_has_arrived(state: DemoState) -> bool:
    """Nothing waits on the device or on the core, and nothing is on its way, as far as anybody knows."""
    if state.core is None or state.balance is None:
        return False
    link = state.core["iot_core"]
    under_way = state.balance.waiting or state.balance.lost
    return not (link["spooled_messages"] or link["in_flight"] or under_way)
