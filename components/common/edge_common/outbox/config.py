"""The settings section `outbox` of each component, and how its bytes are shared out. Pure.

One number, `max_bytes`, bounds everything that an outbox puts on the disk, save small change: 16 KiB of
journal and at most 1 MiB of quarantine for each spool.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from edge_common.config import ComponentConfig, checked, setting
from edge_common.outbox.dead_letters import BACKLOG_FOLDER, HEADER_BYTES, LIVE_FOLDER, RECORDS_FOLDER
from edge_common.spool import OnFull, SpoolLimits
from edge_common.spool.frame import BLOCK_BYTES

MIB = 1 << 20
MIN_MAX_BYTES = 4 * MIB

# A spool frees and drops by segments: a thirtieth of the cap at a time is fine enough. Below 256 KiB a
# segment would not take the largest message of IoT Core, 128 KiB and its topic.
_SEGMENTS = 32
_MIN_SEGMENT_BYTES = MIB // 4
_MAX_SEGMENT_BYTES = 4 * MIB
_SMALL_SPOOL_SEGMENTS = 2  # of the live lane and of the dead letters: one to fill, one to recycle or to drop


def _check_folder(folder: str) -> str:
    if ".." in folder.split("/") or not folder.isprintable():
        raise ValueError("it has a step up, or a character that no name of a folder should have")
    return folder


class OutboxConfig(ComponentConfig):
    """Where and how much an outbox keeps until the far end has it."""

    folder: Annotated[str, checked(_check_folder)] = setting(
        "outbox",
        min_length=1,
        max_length=200,
        description="Folder of undelivered records, below the component's work folder. Records under the "
        "old name are not delivered after a change.",
    )
    max_bytes: int = setting(
        256 * MIB,
        unit="bytes",
        ge=MIN_MAX_BYTES,
        le=1024 * 1024 * MIB,
        description="Largest total size of the folder; at most 80 % of the free space. A "
        "reading takes 4096 bytes: 256 MiB last 3.5 days at one every 5 s, 2 days at one every 3 s.",
    )
    on_full: Literal["drop_oldest", "reject"] = setting(
        "drop_oldest",
        description="At that size, drop the oldest records or refuse new ones. Both are counted.",
    )
    min_free_bytes: int = setting(
        64 * MIB,
        unit="bytes",
        ge=0,
        description="Space that stays free on the disk, whatever `max_bytes` allows.",
    )


@dataclass(frozen=True, slots=True)
class Shares:
    """The bounds of each spool of one outbox; together never more than `OutboxConfig.max_bytes`.

    Attributes:
        lanes: Folder -> limits, in the order in which they are delivered.
        dead: Limits of the dead letters, which take any record of any lane with its header. They drop the
            oldest, and may use what `min_free_bytes` keeps: a bad record must not block a full disk.
    """

    lanes: dict[str, SpoolLimits]
    dead: SpoolLimits


def batch_shares(config: OutboxConfig) -> Shares:
    """One lane, `records`."""
    return _shared_out(config, live=False)


def message_shares(config: OutboxConfig) -> Shares:
    """Two lanes: `live`, which overflows into the other one rather than drop, and `backlog`."""
    return _shared_out(config, live=True)


def _shared_out(config: OutboxConfig, *, live: bool) -> Shares:
    segment_bytes = min(_MAX_SEGMENT_BYTES, max(_MIN_SEGMENT_BYTES, config.max_bytes // _SEGMENTS))
    segment_bytes -= segment_bytes % BLOCK_BYTES
    dead = SpoolLimits(
        max_bytes=_SMALL_SPOOL_SEGMENTS * (segment_bytes + HEADER_BYTES),
        on_full=OnFull.DROP_OLDEST,
        min_free_bytes=0,
        segment_bytes=segment_bytes + HEADER_BYTES,
    )
    lanes = {}
    rest_bytes = config.max_bytes - dead.max_bytes
    if live:
        lanes[LIVE_FOLDER] = SpoolLimits(
            max_bytes=_SMALL_SPOOL_SEGMENTS * segment_bytes,
            on_full=OnFull.REJECT,
            min_free_bytes=config.min_free_bytes,
            segment_bytes=segment_bytes,
        )
        rest_bytes -= lanes[LIVE_FOLDER].max_bytes
    lanes[BACKLOG_FOLDER if live else RECORDS_FOLDER] = SpoolLimits(
        max_bytes=rest_bytes - rest_bytes % segment_bytes,
        on_full=OnFull(config.on_full),
        min_free_bytes=config.min_free_bytes,
        segment_bytes=segment_bytes,
    )
    return Shares(lanes, dead)
