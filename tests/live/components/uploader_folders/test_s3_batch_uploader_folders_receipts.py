"""Folders over restarts: a receipt keeps a file from being uploaded again, and none is kept for ever."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3_batch_uploader.folders import receipts, scan, sync
from s3_batch_uploader.folders.scan import LEAVING_PREFIX
from s3_batch_uploader.folders.settling import Version
from support.uploading import Bucket, syncing
from support.waiting import wait_until

WITHIN_S = 30.0


def test_a_restart_asks_s3_nothing_and_forgets_nothing(images: Path, bucket: Bucket) -> None:
    with syncing(images, bucket) as one:
        for number in range(5):
            one.write(f"{number}.jpg", b"%d" % number)
        one.wait_for("files_uploaded", 5)
    (images / "while-down.jpg").write_bytes(b"new")
    with syncing(images, bucket) as one:
        one.wait_for("files_uploaded", 1)

        assert one.count("s3_requests") == 1
    assert one.contents() == [b"0", b"1", b"2", b"3", b"4", b"new"]


def test_without_its_receipts_a_restart_writes_nothing_twice(images: Path, bucket: Bucket) -> None:
    with syncing(images, bucket) as one:
        one.write("1.jpg", b"image")
        one.wait_for("files_uploaded", 1)
    for kept in (images.parent / "receipts").iterdir():
        kept.unlink()
    with syncing(images, bucket) as one:
        one.wait_for("files_already_there", 1)

    assert bucket.overwritten() == 0
    assert len(bucket.keys()) == 1


def test_a_file_with_a_receipt_is_deleted_at_the_next_start_without_a_request(
    images: Path, bucket: Bucket
) -> None:
    """The process died between the receipt and the deletion."""
    with syncing(images, bucket) as one:
        path = one.write("1.jpg", b"image")
        one.wait_for("files_uploaded", 1)
    with syncing(images, bucket, after_upload="delete") as one:
        wait_until(lambda: not path.exists(), WITHIN_S, "deleted")

        assert one.count("s3_requests") == 0


def test_a_file_whose_deletion_a_crash_cut_short_is_deleted_without_a_request(
    images: Path, bucket: Bucket
) -> None:
    with syncing(images, bucket) as one:
        path = one.write("1.jpg", b"image")
        one.wait_for("files_uploaded", 1)
    path.rename(images / f"{LEAVING_PREFIX}1.jpg")
    with syncing(images, bucket, after_upload="delete") as one:
        wait_until(lambda: not any(images.iterdir()), WITHIN_S, "deleted")

        assert one.count("s3_requests") == 0


def test_receipts_that_cannot_be_read_stop_no_upload(
    images: Path, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    with syncing(images, bucket) as one:
        one.write("1.jpg", b"image")
        one.wait_for("files_uploaded", 1)
    (kept,) = (images.parent / "receipts").iterdir()
    kept.unlink()
    kept.mkdir()
    with syncing(images, bucket) as one:
        one.write("2.jpg", b"image 2")
        one.wait_for("files_uploaded", 1)
        one.wait_for("files_already_there", 1)

    assert one.contents() == [b"image", b"image 2"]
    assert capsys.readouterr().out.count("receipts_set_aside") == 1


def test_receipts_of_files_that_are_gone_are_forgotten(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "_SLACK_LINES", 0)
    with syncing(images, bucket, rescan_interval_s=1) as one:
        for number in range(10):
            one.write(f"{number}.jpg", b"%d" % number)
        one.wait_for("files_uploaded", 10)
        (kept,) = (images.parent / "receipts").iterdir()
        assert len(kept.read_bytes().splitlines()) == 10
        for number in range(1, 10):
            (images / f"{number}.jpg").unlink()
        wait_until(lambda: len(kept.read_bytes().splitlines()) == 1, WITHIN_S, "one receipt is left")
    with syncing(images, bucket) as one:
        one.write("new.jpg", b"new")
        one.wait_for("files_uploaded", 1)

        assert one.count("s3_requests") == 1


def test_receipts_of_files_that_come_and_go_beside_a_closed_folder_do_not_pile_up(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "_SLACK_LINES", 0)
    monkeypatch.setattr(sync, "_UNSEEN_RECEIPTS", 5)
    files_in = scan.Walk._files_in

    def refused(self: scan.Walk, folder: Path) -> Iterator[tuple[Path, Version]]:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return files_in(self, folder)

    monkeypatch.setattr(scan.Walk, "_files_in", refused)
    (images / "closed").mkdir()
    with syncing(images, bucket, rescan_interval_s=1) as one:
        for number in range(10):
            one.write(f"{number}.jpg", b"%d" % number)
        one.wait_for("files_uploaded", 10)
        (kept,) = (images.parent / "receipts").iterdir()
        for number in range(1, 10):
            (images / f"{number}.jpg").unlink()
        wait_until(lambda: len(kept.read_bytes().splitlines()) == 1, WITHIN_S, "one receipt is left")
