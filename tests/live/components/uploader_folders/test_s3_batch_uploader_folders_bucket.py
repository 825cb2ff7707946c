"""The bucket that folders and readings go to: made only when it is not there and may be made."""

from hashlib import sha256

import pytest

from edge_common.clock import SystemClock
from edge_common.errors import RefusedError
from edge_common.metrics import Metrics
from edge_common.s3 import Placed, S3Gateway
from s3_batch_uploader.destination import Destination
from support.s3.picky import ThroughPicky
from support.s3.store import REGION, Store
from support.uploading import Bucket


def put_image(bucket: str) -> None:
    """One object into a bucket that may be made."""
    with S3Gateway(bucket, REGION, clock=SystemClock(), metrics=Metrics()) as gateway:
        destination = Destination(gateway, bucket, create_bucket=True)
        key = f"images/{sha256(b'image').hexdigest()}"

        assert destination.put(key, b"image", content_type="image/jpeg") is Placed.NEW


def test_the_bucket_is_made_only_when_it_is_not_there(store: Store, bucket: Bucket) -> None:
    """Making it wants a grant of its own."""
    before = store.answers("CreateBucket")
    put_image(bucket.name)
    assert store.answers("CreateBucket") == before
    put_image(f"{bucket.name}-new")

    assert store.answers("CreateBucket")["200"] == before["200"] + 1
    assert list(Bucket(store.url, f"{bucket.name}-new").objects().values()) == [b"image"]


def test_a_bucket_that_may_not_be_made_is_said_with_both_ways_out(through_picky: ThroughPicky) -> None:
    with (
        through_picky(lambda path, _: "AccessDenied" if path == "/not-there" else None),
        pytest.raises(RefusedError, match=r"no bucket not-there.*s3:CreateBucket") as refusal,
    ):
        put_image("not-there")

    assert refusal.value.code == "access_denied"
