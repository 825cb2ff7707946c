"""The uploader as a process when S3, its source or the disk is at fault: what waits and what goes on."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from support.component_process import started
from support.s3.picky import PickyS3
from support.s3.proxy import Fault, S3Proxy
from support.s3.store import Store, running_store
from support.s3.uploader_process import UPLOADER, as_any_user, run_under, said_by
from support.small_disk import fill, mounted
from support.uploading import Bucket, credentials
from support.waiting import wait_until

WITHIN_S = 30.0
SOONER_THAN_ANY_TIMEOUT_S = 5.0
_numbers = count()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """S3's stand-in."""
    with running_store() as running:
        yield running


@pytest.fixture
def bucket(store: Store) -> Bucket:
    """A bucket of this test's own."""
    own = Bucket(store.url, f"bucket-{next(_numbers)}")
    own.create()
    return own


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 16 MiB, on which the component's output is not."""
    with mounted(tmp_path / "disk", 16) as disk:
        for output in ("stdout", "stderr"):
            (disk / output).symlink_to(tmp_path / output)
        yield disk


def settings(bucket: Bucket, **more: Any) -> dict[str, Any]:
    """All that is fast."""
    return {"bucket": bucket.name, "reading_interval_s": "0.01", "batch_max_age_s": "0.5", **more}


def through(way: S3Proxy, bucket: Bucket) -> Bucket:
    """The bucket, behind what goes wrong."""
    return Bucket(way.url, bucket.name)


def recorded(folder: Path, temperatures: list[float]) -> dict[str, Any]:
    """A sensor that gives these and then ends."""
    rows = (f"2026-11-22T04:26:11Z,{temperature}\n" for temperature in temperatures)
    (folder / "recording.csv").write_text("timestamp,temperature\n" + "".join(rows))
    return {"source": "replay", "replay": {"path": "recording.csv", "pace": "fastest"}}


def test_a_prefix_that_is_not_granted_holds_up_nothing_else_and_goes_when_it_is(
    tmp_path: Path, store: Store, bucket: Bucket
) -> None:
    folders = {name: tmp_path / name for name in ("images", "reports")}
    for folder in folders.values():
        folder.mkdir()
    for number in range(3):
        (folders["reports"] / f"{number}.pdf").write_bytes(b"report %d" % number)
    granted: list[bool] = []
    uploading = settings(
        bucket, folders=[{"path": name, "key_prefix": name, "settle_s": "0.1"} for name in folders]
    )

    def refuses(path: str, _: bytes) -> str | None:
        return "AccessDenied" if "/reports/" in path and not granted else None

    with (
        PickyS3(store.port, refuses) as picky,
        started(UPLOADER, tmp_path, uploading, **credentials(through(picky, bucket))) as uploader,
    ):
        uploader.wait_for("delivery_refused")
        for number in range(10):
            (folders["images"] / f"{number}.jpg").write_bytes(b"image %d" % number)
            wait_until(lambda n=number: len(bucket.keys("images/")) == n + 1, WITHIN_S, "at once")  # type: ignore[misc]
        assert len(bucket.readings()) > 0
        assert bucket.keys("reports/") == []
        granted.append(True)
        wait_until(lambda: len(bucket.keys("reports/")) == 3, WITHIN_S, "granted")
        uploader.process.terminate()
        assert uploader.exit_code() == 0

    assert len(re.findall(r"ERROR delivery_refused .*code=access_denied", uploader.stdout)) == 1


def test_readings_that_are_not_granted_wait_and_go_when_they_are(
    tmp_path: Path, store: Store, bucket: Bucket
) -> None:
    granted: list[bool] = []
    uploading = settings(bucket, sensor=recorded(tmp_path, [21.5] * 25))
    with (
        PickyS3(store.port, lambda *_: None if granted else "AccessDenied") as picky,
        started(UPLOADER, tmp_path, uploading, **credentials(through(picky, bucket))) as uploader,
    ):
        uploader.wait_for("code=access_denied")
        granted.append(True)
        wait_until(lambda: uploader.process.poll() is not None, WITHIN_S, "all have gone")

    assert [sequence for _, sequence in bucket.readings()] == list(range(25))
    assert uploader.stdout.count("delivery_refused") == 1
    assert uploader.stdout.count("delivery_recovered") == 1


def test_a_batch_that_is_never_taken_loses_one_reading_which_is_a_dead_letter(
    tmp_path: Path, store: Store, bucket: Bucket
) -> None:
    uploading = settings(bucket, sensor=recorded(tmp_path, [21.5] * 13 + [66.6] + [21.5] * 11))
    with (
        PickyS3(store.port, lambda _, body: "EntityTooLarge" if b"66.6" in body else None) as picky,
        started(UPLOADER, tmp_path, uploading, **credentials(through(picky, bucket))) as uploader,
    ):
        assert uploader.exit_code() == 0

    assert [sequence for _, sequence in bucket.readings()] == [*range(13), *range(14, 25)]
    assert len(re.findall(r"dead_letter .*code=too_large", uploader.stdout)) == 1
    assert "outbox_dead=1" in uploader.stdout


def test_what_waits_is_delivered_before_a_source_that_is_not_there_ends_the_process(
    tmp_path: Path, store: Store
) -> None:
    bucket = Bucket(store.url, f"bucket-{next(_numbers)}")
    with started(UPLOADER, tmp_path, settings(bucket), "--once", **credentials(bucket)) as uploader:
        uploader.wait_for("delivery_refused")
        uploader.process.terminate()
        assert uploader.exit_code() == 1
    bucket.create()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.jpg").write_bytes(b"image")
    without_source = settings(
        bucket,
        sensor={"source": "replay", "replay": {"path": "missing.csv"}},
        folders=[{"path": "images", "settle_s": "0.1"}],
    )
    with started(UPLOADER, tmp_path, without_source, **credentials(bucket)) as uploader:
        assert uploader.process.wait(WITHIN_S) == 1

    assert "source_not_opened" in uploader.stdout
    assert len(bucket.readings()) == 1
    assert list(bucket.objects("images/").values()) == [b"image"]


@pytest.mark.parametrize("fault", [Fault.BLACK_HOLE, Fault.STALLED])
def test_told_to_stop_while_s3_keeps_silent_it_ends_before_any_timeout(
    tmp_path: Path, store: Store, bucket: Bucket, fault: Fault
) -> None:
    (tmp_path / "images").mkdir()
    for name in ("film", "image"):
        with (tmp_path / "images" / name).open("wb") as file:
            file.truncate(20 << 20 if name == "film" else 5)
    uploading = settings(bucket, folders=[{"path": "images", "settle_s": "0.1"}])
    with (
        S3Proxy(store.port, {fault: 1.0}) as proxy,
        started(UPLOADER, tmp_path, uploading, **credentials(through(proxy, bucket))) as uploader,
    ):
        wait_until(lambda: proxy.requests >= 2, WITHIN_S, "a reading and a file are on their way")
        uploader.process.terminate()
        assert uploader.process.wait(SOONER_THAN_ANY_TIMEOUT_S) == 0
    assert "delivery_crashed" not in uploader.stdout


def test_a_start_on_a_full_disk_uploads_what_waits_and_makes_room(small_disk: Path, store: Store) -> None:
    bucket = Bucket(store.url, f"bucket-{next(_numbers)}")
    uploading = settings(
        bucket,
        folders=[{"path": "images", "settle_s": "0.1", "after_upload": "delete"}],
        outbox={"max_bytes": str(4 << 20), "min_free_bytes": "0"},
    )
    (small_disk / "images").mkdir()
    with started(UPLOADER, small_disk, uploading, **credentials(bucket)) as uploader:
        uploader.wait_for("delivery_refused")
        uploader.process.terminate()
        assert uploader.exit_code() == 0
    fill(small_disk).rename(small_disk / "images" / "ballast.jpg")
    bucket.create()
    with started(UPLOADER, small_disk, uploading, **credentials(bucket)) as uploader:
        wait_until(lambda: not any((small_disk / "images").iterdir()), WITHIN_S, "there is room")
        latest = len(bucket.readings())
        wait_until(lambda: len(bucket.readings()) > latest, WITHIN_S, "readings again")


def test_a_file_that_may_not_be_deleted_is_uploaded_once_and_said_once(
    tmp_path: Path, bucket: Bucket
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "1.jpg").write_bytes(b"image")
    images.chmod(0o500)
    uploading = settings(
        bucket,
        folders=[{"path": "images", "settle_s": "0.1", "after_upload": "delete"}],
        rescan_interval_s="1",
        reading_interval_s="0.5",
    )
    with run_under(as_any_user(), tmp_path, uploading, bucket) as uploader:
        wait_until(lambda: "file_not_finished" in said_by(tmp_path), WITHIN_S, "said")
        wait_until(lambda: said_by(tmp_path).count("batch_uploaded") > 4, WITHIN_S, "several scans")
        images.chmod(0o700)
        wait_until(lambda: not any(images.iterdir()), WITHIN_S, "deleted once it may be")
        uploader.terminate()
        assert uploader.wait(WITHIN_S) == 0

    assert said_by(tmp_path).count(" file_not_finished ") == 1
    assert said_by(tmp_path).count(" file_uploaded ") == 1
