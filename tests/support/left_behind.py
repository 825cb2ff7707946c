"""What an earlier start of the publisher could not deliver: readings in the backlog of its outbox."""

from collections.abc import Container
from pathlib import Path

from edge_common.messages import Reading, encode
from edge_common.outbox import OutboxConfig
from edge_common.outbox.config import message_shares
from edge_common.outbox.dead_letters import BACKLOG_FOLDER
from edge_common.spool import Spool

THING = "orangepi5-core-001"
EARLIER = "ea71e700ea71e700"  # boot id of that start


def leave_behind(work: Path, count: int, *, too_long: Container[int] = ()) -> None:
    """Put readings 0 to `count - 1` of an earlier start into the outbox of a component that does not run.

    Args:
        work: The component's work folder.
        count: How many; 1 or more.
        too_long: Numbers of those that are longer than Greengrass Lite takes.
    """
    config = OutboxConfig()
    folder, limits = work / config.folder / BACKLOG_FOLDER, message_shares(config).lanes[BACKLOG_FOLDER]
    folder.parent.mkdir(parents=True)
    with Spool(folder, limits) as backlog:
        backlog.append_many([_record(number, 1_000 if number in too_long else 2) for number in range(count)])


def _record(sequence: int, fields: int) -> bytes:
    sensors = {f"sensor_{field}": 24.31 for field in range(fields)}
    return encode(Reading(THING, "2026-11-22T04:26:11.123Z", EARLIER, sequence, sensors))
