"""Folders in sync with S3's stand-in, through the real gateway: what arrives, how often, and what then."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from edge_common.clock import SystemClock
from edge_common.errors import PermanentError, RefusedError, TransientError
from edge_common.metrics import Metrics
from edge_common.s3 import Placed, S3Gateway
from s3_batch_uploader import file_upload, folder_scan, folder_sync, receipts, watched_folder
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.folder_scan import LEAVING_PREFIX, version_of
from s3_batch_uploader.opening import opened
from s3_batch_uploader.settling import Version
from support.s3_store import REGION, running_store
from support.uploading import THING, Bucket, credentials, syncing
from support.waiting import wait_until

WITHIN_S = 30.0
NEVER_S = 3_600.0
MIB = 1 << 20
_numbers = count()


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    """S3's stand-in, and a bucket in it."""
    with running_store() as running:
        yield Bucket(running.url)


@pytest.fixture
def bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of this test's own, and the environment of who uploads to it."""
    own = Bucket(store.endpoint_url, f"bucket-{next(_numbers)}")
    own.create()
    for name, value in credentials(own).items():
        monkeypatch.setenv(name, value)
    return own


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder."""
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def key_of(name: str, content: bytes) -> str:
    """Where a file without a suffix goes."""
    return f"images/{THING}/{name}-{sha256(content).hexdigest()[:16]}"


@dataclass
class Interference:
    """Something that happens while a file is on its way, once."""

    during: Path
    content: bytes
    times: int = field(default=0)

    def happens(self) -> None:
        """Write the file."""
        self.times += 1
        if self.times == 1:
            self.during.write_bytes(self.content)


@contextmanager
def written_while_uploading(
    path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Interference]:
    """`path` is written by somebody else after it was read, and before S3 has answered."""
    interference = Interference(path, content)
    put, put_file = Destination.put, Destination.put_file

    def slow_put(self: Destination, key: str, body: bytes, *, content_type: str) -> Placed:
        interference.happens()
        return put(self, key, body, content_type=content_type)

    def slow_put_file(self: Destination, key: str, path: Path, sha256: str, **rest: Any) -> Placed:
        interference.happens()
        return put_file(self, key, path, sha256, **rest)

    with monkeypatch.context() as patched:
        patched.setattr(Destination, "put", slow_put)
        patched.setattr(Destination, "put_file", slow_put_file)
        yield interference


def test_a_file_arrives_under_its_own_path_with_its_type(images: Path, bucket: Bucket) -> None:
    with syncing(images, bucket) as one:
        one.write("alerts/front door/0001.jpg", b"image")
        one.wait_for("files_uploaded", 1)

    (key,) = bucket.keys()
    assert re.fullmatch(rf"images/{THING}/alerts/front!20door/0001-[0-9a-f]{{16}}\.jpg", key)
    assert bucket.objects() == {key: b"image"}
    assert bucket.content_type(key) == "image/jpeg"


def test_a_file_renamed_into_place_is_uploaded_at_once(images: Path, bucket: Bucket) -> None:
    with syncing(images, bucket, settle_s=NEVER_S) as one:

        def arrives() -> bool:  # once the folder is watched
            one.write("0001.jpg.part", b"image").rename(images / "0001.jpg")
            return one.count("files_uploaded") > 0

        wait_until(arrives, WITHIN_S, "uploaded without settling")

    assert one.contents() == [b"image"]


def test_a_large_file_goes_in_parts_and_arrives_whole(images: Path, bucket: Bucket) -> None:
    content = os.urandom(20 * MIB)
    before = bucket.requests("UploadPart")
    with syncing(images, bucket) as one:
        one.write("film.mp4", content)
        one.wait_for("files_uploaded", 1)

    assert one.contents() == [content]
    assert bucket.requests("UploadPart").get("200", 0) - before.get("200", 0) == 3


def test_any_name_arrives_and_no_two_share_a_key(
    images: Path, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [
        b"a\nb",
        b"\xff\xfe",
        b"a b",
        b"a!20b",
        b"..x",
        b" ",
        b"=cmd|calc",
        b"\x1b[31m",
        b"n" * 255,
        b"[x]",
    ]
    with syncing(images, bucket, exclude=[]) as one:
        for name in names:
            (images / os.fsdecode(name)).write_bytes(b"the same in all")
        one.wait_for("files_uploaded", len(names))

    keys = bucket.keys()
    assert len(keys) == len(names)
    assert all(re.fullmatch(rf"images/{THING}/[A-Za-z0-9!_.-]+", key) for key in keys)
    said = capsys.readouterr().out
    assert len(re.findall(r"^INFO file_uploaded ", said, re.MULTILINE)) == len(names)
    assert len(said.splitlines()) == said.count("part=")


@pytest.mark.parametrize("after_upload", ["keep", "delete", "move"])
def test_a_file_that_has_arrived_is_kept_deleted_or_moved(
    images: Path, bucket: Bucket, tmp_path: Path, after_upload: str
) -> None:
    done = tmp_path / "done"
    with syncing(images, bucket, after_upload=after_upload, move_to=str(done)) as one:
        path = one.write("cam1/0001.jpg", b"image")
        one.wait_for("files_uploaded", 1)
        wait_until(lambda: path.exists() == (after_upload == "keep"), WITHIN_S, f"{after_upload} is done")

    assert (done / "cam1" / "0001.jpg").exists() == (after_upload == "move")
    assert one.contents() == [b"image"]


def test_a_file_that_is_moved_replaces_none_that_was_moved_before(
    images: Path, bucket: Bucket, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    with syncing(images, bucket, after_upload="move", move_to=str(done)) as one:
        for number in range(3):
            path = one.write("latest.jpg", b"%d" % number)
            wait_until(lambda path=path: not path.exists(), WITHIN_S, "moved")  # type: ignore[misc]

    assert sorted(path.read_bytes() for path in done.iterdir()) == [b"0", b"1", b"2"]
    assert one.contents() == [b"0", b"1", b"2"]


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


@pytest.mark.parametrize("after_upload", ["keep", "delete"])
@pytest.mark.parametrize("size_bytes", [5, 9 * MIB])
def test_a_file_that_changes_while_it_is_uploaded_arrives_whole_in_its_last_version(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, after_upload: str, size_bytes: int
) -> None:
    first, last = b"a" * size_bytes, b"b" * size_bytes
    with (
        written_while_uploading(images / "film", last, monkeypatch),
        syncing(images, bucket, after_upload=after_upload) as one,
    ):
        one.write("film", first)
        wait_until(lambda: last in one.contents(), WITHIN_S, "the last version")
        wait_until(
            lambda: (images / "film").exists() == (after_upload == "keep"),
            WITHIN_S,
            f"{after_upload} is done",
        )

    for key, content in bucket.objects().items():
        assert key == key_of("film", content), "what a key promises is what stands there"


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


def test_a_file_that_s3_never_takes_costs_only_itself_and_is_said_once(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put = Destination.put
    tries = count()

    def picky(self: Destination, key: str, body: bytes, *, content_type: str) -> Placed:
        if body == b"bad":
            next(tries)
            raise PermanentError("S3 never takes this", code="entity_too_large")
        return put(self, key, body, content_type=content_type)

    monkeypatch.setattr(Destination, "put", picky)
    with syncing(images, bucket, rescan_interval_s=1) as one:
        bad = one.write("bad.jpg", b"bad")
        one.wait_for("files_refused", 1)
        one.write("good.jpg", b"good")
        one.wait_for("files_uploaded", 1)
        one.scan_again()
        one.scan_again()
        assert next(tries) == 1
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


def test_a_file_that_is_on_another_disk_than_where_it_shall_be_moved_stays_and_is_said_once(
    images: Path, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = Path("/dev/shm") / f"edge-{os.getpid()}"  # noqa: S108  a file system of its own on every Linux
    assert shared.parent.stat().st_dev != images.stat().st_dev
    with syncing(images, bucket, rescan_interval_s=1, after_upload="move", move_to=str(shared)) as one:
        path = one.write("1.jpg", b"image")
        one.wait_for("files_not_finished", 1)
        one.write("2.jpg", b"image 2")
        one.wait_for("files_not_finished", 2)
        assert path.exists()

    assert one.count("files_uploaded") == 2
    assert capsys.readouterr().out.count("file_not_finished") == 2
    shared.rmdir()


@pytest.mark.parametrize("after_upload", ["delete", "move"])
def test_a_file_that_is_written_for_longer_than_it_takes_to_settle_arrives_in_full_before_it_leaves(
    images: Path, bucket: Bucket, tmp_path: Path, after_upload: str
) -> None:
    done = tmp_path / "done"
    with syncing(images, bucket, rescan_interval_s=1, after_upload=after_upload, move_to=str(done)) as one:
        path = images / "day.csv"
        written = b""
        with path.open("wb", buffering=0) as writer:
            for line in (b"first\n", b"second\n", b"third\n"):
                writer.write(line)
                written += line
                wait_until(lambda whole=written: whole in one.contents(), WITHIN_S, "so far")  # type: ignore[misc]
                assert path.read_bytes() == written
            writer.write(b"last\n")
        wait_until(lambda: not path.exists(), WITHIN_S, f"{after_upload} is done")

    assert written + b"last\n" in one.contents()
    if after_upload == "move":
        assert [moved.read_bytes() for moved in done.iterdir()] == [written + b"last\n"]


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


def test_receipts_of_files_that_come_and_go_beside_a_closed_folder_do_not_pile_up(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "_SLACK_LINES", 0)
    monkeypatch.setattr(folder_sync, "_UNSEEN_RECEIPTS", 5)
    scan = folder_scan.Walk._files_in

    def refused(self: folder_scan.Walk, folder: Path) -> Iterator[tuple[Path, Version]]:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(self, folder)

    monkeypatch.setattr(folder_scan.Walk, "_files_in", refused)
    (images / "closed").mkdir()
    with syncing(images, bucket, rescan_interval_s=1) as one:
        for number in range(10):
            one.write(f"{number}.jpg", b"%d" % number)
        one.wait_for("files_uploaded", 10)
        (kept,) = (images.parent / "receipts").iterdir()
        for number in range(1, 10):
            (images / f"{number}.jpg").unlink()
        wait_until(lambda: len(kept.read_bytes().splitlines()) == 1, WITHIN_S, "one receipt is left")


def test_a_large_file_is_read_for_its_hash_once_however_often_it_is_tried(
    images: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_file, hash_file = Destination.put_file, file_upload.hash_file
    tries, hashed = count(), count()

    def failing(self: Destination, key: str, path: Path, sha256: str, **rest: Any) -> Placed:
        if next(tries) < 3:
            raise TransientError("S3 is away")
        return put_file(self, key, path, sha256, **rest)

    def counted(path: Path, version: Version, stop: threading.Event) -> str:
        next(hashed)
        return hash_file(path, version, stop)

    monkeypatch.setattr(Destination, "put_file", failing)
    monkeypatch.setattr(file_upload, "hash_file", counted)
    with syncing(images, bucket) as one:
        one.write("film", b"a" * 9 * MIB)
        one.wait_for("files_uploaded", 1)

    assert (next(tries), next(hashed)) == (4, 1)


@pytest.mark.parametrize("size_bytes", [5, 9 * MIB])
def test_a_file_that_vanishes_on_its_way_is_nothing_to_speak_of(
    images: Path,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    size_bytes: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_file = Destination.put_file

    def late(path: Path, version: Version) -> AbstractContextManager[BinaryIO]:
        if path.name == "gone" and size_bytes < MIB:
            path.unlink()
        return opened(path, version)

    def later(self: Destination, key: str, path: Path, sha256: str, **rest: Any) -> Placed:
        path.unlink()
        return put_file(self, key, path, sha256, **rest)

    monkeypatch.setattr(file_upload, "opened", late)
    monkeypatch.setattr(Destination, "put_file", later)
    with syncing(images, bucket) as one:
        path = one.write("gone", b"a" * size_bytes)
        wait_until(lambda: not path.exists(), WITHIN_S, "gone")
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

    monkeypatch.setattr(watched_folder, "version_of", hanging)
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


def test_the_bucket_is_made_only_when_it_is_not_there(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making it wants a grant of its own."""
    monkeypatch.setattr(S3Gateway, "ensure_bucket", lambda _: pytest.fail("the bucket is there"))
    gateway = S3Gateway(bucket.name, REGION, clock=SystemClock(), metrics=Metrics())
    with gateway:
        destination = Destination(gateway, bucket.name, create_bucket=True)
        key = f"images/{sha256(b'image').hexdigest()}"

        assert destination.put(key, b"image", content_type="image/jpeg") is Placed.NEW


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_may_not_be_made_is_said_with_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_granted(_: S3Gateway) -> None:
        raise RefusedError("create_bucket: AccessDenied.", code="access_denied")

    monkeypatch.setattr(S3Gateway, "ensure_bucket", not_granted)
    with S3Gateway("not-there", REGION, clock=SystemClock(), metrics=Metrics()) as gateway:
        destination = Destination(gateway, "not-there", create_bucket=True)
        with pytest.raises(RefusedError, match=r"no bucket not-there.*s3:CreateBucket") as refusal:
            destination.put(f"a/{sha256(b'').hexdigest()}", b"", content_type="text/plain")

    assert refusal.value.code == "access_denied"
