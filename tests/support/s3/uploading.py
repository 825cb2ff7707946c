"""The uploader's own outbox, sink and gateway, put together as its app does, for trials."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from edge_common.clock import Clock
from edge_common.context import Context
from edge_common.messages import Reading, encode
from edge_common.outbox import Batching, BatchOutbox, DeliveryBackoff, OutboxConfig
from edge_common.s3 import S3Gateway
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.readings import BatchUploads, preparing
from support.s3.bench import PART_BYTES, QUICK
from support.s3.store import BUCKET

MIB = 1024 * 1024
_WRITERS = 8


@contextmanager
def uploading(
    folder: Path,
    context: Context,
    max_records: int,
    backoff: DeliveryBackoff,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[tuple[BatchOutbox, Destination]]:
    """An open outbox whose batches go to S3.

    Args:
        folder: Of the outbox.
        context: Of the component.
        max_records: Of a batch.
        backoff: How long to wait between tries.
        environment: Where region, endpoint and token exchange are named.
    """
    gateway = S3Gateway(
        BUCKET,
        clock=context.clock,
        metrics=context.metrics,
        stop=context.stop,
        timeouts=QUICK,
        part_bytes=PART_BYTES,
        environment=environment,
    )
    destination = Destination(gateway, BUCKET, create_bucket=False)
    sink = BatchUploads(preparing("sensor-data", context.thing_name), destination)
    config = OutboxConfig(folder=str(folder), max_bytes=64 * MIB, min_free_bytes=0)
    with gateway, BatchOutbox(config, Batching(max_records, 3600, MIB), sink, context, backoff) as outbox:
        yield outbox, destination


def put_readings(outbox: BatchOutbox, clock: Clock, sequences: range) -> None:
    """Put readings of this boot, several at a time, for commits are what takes time."""

    def put(some: range) -> None:
        for sequence in some:
            outbox.put(encode(_reading(clock, sequence)))

    threads = [
        threading.Thread(target=put, args=(sequences[writer::_WRITERS],)) for writer in range(_WRITERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def table_of(folder: Path) -> list[tuple[str, int]]:
    """Every reading in the batches below `folder`, as DuckDB sees them: boot and sequence, sorted."""
    with duckdb.connect() as database:
        found = database.execute(
            "SELECT record.boot_id, record.sequence FROM "
            "(SELECT unnest(records) AS record FROM read_json(?, maximum_object_size=100000000)) "
            "ORDER BY ALL",
            [str(folder / "**" / "*.json")],
        )
        return [(str(boot_id), int(sequence)) for boot_id, sequence in found.fetchall()]


def _reading(clock: Clock, sequence: int) -> Reading:
    return Reading(
        device_id="core-1",
        timestamp=clock.timestamp(),
        boot_id=clock.boot_id,
        sequence=sequence,
        sensors={"temperature": 24.31, "humidity": 55.2},
    )
