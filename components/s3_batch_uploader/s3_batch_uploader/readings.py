"""Batches of readings as objects in S3: the outbox's sink. Called by the outbox's delivery thread."""

from collections.abc import Callable

from edge_common.log import get_logger
from edge_common.messages import encode_batch
from edge_common.outbox import Frozen, Parcel
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.logic import BATCH_CONTENT_TYPE, key_of_batch

_log = get_logger("readings")

Prepare = Callable[[Frozen], Parcel]


def preparing(key_prefix: str, thing: str) -> Prepare:
    """What makes an object of a batch: always the same one.

    Args:
        key_prefix: The setting.
        thing: Name of the core's thing.
    """

    def prepare(frozen: Frozen) -> Parcel:
        body = encode_batch(thing, frozen.frozen_at, frozen.records)
        digest = Parcel("", body).sha256
        return Parcel(
            key_of_batch(key_prefix, thing, frozen.frozen_at, (frozen.first, frozen.last), digest), body
        )

    return prepare


class BatchUploads:
    """A `BatchSink` whose parcels are objects.

    Args:
        prepare: Makes them.
        destination: Where they go.
    """

    def __init__(self, prepare: Prepare, destination: Destination) -> None:
        self.prepare = prepare
        self._destination = destination

    def send(self, parcel: Parcel) -> None:
        """Return when S3 has it, from this try or an earlier one; raises EdgeError otherwise."""
        placed = self._destination.put(parcel.name, parcel.body, content_type=BATCH_CONTENT_TYPE)
        _log.info("batch_uploaded", key=parcel.name, size_bytes=len(parcel.body), placed=placed.value)
