"""What the uploader's tests stand on: what has arrived in S3's stand-in, and folders in sync with it."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_common.backoff import Backoff
from edge_common.clock import SystemClock
from edge_common.context import Context, Mode
from edge_common.metrics import Metrics
from edge_common.outbox import DeliveryBackoff
from edge_common.s3 import S3Gateway
from s3_batch_uploader.config import FolderConfig
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.folders.folder import Folder
from s3_batch_uploader.folders.sync import FolderSync
from support.s3.store import BUCKET, REGION, Store, plain_client
from support.waiting import wait_until

THING = "orangepi5-core-001"
WITHIN_S = 30.0
SOON = DeliveryBackoff(Backoff(initial_s=0.05, max_s=0.1), Backoff(initial_s=0.05, max_s=0.1))
# What the key of a batch must look like: the thing, the day, the numbers, the digest.
BATCH_KEY = re.compile(
    rf"sensor-data/{THING}/(\d{{4}}/\d\d/\d\d)/(?P<first>\d+)-(?P<last>\d+)-[0-9a-f]{{16}}\.json"
)


class Bucket:
    """One bucket as somebody else sees it: through AWS's own SDK.

    Args:
        endpoint_url: Of the S3 stand-in.
        name: The bucket's.
    """

    def __init__(self, endpoint_url: str, name: str = BUCKET) -> None:
        self.endpoint_url = endpoint_url
        self.name = name

    def keys(self, prefix: str = "") -> list[str]:
        """Every key, sorted; none when there is no bucket."""
        with self._client() as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Every object by key."""
        keys = self.keys(prefix)
        with self._client() as client:
            return {key: client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys}

    def content_type(self, key: str) -> str:
        """What it says of an object."""
        with self._client() as client:
            kind: str = client.head_object(Bucket=self.name, Key=key)["ContentType"]
            return kind

    def batches(self) -> list[dict[str, Any]]:
        """The batches of readings in the order of their numbers."""
        found = self.objects("sensor-data/")
        ordered = sorted(found, key=batch_numbers)
        return [json.loads(found[key]) for key in ordered]

    def readings(self) -> list[tuple[str, int]]:
        """(boot_id, sequence) of every reading that is there, in the order of their numbers."""
        return [(one["boot_id"], one["sequence"]) for batch in self.batches() for one in batch["records"]]

    def create(self) -> None:
        """Make the bucket."""
        with self._client() as client:
            client.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def requests(self, operation: str) -> dict[str, int]:
        """How the stand-in has answered requests of this kind so far, of any bucket: outcome -> count."""
        return self._store(None).answers(operation)

    def overwritten(self) -> int:
        """How many objects of any bucket were written over; none ever should."""
        count: int = self._store(None).counts()["objects_overwritten"]
        return count

    def _store(self, client: Any) -> Store:
        return Store(int(self.endpoint_url.rpartition(":")[2]), client)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        client = plain_client(self.endpoint_url)
        try:
            yield client
        finally:
            client.close()


def credentials(bucket: Bucket) -> dict[str, str]:
    """The environment of a component that uploads there without a core."""
    return {
        "AWS_ENDPOINT_URL_S3": bucket.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test-key-id",
        "AWS_SECRET_ACCESS_KEY": "test-secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass(slots=True)
class Syncing:
    """A folder that is being kept in sync.

    Attributes:
        root: The folder.
        bucket: Where its files go.
        metrics: What it counts.
        stop: The component's stop event.
    """

    root: Path
    bucket: Bucket
    metrics: Metrics = field(default_factory=Metrics)
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self, name: str, content: bytes) -> Path:
        """A file written in place."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def count(self, name: str) -> int:
        """A counter now."""
        return self.metrics.counter(name).value

    def wait_for(self, name: str, at_least: int) -> None:
        """Wait until a counter has come so far."""
        wait_until(lambda: self.count(name) >= at_least, WITHIN_S, f"{name} is {at_least}")

    def scan_again(self) -> None:
        """Let everything be looked at, as when events were lost: a watched folder gets another name."""
        before = self.count("files_uploaded")
        marker = self.write(f"scan-{before}/marker", b"marker")
        self.wait_for("files_uploaded", before + 1)
        marker.parent.rename(self.root / f"scanned-{before}")
        self.wait_for("files_uploaded", before + 2)

    def contents(self) -> list[bytes]:
        """What has arrived, sorted."""
        return sorted(self.bucket.objects("images/").values())


@contextmanager
def syncing(
    root: Path,
    bucket: Bucket,
    *,
    rescan_interval_s: float = 60.0,
    **settings: Any,
) -> Iterator[Syncing]:
    """`root` in sync, in this process, with receipts beside it; entered again it goes on as after a restart.

    Args:
        root: The folder.
        bucket: Where to; the environment names the endpoint and the credentials.
        rescan_interval_s: As the setting.
        settings: Of the folder; files settle within 0.1 s if nothing else is said.
    """
    folder = Folder.configured(FolderConfig(path=str(root), **{"settle_s": 0.1, **settings}))
    one = Syncing(root, bucket)
    clock = SystemClock()
    context = Context("test", THING, one.stop, Mode.RUN, False, one.metrics, clock)
    with S3Gateway(bucket.name, REGION, clock=clock, metrics=one.metrics, stop=one.stop) as gateway:
        destination = Destination(gateway, bucket.name, create_bucket=False)
        with FolderSync(
            folder,
            destination,
            context,
            rescan_interval_s=rescan_interval_s,
            receipts_folder=root.parent / "receipts",
            backoff=SOON,
        ):
            yield one


def assert_every_reading_once(keys: Sequence[str], batches: Sequence[dict[str, Any]]) -> None:
    """The batches follow one another without gap or overlap, and so do the readings of each start."""
    numbers = sorted(map(batch_numbers, keys))
    assert [first for first, _ in numbers] == [0, *(last + 1 for _, last in numbers[:-1])]
    readings = [(one["boot_id"], one["sequence"]) for batch in batches for one in batch["records"]]
    assert len(set(readings)) == len(readings)
    for boot_id in {boot_id for boot_id, _ in readings}:
        sequences = [sequence for boot, sequence in readings if boot == boot_id]
        assert sequences == list(range(len(sequences)))


def batch_numbers(key: str) -> tuple[int, int]:
    """Of the first and the last reading in a batch, by its key."""
    match = _batch_key(key)
    return int(match["first"]), int(match["last"])


def _batch_key(key: str) -> re.Match[str]:
    match = BATCH_KEY.fullmatch(key)
    assert match, f"{key} is no key of a batch"
    return match
