"""One measurement of one queue on a disk of its own; a program, so that memory, CPU and mount are its alone.

    unshare --mount python -m benchmarks.queue_run QUEUE WORKLOAD SCENARIO SCALE

Prints one JSON object, a `Cost`. The disk goes with the process, however that ends.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import zstandard

from benchmarks.queues import MIB, Queue, open_queue, readings
from support.block_device import BlockDeviceError, Meter, block_device

DISK_BYTES = 1024 * MIB
BLOCK_BYTES = 4096
_PROBES = 50
_DIFFERENT_RECORDS = 100_000  # a multiple of every commit's size; then they come again
_WARM_UP_RECORDS = 8  # of 1 MiB: more than two segments of 4 MiB, so that one waits to be recycled


@dataclass(frozen=True, slots=True)
class Workload:
    """How records come.

    Attributes:
        records_per_commit: Taken in at once.
        commits: How many such.
        commits_per_delivery: In the scenario `steady`: about one MiB of what reaches the disk.
    """

    records_per_commit: int
    commits: int
    commits_per_delivery: int


WORKLOADS = {
    "1": Workload(1, 4_096, 256),
    "100": Workload(100, 4_096, 256),
    "1000": Workload(1_000, 1_024, 52),
}
# steady: the far end keeps up, in batches; prompt: every commit is delivered at once; outage: nothing is.
SCENARIOS = ("steady", "prompt", "outage")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took.

    Attributes:
        device_bytes: Written to the device, everything counted.
        ideal_bytes: The records of each commit, compressed alone by zstd and rounded up to 4 KiB.
        records_per_s: Taken in, and delivered where the scenario does so, by wall time.
        cpu_s_per_million: User and system time of the process, for a million records.
        commits: How many there were.
        deliveries: How many there were.
        grown_bytes: By how much its files are longer than before.
        sync_us: Microseconds of one fdatasync of 4 KiB in place on this disk, at the median: what no commit
            can be below.
    """

    device_bytes: int
    ideal_bytes: int
    records_per_s: float
    cpu_s_per_million: float
    commits: int
    deliveries: int
    grown_bytes: int
    sync_us: float

    @property
    def write_ratio(self) -> float:
        """Device bytes by the ideal."""
        return self.device_bytes / self.ideal_bytes


def run(queue_name: str, workload: Workload, scenario: str, folder: Path) -> Cost:
    """Measure on a fresh disk whose file stands in `folder`.

    Raises:
        BlockDeviceError: No disk of our own can be made here.
    """
    size = workload.records_per_commit
    known = readings(max(size, _DIFFERENT_RECORDS))
    starts = (commit * size % len(known) for commit in range(workload.commits))
    batches = [known[at : at + size] for at in starts]
    count = size * workload.commits
    every = {"steady": workload.commits_per_delivery, "prompt": 1, "outage": len(batches) + 1}[scenario]
    with block_device(folder, DISK_BYTES) as device:
        queue = open_queue(queue_name, device.path)
        _warm_up(queue)
        sync_us = _sync_us(device.path / "probe")
        files_bytes = _files_bytes(device.path)
        with Meter(device) as meter:
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            delivered = _feed(queue, batches, every)
            wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        grown_bytes = _files_bytes(device.path) - files_bytes
        left = queue.deliver()
        queue.close()
    if delivered + left != count:
        raise RuntimeError(f"{queue_name} took {count} records and gave {delivered + left}")
    return Cost(
        device_bytes=meter.written_bytes,
        ideal_bytes=ideal_bytes(batches),
        records_per_s=count / wall_s,
        cpu_s_per_million=cpu_s / count * 1e6,
        commits=len(batches),
        deliveries=len(batches) // every,
        grown_bytes=grown_bytes,
        sync_us=sync_us,
    )


def ideal_bytes(batches: Sequence[Sequence[bytes]]) -> int:
    """What nobody who keeps each commit by itself in whole blocks can be below: the goal's denominator."""
    compressor = zstandard.ZstdCompressor(level=1)
    contents = (b"".join(batch) for batch in batches)
    sizes = (min(len(content), len(compressor.compress(content))) for content in contents)
    return sum(-(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES for size_bytes in sizes)


def _warm_up(queue: Queue) -> None:
    """Bring the queue to where it has grown and has been drained: from there on files are used again."""
    noise = random.Random(1)  # noqa: S311  nothing secret is made of it
    for _ in range(_WARM_UP_RECORDS):
        queue.append([noise.randbytes(MIB)])
    queue.deliver()


def _feed(queue: Queue, batches: Sequence[Sequence[bytes]], every: int) -> int:
    delivered = 0
    for number, batch in enumerate(batches, 1):
        queue.append(batch)
        if number % every == 0:
            delivered += queue.deliver()
    return delivered


def _files_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sync_us(path: Path) -> float:
    with path.open("w+b", buffering=0) as file:
        file.write(bytes(_PROBES * BLOCK_BYTES))
        os.fsync(file.fileno())
        took_s = []
        for probe in range(_PROBES):
            os.pwrite(file.fileno(), b"x" * BLOCK_BYTES, probe * BLOCK_BYTES)
            begun_s = time.perf_counter()
            os.fdatasync(file.fileno())
            took_s.append(time.perf_counter() - begun_s)
    path.unlink()
    return statistics.median(took_s) * 1e6


def main(queue_name: str, workload_name: str, scenario: str, scale: str) -> None:
    """See the module."""
    known = WORKLOADS[workload_name]
    commits = max(1, int(known.commits * float(scale)))
    workload = Workload(known.records_per_commit, commits, known.commits_per_delivery)
    try:
        with tempfile.TemporaryDirectory() as folder:
            cost = run(queue_name, workload, scenario, Path(folder))
    except BlockDeviceError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(asdict(cost)))


if __name__ == "__main__":
    main(*sys.argv[1:])
