"""Folders in sync with S3's stand-in, through the real gateway: what arrives, under which key, what then."""

import os
import re
from pathlib import Path

import pytest

from support.uploading import THING, Bucket, syncing
from support.waiting import wait_until

WITHIN_S = 30.0
NEVER_S = 3_600.0
MIB = 1 << 20


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
