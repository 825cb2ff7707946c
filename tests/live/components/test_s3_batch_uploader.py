"""The uploader as a process, with S3's stand-in: readings, one unit of work, kills, files it cannot read."""

import json
import re
import sys
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.component_process import started
from support.figures import Figure
from support.s3.store import Store, running_store
from support.s3.uploader_process import UPLOADER, as_any_user, run_under, said_by, with_less
from support.small_disk import mounted
from support.spool.spooling import seeded, trial_seed
from support.uploading import BATCH_KEY, THING, Bucket, assert_every_reading_once, credentials
from support.waiting import wait_until

WITHIN_S = 30.0
KILLS, KILLS_RELEASE = 5, 100
FILES_AHEAD = 5
_numbers = count()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """S3's stand-in."""
    with running_store() as running:
        yield running


@pytest.fixture
def missing(store: Store) -> Bucket:
    """A bucket of this test's own that is not there yet."""
    return Bucket(store.url, f"bucket-{next(_numbers)}")


@pytest.fixture
def bucket(missing: Bucket) -> Bucket:
    """A bucket of this test's own."""
    missing.create()
    return missing


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 16 MiB."""
    with mounted(tmp_path / "disk", 16) as disk:
        yield disk


def settings(bucket: Bucket, **more: Any) -> dict[str, Any]:
    """All that is fast."""
    return {"bucket": bucket.name, "reading_interval_s": "0.01", "batch_max_age_s": "0.5", **more}


def test_once_uploads_one_reading_and_ends(tmp_path: Path, bucket: Bucket) -> None:
    with started(UPLOADER, tmp_path, settings(bucket), "--once", **credentials(bucket)) as uploader:
        assert uploader.exit_code() == 0

    ((key, body),) = bucket.objects().items()
    batch = json.loads(body)
    assert list(batch) == ["device_id", "upload_time", "record_count", "records"]
    assert (batch["device_id"], batch["record_count"], len(batch["records"])) == (THING, 1, 1)
    match = BATCH_KEY.fullmatch(key)
    assert match
    assert match[0].split("/")[2:5] == batch["upload_time"][:10].split("-")
    assert f"/0-0-{sha256(body).hexdigest()[:16]}.json" in key
    assert bucket.content_type(key) == "application/json"


def test_once_without_an_answer_from_s3_keeps_the_reading_for_the_next_start(
    tmp_path: Path, missing: Bucket
) -> None:
    with started(UPLOADER, tmp_path, settings(missing), "--once", **credentials(missing)) as uploader:
        uploader.wait_for("delivery_refused")
        uploader.process.terminate()
        assert uploader.exit_code() == 1
    missing.create()
    with started(UPLOADER, tmp_path, settings(missing), "--once", **credentials(missing)) as uploader:
        assert uploader.exit_code() == 0

    assert [sequence for _, sequence in missing.readings()] == [0, 0]
    assert len({boot_id for boot_id, _ in missing.readings()}) == 2


def test_a_dry_run_prints_key_and_body_and_leaves_nothing_anywhere(tmp_path: Path, bucket: Bucket) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a b.jpg").write_bytes(b"image")
    before = bucket.requests("PutObject")
    folders = [{"path": "images", "after_upload": "delete"}]
    with started(
        UPLOADER, tmp_path, settings(bucket, folders=folders), "--dry-run", "--once", **credentials(bucket)
    ) as uploader:
        assert uploader.exit_code() == 0
        printed = [line for line in uploader.stdout.splitlines() if not line.startswith("INFO")]

    assert printed[0] == (
        f"images/{THING}/a!20b-{sha256(b'image').hexdigest()[:16]}.jpg 5 bytes of {tmp_path}/images/a b.jpg"
    )
    key, _, body = printed[1].partition(" ")
    assert BATCH_KEY.fullmatch(key)
    assert f"-{sha256(body.encode()).hexdigest()[:16]}.json" in key
    assert json.loads(body)["record_count"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"images", "stdout", "stderr"}
    assert (tmp_path / "images" / "a b.jpg").exists()
    assert bucket.requests("PutObject") == before


def test_a_batch_is_full_with_ten_readings_or_goes_when_it_is_old_enough(
    tmp_path: Path, bucket: Bucket
) -> None:
    recording = tmp_path / "recording.csv"
    recording.write_text("timestamp,temperature\n" + "2026-11-22T04:26:11Z,21.5\n" * 25)
    sensor = {"source": "replay", "replay": {"path": "recording.csv", "pace": "fastest"}}
    with started(UPLOADER, tmp_path, settings(bucket, sensor=sensor), **credentials(bucket)) as uploader:
        assert uploader.exit_code() == 0

    assert [batch["record_count"] for batch in bucket.batches()] == [10, 10, 5]
    assert [sequence for _, sequence in bucket.readings()] == list(range(25))


@pytest.mark.parametrize(
    "kills", [KILLS, pytest.param(KILLS_RELEASE, marks=[pytest.mark.release, pytest.mark.timeout(3_600)])]
)
def test_kills_at_any_moment_lose_nothing_and_leave_nothing_twice(
    tmp_path: Path, bucket: Bucket, kills: int, figure: Figure
) -> None:
    seed = trial_seed()
    chance = seeded(seed)
    print(f"SEED={seed}")  # noqa: T201  to replay it
    images = tmp_path / "images"
    images.mkdir()
    written = count()
    folder = {"path": "images", "settle_s": "0.1", "after_upload": "delete"}
    uploading = settings(bucket, folders=[folder], batch_max_records="3")

    def has_seen(kind: str, many: int) -> bool:
        """Whether the uploader has done so much; it always has some files to do."""
        if sum(1 for _ in images.iterdir()) < FILES_AHEAD:
            number = next(written)
            (images / f"{number}.part").write_bytes(b"%d" % number)
            (images / f"{number}.part").rename(images / f"{number}.jpg")
        return " started " in uploader.stdout and uploader.stdout.count(kind) >= many

    for _ in range(kills):
        with started(UPLOADER, tmp_path, uploading, **credentials(bucket)) as uploader:
            moment = partial(
                has_seen, chance.choice(["batch_uploaded", "file_uploaded"]), chance.randrange(9)
            )
            wait_until(moment, WITHIN_S, "the moment to die")
            uploader.process.kill()
    with started(UPLOADER, tmp_path, uploading, **credentials(bucket)) as uploader:
        wait_until(lambda: not any(images.iterdir()), WITHIN_S, "every file is uploaded and deleted")
        uploader.wait_for("batch_uploaded")
        uploader.process.terminate()
        assert uploader.exit_code() == 0

    assert_every_reading_once(bucket.keys("sensor-data/"), bucket.batches())
    contents = sorted(bucket.objects("images/").values())
    files = next(written)
    assert contents == sorted(b"%d" % number for number in range(files))
    assert bucket.overwritten() == 0
    readings = len(bucket.readings())
    figure("uploader alone, random kill -9", kills=kills, readings=readings, files=files, lost=0, doubled=0)


def test_a_missing_bucket_is_said_once_and_everything_goes_when_it_is_made(
    tmp_path: Path, missing: Bucket
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.jpg").write_bytes(b"image")
    waiting = settings(missing, folders=[{"path": "images", "settle_s": "0.1"}])
    with started(UPLOADER, tmp_path, waiting, **credentials(missing)) as uploader:
        wait_until(
            lambda: uploader.stdout.count("delivery_refused") == 2, WITHIN_S, "readings and files wait"
        )
        missing.create()
        wait_until(lambda: uploader.stdout.count("delivery_recovered") == 2, WITHIN_S, "both went")
        uploader.process.terminate()
        assert uploader.exit_code() == 0
        said = uploader.stdout

    assert said.count("code=no_such_bucket") == 2
    assert_every_reading_once(missing.keys("sensor-data/"), missing.batches())
    assert list(missing.objects("images/").values()) == [b"image"]


def test_the_bucket_is_made_when_the_settings_say_so(tmp_path: Path, missing: Bucket) -> None:
    with started(
        UPLOADER, tmp_path, settings(missing, create_bucket="true"), "--once", **credentials(missing)
    ) as uploader:
        assert uploader.exit_code() == 0

    assert len(missing.readings()) == 1


def test_a_large_file_delays_no_reading(tmp_path: Path, bucket: Bucket) -> None:
    (tmp_path / "images").mkdir()
    with (tmp_path / "images" / "film.mp4").open("wb") as film:
        film.truncate(64 << 20)
    uploading = settings(bucket, folders=[{"path": "images", "settle_s": "0.1"}])
    with started(UPLOADER, tmp_path, uploading, **credentials(bucket)) as uploader:
        wait_until(lambda: bucket.requests("UploadPart").get("200"), WITHIN_S, "the file is on its way")
        before = uploader.stdout.count("batch_uploaded")
        uploader.wait_for("file_uploaded")
        meanwhile, _, _ = uploader.stdout.partition("file_uploaded")

    assert meanwhile.count("batch_uploaded") > before


def test_told_to_stop_with_a_large_file_on_its_way_it_ends_and_uploads_it_at_the_next_start(
    tmp_path: Path, bucket: Bucket
) -> None:
    (tmp_path / "images").mkdir()
    content = b"film" * (16 << 20)
    (tmp_path / "images" / "film.mp4").write_bytes(content)
    before = bucket.requests("UploadPart").get("200", 0)
    uploading = settings(bucket, folders=[{"path": "images", "settle_s": "0.1"}])
    with started(UPLOADER, tmp_path, uploading, **credentials(bucket)) as uploader:
        wait_until(lambda: bucket.requests("UploadPart").get("200", 0) > before, WITHIN_S, "on its way")
        uploader.process.terminate()
        assert uploader.exit_code() == 0
        assert "file_uploaded" not in uploader.stdout
    with started(UPLOADER, tmp_path, uploading, **credentials(bucket)) as uploader:
        uploader.wait_for("file_uploaded")

    assert list(bucket.objects("images/").values()) == [content]


def test_a_full_disk_drains_and_takes_readings_again(
    tmp_path: Path, small_disk: Path, missing: Bucket
) -> None:
    """The disk is full of images that cannot be uploaded; then they can."""
    images = small_disk / "images"
    images.mkdir()
    for output in ("stdout", "stderr"):
        (small_disk / output).symlink_to(tmp_path / output)
    uploading = settings(
        missing,
        folders=[{"path": "images", "settle_s": "0.1", "after_upload": "delete"}],
        outbox={"max_bytes": str(4 << 20), "min_free_bytes": "0", "on_full": "reject"},
        batch_max_records="100",
    )
    with started(UPLOADER, small_disk, uploading, **credentials(missing)) as uploader:
        uploader.wait_for("delivery_refused")
        written = fill(images)
        uploader.wait_for("reading_not_stored")
        missing.create()
        wait_until(lambda: not any(images.iterdir()), WITHIN_S, "every image is uploaded and deleted")
        latest = len(missing.readings())
        wait_until(lambda: len(missing.readings()) > latest, WITHIN_S, "readings again")
        uploader.process.terminate()
        assert uploader.exit_code() == 0
        counted = dict(re.findall(r"(outbox_\w+)=(\d+)", uploader.stdout))

    readings = missing.readings()
    assert len(set(readings)) == len(readings) == int(counted["outbox_delivered"])
    assert int(counted["outbox_taken"]) == len(readings) + int(counted["outbox_waiting"])
    assert len(missing.keys("images/")) == written


def fill(folder: Path) -> int:
    """Images until not a byte is left; returns how many."""
    for number in count():
        try:
            (folder / f"{number}.part").write_bytes(b"image" * 100_000)
        except OSError:
            (folder / f"{number}.part").rename(folder / f"{number}.jpg")
            return number + 1
        (folder / f"{number}.part").rename(folder / f"{number}.jpg")
    raise AssertionError("the disk takes everything")


def test_a_file_that_may_not_be_read_costs_only_itself_and_is_said_once(
    tmp_path: Path, bucket: Bucket
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "secret.jpg").touch(mode=0)
    (images / "closed").mkdir(mode=0)
    (images / "good.jpg").write_bytes(b"image")
    uploading = settings(
        bucket,
        folders=[{"path": "images", "settle_s": "0.1"}],
        rescan_interval_s="1",
        reading_interval_s="0.5",
    )
    with run_under(as_any_user(), tmp_path, uploading, bucket) as uploader:
        wait_until(lambda: "file_uploaded" in said_by(tmp_path), WITHIN_S, "the other one")
        wait_until(lambda: "file_not_read" in said_by(tmp_path), WITHIN_S, "said")
        (images / "later.jpg").write_bytes(b"later")
        wait_until(lambda: said_by(tmp_path).count("file_uploaded") == 2, WITHIN_S, "one that came later")
        wait_until(lambda: said_by(tmp_path).count("batch_uploaded") > 4, WITHIN_S, "several scans")
        (images / "secret.jpg").chmod(0o600)
        wait_until(lambda: said_by(tmp_path).count("file_uploaded") == 3, WITHIN_S, "mended")
        uploader.terminate()
        assert uploader.wait(WITHIN_S) == 0

    said = said_by(tmp_path)
    assert said.count(" file_not_read ") == 1
    assert "files_not_read=1" in said
    assert len(re.findall(r"path_not_read path=\S+closed", said)) == 1


def test_without_watches_files_are_found_by_scans(tmp_path: Path, bucket: Bucket) -> None:
    (tmp_path / "images").mkdir()
    uploading = settings(bucket, folders=[{"path": "images", "settle_s": "0.1"}], rescan_interval_s="1")
    script = f"echo 0 > /proc/sys/user/max_inotify_watches; exec {sys.executable} -m {UPLOADER}"
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script]
    with run_under(command, tmp_path, uploading, bucket) as uploader:
        wait_until(lambda: "folder_not_watched" in said_by(tmp_path), WITHIN_S, "said")
        (tmp_path / "images" / "1.jpg").write_bytes(b"image")
        wait_until(lambda: "file_uploaded" in said_by(tmp_path), WITHIN_S, "uploaded")
        uploader.terminate()
        assert uploader.wait(WITHIN_S) == 0

    assert said_by(tmp_path).count("folder_not_watched") == 1


@pytest.mark.parametrize(("after_upload", "end"), [("delete", "unlink"), ("move", "rename")])
def test_a_file_leaves_its_folder_only_when_its_receipt_is_on_disk(
    tmp_path: Path, bucket: Bucket, after_upload: str, end: str
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.jpg").write_bytes(b"image")
    folder = {"path": "images", "settle_s": "0.1", "after_upload": after_upload, "move_to": "done"}
    calls = f"trace=sendto,fdatasync,{end}"
    command = with_less("strace", "-f", "-y", "-s", "16", "-e", calls, "-o", str(tmp_path / "calls"))
    with run_under(
        command, tmp_path, settings(bucket, folders=[folder], reading_interval_s="60"), bucket
    ) as uploader:
        wait_until(lambda: "file_uploaded" in said_by(tmp_path), WITHIN_S, "uploaded")
        wait_until(lambda: not (tmp_path / "images" / "1.jpg").exists(), WITHIN_S, "gone")
        (child,) = psutil.Process(uploader.pid).children()
        child.terminate()
        assert uploader.wait(WITHIN_S) == 0

    steps = re.findall(
        rf"fdatasync\(\d+<\S+/receipts/\w+>|{end}\(\S+images/(?:\.leaving-)?1\.jpg",
        (tmp_path / "calls").read_text(),
    )
    assert [step.partition("(")[0] for step in steps] == ["fdatasync", end]
