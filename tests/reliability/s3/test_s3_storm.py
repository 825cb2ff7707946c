"""The uploader while S3 throttles, fails, cuts connections and loses answers: half of all requests."""

from pathlib import Path, PurePath

import pytest

from edge_common.s3 import PART_BYTES as LARGE_BYTES
from edge_common.s3 import file_key
from s3_batch_uploader.config import AfterUpload, FolderConfig
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.folders.folder import Folder
from s3_batch_uploader.folders.sync import FolderSync
from support.figures import Figure
from support.outbox.ends import IN_A_BLINK, context_of
from support.s3.bench import PART_BYTES, bench, hex_of
from support.s3.credentials import TokenExchangeDouble
from support.s3.proxy import STORM, Fault, S3Proxy
from support.s3.store import BUCKET, REGION, running_store
from support.s3.uploading import put_readings, table_of, uploading
from support.spool.spooling import seeded, trial_seed
from support.waiting import wait_until

READINGS_A_BATCH = 10
DRAIN_DEADLINE_S = 600.0
LIVENESS_S = 30.0
FILES_TOGETHER = 4


@pytest.mark.parametrize(
    "batches",
    [300, pytest.param(10_000, marks=[pytest.mark.release, pytest.mark.timeout(1800)])],
)
def test_storm_loses_nothing_doubles_nothing_and_costs_few_requests(
    tmp_path: Path, figure: Figure, batches: int
) -> None:
    seed, count, context = trial_seed(), batches * READINGS_A_BATCH, context_of()
    print(f"SEED={seed}")  # noqa: T201  to replay a failure
    with (
        running_store() as store,
        S3Proxy(store.port, STORM, seed) as proxy,
        TokenExchangeDouble() as tokens,
    ):
        environment = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": proxy.url, **tokens.environment}
        with uploading(tmp_path / "outbox", context, READINGS_A_BATCH, IN_A_BLINK, environment) as (
            outbox,
            _,
        ):
            put_readings(outbox, context.clock, range(count))
            drained = outbox.drain(DRAIN_DEADLINE_S)
            requests, objects = proxy.requests, len(store.listing())
            proxy.calm()
            put_readings(outbox, context.clock, range(count, count + 1))
            alive = outbox.drain(LIVENESS_S)
            statistics = outbox.statistics()
        counts = store.counts()
        store.save_to(tmp_path / "arrived")

    expected = [(context.clock.boot_id, sequence) for sequence in range(count + 1)]
    arrived = table_of(tmp_path / "arrived")
    figure(
        "S3 storm (30 % 503, 10 % 500, 5 % cut, 5 % response lost)",
        batches=batches,
        readings=count + 1,
        lost=len(set(expected) - set(arrived)),
        duplicated=len(arrived) - len(set(arrived)),
        overwritten=counts["objects_overwritten"],
        requests=requests,
        requests_per_object=round(requests / objects, 3),
        answers_lost=proxy.done[Fault.LOST_ANSWER],
    )
    assert (drained, alive) == (True, True)
    assert arrived == expected
    assert counts["objects_overwritten"] == 0
    assert requests <= 2.5 * objects
    assert proxy.done[Fault.LOST_ANSWER] <= counts["answers"]["PutObject"]["412 PreconditionFailed"]
    assert statistics.delivered == statistics.taken == count + 1


@pytest.mark.parametrize(
    "files",
    [8, pytest.param(300, marks=[pytest.mark.release, pytest.mark.timeout(1800)])],
)
def test_storm_loses_no_large_file_and_doubles_none(tmp_path: Path, figure: Figure, files: int) -> None:
    seed, context = trial_seed(), context_of()
    print(f"SEED={seed}")  # noqa: T201  to replay a failure
    chance, root = seeded(seed), tmp_path / "images"
    root.mkdir()
    folder = Folder.configured(FolderConfig(path=str(root), after_upload=AfterUpload.DELETE))
    counted = [context.metrics.counter(name) for name in ("files_uploaded", "files_already_there")]
    bodies = {}
    with running_store() as store, bench(store, odds=STORM, seed=seed) as bed:
        with FolderSync(
            folder,
            Destination(bed.gateway, BUCKET, create_bucket=False),
            context,
            rescan_interval_s=3600,
            receipts_folder=tmp_path / "receipts",
            backoff=IN_A_BLINK,
        ):
            for number in range(files):
                body = chance.randbytes(LARGE_BYTES + chance.randrange(2 * PART_BYTES))
                name = PurePath(f"{number}.jpg")
                bodies[file_key("images/core-1", name, hex_of(body))] = hex_of(body)
                (tmp_path / "new").write_bytes(body)
                (tmp_path / "new").rename(root / name)  # renamed into place it is due at once
                if (number + 1) % FILES_TOGETHER == 0:
                    wait_until(
                        lambda: sum(counter.value for counter in counted) == len(bodies),
                        DRAIN_DEADLINE_S,
                        "upload of all files",
                    )
        arrived = {key: hex_of(store.body(key)) for key in store.listing()}
        counts, requests, left = store.counts(), bed.proxy.requests, store.unfinished_uploads()

    figure(
        "S3 storm, files in parts",
        files=files,
        lost=sum(arrived.get(key) != digest for key, digest in bodies.items()),
        overwritten=counts["objects_overwritten"],
        requests=requests,
        left_behind=len(left),
    )
    assert arrived == bodies
    assert list(root.iterdir()) == []
    assert counts["objects_overwritten"] == 0
    assert len(left) <= bed.proxy.done[Fault.LOST_ANSWER]  # begun, but nobody was told: the lifecycle rule's
