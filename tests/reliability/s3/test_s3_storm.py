"""The uploader while S3 throttles, fails, cuts connections and loses answers: half of all requests."""

import threading
from functools import partial
from pathlib import Path, PurePath

import pytest

from edge_common.retry import Backoff, retry
from edge_common.s3 import file_key
from support.figures import Figure
from support.outbox_ends import IN_A_BLINK, context_of
from support.s3_bench import PART_BYTES, bench, hex_of
from support.s3_credentials import TokenExchangeDouble
from support.s3_proxy import STORM, Fault, S3Proxy
from support.s3_store import REGION, running_store
from support.s3_uploading import put_readings, table_of, uploading
from support.spooling import seeded, trial_seed

READINGS_A_BATCH = 10
DRAIN_DEADLINE_S = 600.0
LIVENESS_S = 30.0


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
    chance, path = seeded(seed), tmp_path / "image.jpg"
    bodies = {}
    with running_store() as store, bench(store, odds=STORM, seed=seed) as bed:
        for number in range(files):
            body = chance.randbytes(PART_BYTES + chance.randrange(2 * PART_BYTES))
            path.write_bytes(body)
            digest = hex_of(body)
            key = file_key("images/core-1", PurePath(f"alerts/{number}.jpg"), digest)
            bodies[key] = digest
            put = partial(bed.gateway.put_file_once, key, path, digest, content_type="image/jpeg")
            retry(put, stop=threading.Event(), clock=context.clock, backoff=Backoff(0.001, 0.005))
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
    assert counts["objects_overwritten"] == 0
    assert len(left) <= bed.proxy.done[Fault.LOST_ANSWER]  # begun, but nobody was told: the lifecycle rule's
