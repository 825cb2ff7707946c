"""What an app is given beside its settings, by `edge_common.runtime`. No threads, no I/O."""

import threading
from dataclasses import dataclass
from enum import StrEnum

from edge_common.clock import Clock
from edge_common.metrics import Metrics


class Mode(StrEnum):
    """How long the app works."""

    RUN = "run"  # until it is told to stop
    ONCE = "once"  # one unit of work: a reading published, a batch uploaded


@dataclass(frozen=True, slots=True)
class Context:
    """What the runtime gives an app beside its settings.

    Attributes:
        name: The component's name, such as com.example.MqttPublisher.
        thing_name: Of the core it runs on; leads its topics.
        stop: Set when the component is told to stop: wait on it instead of sleeping.
        mode: Whether to work until `stop` is set or for one unit of work.
        dry_run: Print what would be sent, and send nothing.
        metrics: Where to count.
        clock: Where to read the time, and what to wait by.
    """

    name: str
    thing_name: str
    stop: threading.Event
    mode: Mode
    dry_run: bool
    metrics: Metrics
    clock: Clock
