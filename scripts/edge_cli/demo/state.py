"""What a demo has come to: the one thing that its screens draw; data only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from edge_cli.core.status import CoreStatus
from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo.reconcile import Balance


class Phase(StrEnum):
    """Where the demo is."""

    SETTING_UP = "setting up"
    AWAITING = "awaiting the first reading"
    WATCHING = "watching"
    OUTAGE = "outage"
    DRAINING = "draining"
    ENDED = "ended"


@dataclass(slots=True)
class Step:
    """One step of the set-up.

    Attributes:
        text: One word.
        seconds: What it took; None while it is under way.
        doing: What it is at, in a sentence without a full stop, where that may take long; "" else.
    """

    text: str
    seconds: float | None = None
    doing: str = ""


@dataclass(slots=True)
class Outage:
    """One time without IoT Core.

    Attributes:
        after_s: Seconds from the first reading to its beginning.
        duration_s: How long it took; None while it lasts.
        spooled_messages_max: Most messages that waited on the core at once.
        spooled_bytes_max: Most bytes of payload that waited on the core at once.
        waiting_readings_max: Most readings that waited in the publisher's outbox at once.
    """

    after_s: float
    duration_s: float | None = None
    spooled_messages_max: int = 0
    spooled_bytes_max: int = 0
    waiting_readings_max: int = 0


@dataclass(slots=True)
class DemoState:
    """Everything that is known at one moment; written by the demo's thread, read by its screen in between.

    Attributes:
        phase: Where the demo is.
        steps: The set-up so far.
        core: What the core last said of itself; None before it was started.
        balance: Both ends compared; None before anything was produced.
        latest: The latest readings in the cloud, oldest first.
        by_topic: Messages in the cloud by topic.
        outages: Times without IoT Core.
        elapsed_s: Seconds since the demo began.
        first_message_s: Seconds from the beginning to the first reading in the cloud; None before.
        duration_s: Seconds of watching from the first reading; None until Ctrl-C.
    """

    phase: Phase = Phase.SETTING_UP
    steps: list[Step] = field(default_factory=list)
    core: CoreStatus | None = None
    balance: Balance | None = None
    latest: Sequence[TopicMessage] = ()
    by_topic: Counter[str] = field(default_factory=Counter)
    outages: list[Outage] = field(default_factory=list)
    elapsed_s: float = 0.0
    first_message_s: float | None = None
    duration_s: float | None = None

    @property
    def watched_s(self) -> float:
        """Seconds since the first reading; 0 before."""
        return 0.0 if self.first_message_s is None else self.elapsed_s - self.first_message_s

    @property
    def outage_s(self) -> float:
        """Seconds since the outage that lasts began; 0 when none does."""
        lasting = [outage for outage in self.outages if outage.duration_s is None]
        return self.watched_s - lasting[-1].after_s if lasting else 0.0
