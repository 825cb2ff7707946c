"""What the uploader refuses to start with."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge_common.config import load_config
from edge_common.errors import ConfigError
from s3_batch_uploader.config import AfterUpload, S3BatchUploaderConfig


def loaded(**settings: Any) -> S3BatchUploaderConfig:
    """The settings as a core hands them over, with a bucket."""
    delivered = json.dumps({"bucket": "readings-of-ours", **settings})
    return load_config(S3BatchUploaderConfig, {"GG_COMPONENT_CONFIG": delivered, "AWS_IOT_THING_NAME": "t"})


def faults(**settings: Any) -> list[str]:
    """Every fault."""
    with pytest.raises(ConfigError) as refusal:
        loaded(**settings)
    return list(refusal.value.faults)


def test_without_a_bucket_nothing_starts() -> None:
    assert "no bucket is named" in faults(bucket="")[0]


def test_folders_arrive_as_lists_of_texts_from_lite() -> None:
    folders = [{"path": "images", "settle_s": "2.5", "include": ["*.jpg"], "after_upload": "delete"}]
    config = loaded(folders=folders, batch_max_records="10", create_bucket="true")

    assert config.folders[0].settle_s == 2.5
    assert config.folders[0].after_upload is AfterUpload.DELETE
    assert config.create_bucket is True


@pytest.mark.parametrize(
    "bucket",
    [
        "AB",
        "a",
        "-ab",
        "a_b",
        "a..b",
        "a" * 64,
        "s3://bucket",
        "bucket/",
        "münchen",
        "192.168.0.1",
        "b--x-s3",
    ],
)
def test_a_name_that_no_bucket_has_is_refused(bucket: str) -> None:
    assert faults(bucket=bucket)[0].startswith("/settings/bucket: ")


@pytest.mark.parametrize("prefix", ["", "/a", "a/", "a//b", "a/../b", "a b", "a\nb", "ä", "a" * 513])
@pytest.mark.parametrize("where", ["readings", "folder"])
def test_a_prefix_that_spoils_keys_is_refused(prefix: str, where: str) -> None:
    prefixed = {"key_prefix": prefix}
    found = faults(**prefixed) if where == "readings" else faults(folders=[{"path": "a", **prefixed}])

    assert "key_prefix: " in found[0]


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ([{"path": "a"}, {"path": "a"}], "each file must have one place"),
        ([{"path": "a"}, {"path": "./a/b"}], "each file must have one place"),
        ([{"path": "."}], "each file must have one place"),
        ([{"path": "/"}], "each file must have one place"),
        ([{"path": "outbox"}], "each file must have one place"),
        ([{"path": "receipts/x"}], "each file must have one place"),
        ([{"path": "a", "after_upload": "move", "move_to": "a/done"}], "each file must have one place"),
        ([{"path": "a", "after_upload": "move", "move_to": "outbox"}], "each file must have one place"),
        ([{"path": "a", "after_upload": "move"}], "name the folder to move to"),
        ([{"path": "a/../b"}], "a step up"),
        ([{"path": "a\0b"}], "a character that no path has"),
        ([{"path": ""}], "path"),
        ([{}], "path"),
        ([{"path": "a", "settle_s": "0"}], ">= 0.1"),
        ([{"path": "a", "after_upload": "burn"}], '"keep", "delete", "move"'),
        ([{"path": "a", "pattern": "*"}], "pattern"),
        ([{"path": f"folder-{number}"} for number in range(21)], "20"),
    ],
)
def test_folders_that_cannot_be_kept_in_sync_are_refused(folders: list[dict[str, Any]], said: str) -> None:
    found = faults(folders=folders)

    assert said in found[0]
    assert found[0].startswith("/settings/folders")


def test_two_folders_may_be_moved_to_the_same_place() -> None:
    moved = {"after_upload": "move", "move_to": "done"}

    assert len(loaded(folders=[{"path": "a", **moved}, {"path": "b", **moved}]).folders) == 2


@pytest.mark.parametrize("region", ["Seoul", "ap-northeast-2a", "eu_west_1", "https://eu-west-1", " "])
def test_a_region_that_is_none_is_refused(region: str) -> None:
    assert faults(region=region)[0].startswith("/settings/region: ")


@pytest.mark.parametrize("region", ["", "ap-northeast-2", "us-gov-east-1", "eu-isoe-west-1"])
def test_a_region_that_may_be_one_is_taken(region: str) -> None:
    assert loaded(region=region).region == region


def test_two_folders_that_are_one_through_a_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "images")

    found = faults(folders=[{"path": str(tmp_path / "images")}, {"path": str(tmp_path / "link")}])
    assert "each file must have one place" in found[0]


def test_every_fault_is_named_at_once() -> None:
    found = faults(
        bucket="B", reading_interval_s="never", folders=[{"path": "a", "settle_s": "-1"}], rescan=1
    )

    assert len(found) == 4
