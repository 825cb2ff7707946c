"""A day without the far end, in a process of its own: puts readings, or delivers what is left of them.

    python -m support.offline_day offline KIND FOLDER READINGS MAX_BYTES
    python -m support.offline_day online KIND FOLDER ARRIVED MAX_BYTES

KIND is "batch" or "message". Offline prints one JSON line for each hour of the day (a 24th of the readings);
online writes what arrives into the file ARRIVED, one record on a line, and prints one JSON line.

The day is fifty sensors that are read once a second, each by a thread that puts its reading and waits until
it is on disk. Nothing paces them: a commit holds what has come together while the last one synced, at most
fifty readings, as many as a second of the day would bring.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from edge_common.clock import SystemClock
from edge_common.context import Context, Mode
from edge_common.errors import EdgeError, TransientError
from edge_common.messages import Reading, encode
from edge_common.metrics import Metrics
from edge_common.outbox import Batching, BatchOutbox, Frozen, MessageOutbox, OutboxConfig, Parcel
from edge_common.outbox.outbox import Outbox

SENSORS = 50
HOURS = 24
DRAIN_S = 3600.0
_BATCHING = Batching(max_records=1000, max_age_s=30.0, max_bytes=1 << 20)
_MAX_IN_FLIGHT = 500
_BLOCK_BYTES = 512  # what stat(2) counts st_blocks in


class FarEnd:
    """Takes batches and messages into a file; None for one that is away."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file

    def prepare(self, frozen: Frozen) -> Parcel:
        """The records, a line each."""
        return Parcel(f"{frozen.first}-{frozen.last}", b"".join(record + b"\n" for record in frozen.records))

    def take(self, body: bytes) -> None:
        """Write it down."""
        if self._file is None:
            raise TransientError("the far end is away")
        self._file.write(body)


class BatchEnd(FarEnd):
    """As a sink of batches."""

    def send(self, parcel: Parcel) -> None:
        """Take one batch."""
        self.take(parcel.body)


class MessageEnd(FarEnd):
    """As a sink of messages."""

    def send(self, records: Sequence[bytes]) -> Sequence[EdgeError | None]:
        """Take every message."""
        self.take(b"".join(record + b"\n" for record in records))
        return [None] * len(records)


def outbox(kind: str, folder: Path, max_bytes: int, file: BinaryIO | None) -> Outbox:
    """An outbox of the product, not yet entered."""
    config = OutboxConfig.model_construct(folder=str(folder), max_bytes=max_bytes)
    context = Context(
        name="com.example.OfflineDay",
        thing_name="orangepi5-core-001",
        stop=threading.Event(),
        mode=Mode.RUN,
        dry_run=False,
        metrics=Metrics(),
        clock=SystemClock(),
    )
    if kind == "batch":
        return BatchOutbox(config, _BATCHING, BatchEnd(file), context)
    return MessageOutbox(config, MessageEnd(file), _MAX_IN_FLIGHT, context)


def reading(number: int) -> bytes:
    """Reading `number` of the day; sensor `number % SENSORS` took it."""
    second = number // SENSORS
    moment = f"2026-11-22T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.000Z"
    values = {"temperature": 20 + number * 7919 % 1000 / 100, "humidity": 40 + number * 104729 % 4000 / 100}
    return encode(Reading("orangepi5-core-001", moment, "6f1c2ab39d7e4405", number, values))


def offline(kind: str, folder: Path, readings: int, max_bytes: int) -> None:
    """Put every reading of the day, and say each hour how things stand."""
    with outbox(kind, folder, max_bytes, None) as opened:
        for hour in range(HOURS):
            seconds = range(hour * readings // HOURS // SENSORS, (hour + 1) * readings // HOURS // SENSORS)
            threads = [
                threading.Thread(target=_put_one_sensor, args=(opened.put, sensor, seconds))
                for sensor in range(SENSORS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            standing = {"hour": hour + 1, "disk_bytes": disk_bytes(folder), **_memory()}
            _say(standing | asdict(opened.statistics()))


def online(kind: str, folder: Path, arrived: Path, max_bytes: int) -> None:
    """Open what the day has left, and deliver all of it."""
    with arrived.open("wb") as file:
        unopened = outbox(kind, folder, max_bytes, file)
        began_s = time.monotonic()
        with unopened as opened:
            opening_ms = (time.monotonic() - began_s) * 1000
            drained = opened.drain(DRAIN_S)
            _say({"opening_ms": opening_ms, "drained": drained, **_memory(), **asdict(opened.statistics())})


def disk_bytes(folder: Path) -> int:
    """What the files of `folder` take on the disk."""
    return sum(path.stat().st_blocks for path in folder.rglob("*") if path.is_file()) * _BLOCK_BYTES


def _put_one_sensor(put: Callable[[bytes], None], sensor: int, seconds: range) -> None:
    for second in seconds:
        put(reading(second * SENSORS + sensor))


def _memory() -> dict[str, int]:
    """Resident memory of this process, now and at most, in bytes (proc_pid_status(5))."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    names = {"rss_bytes": "VmRSS", "peak_rss_bytes": "VmHWM"}
    return {ours: int(fields[kernels].split()[0]) * 1024 for ours, kernels in names.items()}


def _say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    word, kind, folder, argument, cap = sys.argv[1:]
    if word == "offline":
        offline(kind, Path(folder), int(argument), int(cap))
    else:
        online(kind, Path(folder), Path(argument), int(cap))
