"""A cloud that outlives every core: an S3 stand-in, a broker and its observer, and what has arrived in both.

Nothing here asks the product: objects are listed and downloaded with boto3, messages are seen by an MQTT
client beside the core's link. The one thread is the observer's own.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.cloud import CloudObserver, running_broker
from support.pipeline import door
from support.pipeline.table import THING, ReadingId, numbers_of
from support.s3.store import Store, running_store

_DATA_TOPIC = f"{THING}/sensors/data"


@dataclass(slots=True)
class PipelineCloud:
    """What two components deliver to.

    Attributes:
        store: The S3 stand-in.
        observer: Of the readings' topic.
        door: A folder with a program `mosquitto`, for the PATH of a core.
    """

    store: Store
    observer: CloudObserver
    door: Path
    _published: list[ReadingId] = field(default_factory=list)
    _keys: list[str] = field(default_factory=list)
    _created: int = -1

    def published(self) -> list[ReadingId]:
        """Every reading that has come by MQTT, in the order of arrival."""
        for payload in self.observer.payloads[len(self._published) :]:
            message = json.loads(payload)
            self._published.append((message["boot_id"], message["sequence"]))
        return self._published

    def keys(self) -> list[str]:
        """The keys of all objects; asked for again only when there are more."""
        created = self.store.counts()["objects_created"]
        if created != self._created:
            self._keys, self._created = self.store.listing(), created
        return self._keys

    def uploaded_numbers(self) -> set[int]:
        """The numbers of all records that are in objects, by their keys."""
        return {number for key in self.keys() for number in numbers_of(key)}

    def save_to(self, folder: Path) -> tuple[Path, Path]:
        """Everything that has arrived, as files: folders of the objects and of the messages."""
        objects, messages = folder / "objects", folder / "messages"
        messages.mkdir()
        self.store.save_to(objects)
        for number, payload in enumerate(self.observer.payloads):
            (messages / f"{number:08}.json").write_bytes(payload)
        return objects, messages


@contextmanager
def pipeline_cloud(folder: Path) -> Iterator[PipelineCloud]:
    """A cloud with nothing in it yet; gone afterwards.

    Args:
        folder: Empty; gets the broker's files and the door.
    """
    kept = folder / "door"
    kept.mkdir(parents=True)
    with (
        running_store() as store,
        running_broker(folder / "broker") as (_, broker),
        CloudObserver(broker.port, _DATA_TOPIC) as observer,
    ):
        program = kept / "mosquitto"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{door.__file__}" {broker.port} "$@"\n')
        program.chmod(0o755)
        yield PipelineCloud(store, observer, kept)
