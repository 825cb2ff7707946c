"""The uploader deployed from its own recipe on a whole core, of both flavors, with real faults."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.core import RunningCore, running_core
from support.deployed import deploy, log_of
from support.uploading import Bucket, assert_every_reading_once, batch_numbers
from support.waiting import wait_until

UPLOADER = "com.example.S3BatchUploader"
BUCKET = "edge-local"  # the core's own
WITHIN_S = 40.0
FAST = {"bucket": BUCKET, "reading_interval_s": "0.05", "batch_max_age_s": "0.5"}


@pytest.fixture(params=["classic", "lite"])
def core(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningCore]:
    with running_core(tmp_path / "core", "--flavor", request.param) as running:
        yield running


def settings(images: Path, **more: Any) -> dict[str, Any]:
    """Of the uploader, all that is fast, and one folder."""
    images.mkdir()
    return {**FAST, "folders": [{"path": str(images), "settle_s": "0.2"}], **more}


def uploaded(core: RunningCore) -> list[str]:
    """The keys of the batches that the uploader says S3 has taken, in their order; repeats once."""
    found = re.findall(r"batch_uploaded key=(\S+)", log_of(core, UPLOADER))
    return list(dict.fromkeys(found))


def wait_for_more(core: RunningCore, batches: int) -> None:
    """Wait until so many more batches have been taken."""
    before = len(uploaded(core))
    wait_until(lambda: len(uploaded(core)) >= before + batches, WITHIN_S, f"{batches} more batches")


def stop_and_settle(core: RunningCore) -> None:
    """End the uploader tidily."""
    running = core.component(UPLOADER)
    assert running is not None
    psutil.Process(running["pid"]).terminate()
    core.wait_for_state(UPLOADER, "FINISHED")


def kill(core: RunningCore) -> None:
    """Kill the uploader where it stands; the core starts it anew."""
    running = core.component(UPLOADER)
    assert running is not None
    started = log_of(core, UPLOADER).count(" started ")
    psutil.Process(running["pid"]).kill()
    wait_until(lambda: log_of(core, UPLOADER).count(" started ") > started, WITHIN_S, "started anew")


def kill_the_store(core: RunningCore) -> None:
    """Kill the S3 stand-in; the core starts it again on the same port, with nothing in it."""
    pids = [
        child
        for child in psutil.Process(core.process.pid).children()
        if "local_core.cloud.s3.server" in child.cmdline()
    ]
    restarts = core.status()["services"]["s3"]["restarts"]
    for child in pids:
        child.kill()
    wait_until(
        lambda: core.status()["services"]["s3"]["restarts"] > restarts, WITHIN_S, "the store is there again"
    )


def test_a_missing_bucket_expired_credentials_and_kills_lose_and_double_nothing(
    core: RunningCore, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    bucket = Bucket(core.endpoints["s3"], "not-there-yet")
    deploy(core, {"s3_batch_uploader": settings(images, bucket=bucket.name)})
    (images / "0.jpg").write_bytes(b"0")
    wait_until(lambda: log_of(core, UPLOADER).count(" delivery_refused ") == 2, WITHIN_S, "said of both")
    bucket.create()
    written = 1
    for fault in (partial(kill, core), partial(core.ask, "expire_credentials")) * 2:
        wait_for_more(core, 3)
        for _ in range(3):
            (images / f"{written}.jpg").write_bytes(b"%d" % written)
            written += 1
        fault()
    wait_until(
        lambda: len({boot_id for boot_id, _ in bucket.readings()}) == 3, WITHIN_S, "readings of three starts"
    )
    wait_until(lambda: len(bucket.keys("images/")) == written, WITHIN_S, "every file")
    stop_and_settle(core)

    assert_every_reading_once(bucket.keys("sensor-data/"), bucket.batches())
    assert set(uploaded(core)) <= set(bucket.keys("sensor-data/"))
    assert sorted(bucket.objects("images/").values()) == sorted(b"%d" % number for number in range(written))
    assert bucket.overwritten() == 0
    assert re.search(r" metrics .*s3_credentials_refused=1 ", log_of(core, UPLOADER)), (
        "S3 refused the old ones"
    )


def test_a_store_that_dies_and_comes_back_is_waited_for(core: RunningCore, tmp_path: Path) -> None:
    images = tmp_path / "images"
    deploy(core, {"s3_batch_uploader": settings(images)})
    bucket = Bucket(core.endpoints["s3"], BUCKET)
    wait_for_more(core, 3)
    kill_the_store(core)
    (images / "1.jpg").write_bytes(b"image")
    wait_for_more(core, 3)
    wait_until(lambda: bucket.keys("images/"), WITHIN_S, "the file")
    stop_and_settle(core)

    numbers = sorted(map(batch_numbers, uploaded(core)))
    assert [first for first, _ in numbers] == [0, *(last + 1 for _, last in numbers[:-1])]
    assert bucket.overwritten() == 0


def test_a_deployment_that_replaces_the_list_of_folders_leaves_the_old_ones_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with running_core(tmp_path / "core") as core:
        bucket = Bucket(core.endpoints["s3"], BUCKET)
        deploy(core, {"s3_batch_uploader": settings(first)})
        (first / "1.jpg").write_bytes(b"1")
        wait_until(lambda: bucket.keys("images/"), WITHIN_S, "the first file")
        deploy(core, {"s3_batch_uploader": settings(second)})
        (first / "2.jpg").write_bytes(b"2")
        (second / "3.jpg").write_bytes(b"3")
        wait_until(lambda: b"3" in bucket.objects("images/").values(), WITHIN_S, "the third file")
        wait_for_more(core, 2)

        assert sorted(bucket.objects("images/").values()) == [b"1", b"3"]
