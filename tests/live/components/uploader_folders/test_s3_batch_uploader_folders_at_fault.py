"""Folders when S3, a file or the disk is at fault: what is tried again, what is given up, what is said."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest

from s3_batch_uploader.folders import upload, watched
from s3_batch_uploader.folders.opening import opened
from s3_batch_uploader.folders.scan import version_of
from s3_batch_uploader.folders.settling import Version
from support.s3.picky import ThroughPicky
from support.uploading import THING, Bucket, syncing
from support.waiting import wait_until

WITHIN_S = 30.0
MIB = 1 << 20


def while_on_its_way(name: str, happens: Callable[[], object]) -> Callable[[str, bytes], None]:
    """For `PickyS3`: something happens once, before the first request about a file is answered."""
    has_happened = threading.Event()

    def look(path: str, _: bytes) -> None:
        if f"/{name}-" in path and not has_happened.is_set():
            has_happened.set()
            happens()

    return look


@pytest.mark.parametrize("after_upload", ["keep", "delete"])
@pytest.mark.parametrize("size_bytes", [5, 9 * MIB])
def test_a_file_that_changes_while_it_is_uploaded_arrives_whole_in_its_last_version(
    images: Path,
    bucket: Bucket,
    through_picky: ThroughPicky,
    after_upload: str,
    size_bytes: int,
) -> None:
    first, last = b"a" * size_bytes, b"b" * size_bytes
    film = images / "film"
    with (
        through_picky(while_on_its_way("film", lambda: film.write_bytes(last))),
        syncing(images, bucket, after_upload=after_upload) as one,
    ):
        one.write("film", first)
        wait_until(lambda: last in one.contents(), WITHIN_S, "the last version")
        wait_until(lambda: film.exists() == (after_upload == "keep"), WITHIN_S, f"{after_upload} is done")

    for key, content in bucket.objects().items():
        digest = sha256(content).hexdigest()
        assert key == f"images/{THING}/film-{digest[:16]}", "what a key promises is what stands there"


def test_a_file_that_s3_never_takes_costs_only_itself_and_is_said_once(
    images: Path,
    bucket: Bucket,
    through_picky: ThroughPicky,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tries: list[str] = []

    def refuses(path: str, body: bytes) -> str | None:
        if b"bad" not in body:
            return None
        tries.append(path)
        return "EntityTooLarge"

    with through_picky(refuses), syncing(images, bucket, rescan_interval_s=1) as one:
        bad = one.write("bad.jpg", b"bad")
        one.wait_for("files_refused", 1)
        one.write("good.jpg", b"good")
        one.wait_for("files_uploaded", 1)
        one.scan_again()
        one.scan_again()
        assert len(tries) == 1
        bad.write_bytes(b"mended")
        wait_until(lambda: b"mended" in one.contents(), WITHIN_S, "uploaded after it has changed")

    assert b"good" in one.contents()
    assert capsys.readouterr().out.count("file_refused") == 1


def test_a_missing_bucket_is_said_once_and_files_arrive_when_it_is_made(
    images: Path, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = Bucket(bucket.endpoint_url, f"{bucket.name}-missing")
    with syncing(images, missing, after_upload="delete") as one:
        path = one.write("1.jpg", b"image")
        one.wait_for("folders_tries_failed", 5)
        assert path.exists()
        missing.create()
        wait_until(lambda: not path.exists(), WITHIN_S, "uploaded and deleted")

    assert missing.objects() == {missing.keys()[0]: b"image"}
    said = capsys.readouterr().out
    assert said.count("delivery_refused") == 1
    assert said.count("no_such_bucket") == 1
    assert said.count("delivery_recovered") == 1


def test_a_large_file_is_read_for_its_hash_once_however_often_it_is_tried(
    images: Path, bucket: Bucket, through_picky: ThroughPicky, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = iter(["SlowDown"] * 3)
    hash_file, hashed = upload.hash_file, count()

    def counted(path: Path, version: Version, stop: threading.Event) -> str:
        next(hashed)
        return hash_file(path, version, stop)

    monkeypatch.setattr(upload, "hash_file", counted)
    with through_picky(lambda *_: next(refusals, None)), syncing(images, bucket) as one:
        one.write("film", b"a" * 9 * MIB)
        one.wait_for("files_uploaded", 1)

    assert one.count("folders_tries_failed") == 3
    assert next(hashed) == 1


def test_a_small_file_that_vanishes_before_it_is_opened_is_nothing_to_speak_of(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the last look at it and its opening, where nothing outside the process can come in between."""

    def late(path: Path, version: Version) -> AbstractContextManager[BinaryIO]:
        if path.name == "gone":
            path.unlink()
        return opened(path, version)

    monkeypatch.setattr(upload, "opened", late)
    with syncing(images, bucket) as one:
        path = one.write("gone", b"image")
        wait_until(lambda: not path.exists(), WITHIN_S, "gone")
        one.write("stays", b"another")
        one.wait_for("files_uploaded", 1)

    assert one.contents() == [b"another"]
    assert one.count("files_changed") == one.count("files_not_read") == 0
    assert "WARNING" not in capsys.readouterr().out


def test_a_large_file_that_vanishes_on_its_way_is_nothing_to_speak_of(
    images: Path,
    bucket: Bucket,
    through_picky: ThroughPicky,
    capsys: pytest.CaptureFixture[str],
) -> None:
    film = images / "film"
    with through_picky(while_on_its_way("film", film.unlink)), syncing(images, bucket) as one:
        one.write("film", b"a" * 9 * MIB)
        wait_until(lambda: not film.exists(), WITHIN_S, "gone")
        one.write("stays", b"image")
        one.wait_for("files_uploaded", 1)

    assert one.contents() == [b"image"]
    assert one.count("files_changed") == one.count("files_not_read") == 0
    assert "WARNING" not in capsys.readouterr().out


def test_a_step_that_hangs_finds_nothing_closed_when_it_goes_on(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    under_way, goes_on = threading.Event(), threading.Event()
    look = version_of

    def hanging(path: Path) -> Version | None:
        if path.name == "1.jpg":
            under_way.set()
            goes_on.wait(WITHIN_S)
        return look(path)

    monkeypatch.setattr(watched, "version_of", hanging)
    before = set(threading.enumerate())
    with syncing(images, bucket) as one:
        one.write("1.jpg", b"image")
        assert under_way.wait(WITHIN_S)
        (folder_thread,) = [
            thread for thread in set(threading.enumerate()) - before if thread.name.startswith("folders")
        ]
        one.stop.set()
    goes_on.set()
    folder_thread.join(WITHIN_S)

    assert not folder_thread.is_alive()
    assert one.count("folders_tries_crashed") == 0
    assert "delivery_crashed" not in capsys.readouterr().out
