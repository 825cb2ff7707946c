"""The publisher's two ends, counted exactly: what has arrived in the cloud, and what waits on its disk."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from support.cloud import CloudObserver
from support.core import RunningCore
from support.deployed import readings_of
from support.pipeline.disk import held
from support.waiting import wait_until

WITHIN_S = 60.0
ReadingId = tuple[str, int]


@dataclass(frozen=True, slots=True)
class BothEnds:
    """As they are while the publisher does not run.

    Attributes:
        arrived: Every reading in the cloud, in the order of arrival, as often as it came.
        waiting: Every reading on disk.
        taken: How many were ever taken in; what arrived, what waits, and what does both.
    """

    arrived: list[ReadingId]
    waiting: frozenset[ReadingId]
    taken: int


def both_ends(core: RunningCore, cloud: CloudObserver, topic: str, outbox: Path) -> BothEnds:
    """Count both ends of a publisher that has ended; nothing is on its way between them any more.

    Args:
        core: What it published to; online.
        cloud: Observes `topic`.
        topic: Of the readings.
        outbox: The publisher's.

    Raises:
        AssertionError: The core does not get rid of what it has taken, or something is lost on disk.
    """

    def has_sent_everything() -> bool:
        iot_core = core.status()["iot_core"]
        return (iot_core["spooled_messages"], iot_core["in_flight"]) == (0, 0)

    wait_until(has_sent_everything, WITHIN_S, "the core has sent what it has taken")
    last = json.dumps({"marker": secrets.token_hex()}).encode()
    cloud.publish(topic, last)  # the broker keeps the order: all that came before it is seen before it
    wait_until(lambda: last in cloud.payloads, WITHIN_S, "the marker behind the readings")
    on_disk = held(outbox)
    return BothEnds(readings_of(cloud.payloads), on_disk.waiting, on_disk.counts.taken)
