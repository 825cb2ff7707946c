"""The uploader's settings; the recipe's DefaultConfiguration says the same."""

import os
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from edge_common.config import REQUIRED, ComponentConfig, checked, checked_beside, setting
from edge_common.outbox import OutboxConfig
from edge_common.s3 import bucket_fault, check_key, region_fault
from edge_common.sensors import SensorConfig

# A thing's name has 128 characters, of which each may take three in a key; 512 more leave room for the day,
# the numbers and the hash, and for most of a file's path, of the 1,024 that S3 allows.
_MAX_PREFIX = 512
RECEIPTS_FOLDER = "receipts"  # in the component's work folder: which files have been uploaded


def overlapping(folders: Sequence[str]) -> tuple[str, str] | None:
    """Two of `folders`, normalised and absolute, of which the second is or lies in the first; or None.

    >>> overlapping(["/data/images", "/data/reports", "/data/images/alerts"])
    ('/data/images', '/data/images/alerts')
    """
    outer_first = sorted(folders, key=lambda folder: folder.split("/"))
    for outer, inner in pairwise(outer_first):
        if f"{inner}/".startswith(f"{outer.rstrip('/')}/"):
            return outer, inner
    return None


class AfterUpload(StrEnum):
    """What becomes of a file that has been uploaded."""

    KEEP = "keep"
    DELETE = "delete"
    MOVE = "move"


def _check_bucket(bucket: str) -> str:
    if not bucket:
        raise ValueError("no bucket is named: readings must go to one of your own")
    if fault := bucket_fault(bucket):
        raise ValueError(fault)
    return bucket


def _check_region(region: str) -> str:
    if region and (fault := region_fault(region)):
        raise ValueError(f"{fault}; empty takes the core's")
    return region


def _check_folder(path: str) -> str:
    if ".." in path.split("/") or "\0" in path:
        raise ValueError("it has a step up, or a character that no path has")
    return path


def _check_move_to(move_to: str, after_upload: AfterUpload | None) -> str:
    if after_upload is AfterUpload.MOVE and not move_to:
        raise ValueError("after_upload is move: name the folder to move to")
    return _check_folder(move_to)


class FolderConfig(ComponentConfig):
    """One folder that is kept in sync."""

    path: Annotated[str, checked(_check_folder)] = setting(
        REQUIRED, min_length=1, description="The folder, absolute or relative to the component's work folder."
    )
    key_prefix: Annotated[str, checked(check_key)] = setting(
        "images",
        max_length=_MAX_PREFIX,
        description="Keys are `<key_prefix>/{thing}/<path below the folder>`.",
    )
    settle_s: float = setting(
        5.0,
        unit="s",
        ge=0.1,
        le=3_600,
        description=(
            "A file is uploaded when unchanged for this time; a file renamed into place, immediately."
        ),
    )
    include: list[str] = setting(
        ["*"],
        min_length=1,
        max_length=50,
        description="Shell patterns of names, or of paths below the folder.",
    )
    exclude: list[str] = setting(
        [".*", "*.part", "*.tmp", "*~", "lost+found"],
        max_length=50,
        description="Exceptions from `include`: files, and folders with everything in them.",
    )
    after_upload: AfterUpload = setting(
        AfterUpload.KEEP, description="What to do with a file once S3 has it."
    )
    move_to: Annotated[str, checked_beside("after_upload", _check_move_to)] = setting(
        "", description="With `move`: a folder outside this one, on the same disk."
    )


def _check_apart(folders: list[FolderConfig], outbox: OutboxConfig | None) -> list[FolderConfig]:
    """No file may be in two of them, and nothing of our own in any."""
    ours = [outbox.folder] if outbox is not None else []
    places = [_absolute(place) for place in (*ours, RECEIPTS_FOLDER, *(folder.path for folder in folders))]
    targets = {_absolute(folder.move_to) for folder in folders if folder.after_upload is AfterUpload.MOVE}
    for together in (places, *([*places, target] for target in sorted(targets))):
        if both := overlapping(together):
            raise ValueError(f"{both[1]} is or lies in {both[0]}: each file must have one place")
    return folders


def _absolute(path: str) -> str:
    return os.path.realpath(path)  # two names may be one place


class S3BatchUploaderConfig(ComponentConfig):
    """Everything the uploader can be told."""

    bucket: Annotated[str, checked(_check_bucket)] = setting(
        REQUIRED, description="The bucket; it must belong to your account."
    )
    region: Annotated[str, checked(_check_region)] = setting(
        "", description="The bucket's region; empty: the core's."
    )
    create_bucket: bool = setting(False, description="Create the bucket if it does not exist.")
    key_prefix: Annotated[str, checked(check_key)] = setting(
        "sensor-data",
        max_length=_MAX_PREFIX,
        description="Keys of readings are `<key_prefix>/{thing}/YYYY/MM/DD/…json`.",
    )
    reading_interval_s: float = setting(
        3.0, unit="s", ge=0.01, le=86_400, description="Time from one reading to the next."
    )
    batch_max_records: int = setting(
        10, ge=1, le=10_000, description="A batch with this many readings is uploaded immediately."
    )
    batch_max_age_s: float = setting(
        30.0,
        unit="s",
        ge=0.1,
        le=86_400,
        description="A batch is uploaded when its first reading is this old.",
    )
    sensor: SensorConfig = setting(SensorConfig(), description="Where readings come from.")
    outbox: OutboxConfig = setting(OutboxConfig(), description="Where readings wait until S3 has them.")
    folders: Annotated[list[FolderConfig], checked_beside("outbox", _check_apart)] = setting(
        [], max_length=20, description="Folders whose files are uploaded."
    )
    rescan_interval_s: float = setting(
        60.0,
        unit="s",
        ge=1,
        le=86_400,
        description="Time between two full scans of the folders, beside file events.",
    )
