"""Many uploads while the clock stands still, as second-resolution names never survive."""

import hashlib
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.figures import Figure
from support.s3.credentials import TokenExchangeDouble
from support.s3.store import BUCKET, REGION, running_store

PROCESSES = 8
DEADLINE_S = 1700.0
TESTS = Path(__file__).parents[2]
READ_BACK = 200  # bodies


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("uploads", [10_000, pytest.param(100_000, marks=pytest.mark.release)])
def test_uploads_of_many_processes_in_one_second_never_meet(
    tmp_path: Path, figure: Figure, uploads: int
) -> None:
    with running_store() as store, TokenExchangeDouble() as tokens:
        environment = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": store.url, **tokens.environment}
        said = uploaded_by_processes(tmp_path, uploads // PROCESSES, environment)
        pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        # MD5 of each object: every reading is another, so that as many have arrived as there are of these.
        etags = {entry["Key"]: entry["ETag"] for page in pages for entry in page["Contents"]}
        some = {key: store.body(key) for key in sorted(etags)[:: len(etags) // READ_BACK]}
        counts = store.counts()

    figure(
        "keys, uploads in one frozen second",
        processes=PROCESSES,
        uploads=uploads,
        objects=len(etags),
        overwritten=counts["objects_overwritten"],
        lost=uploads - len(set(etags.values())),
    )
    assert [one["delivered"] for one in said] == [uploads // PROCESSES] * PROCESSES
    assert len(etags) == len(set(etags.values())) == uploads
    assert counts["objects_created"] == uploads
    assert counts["objects_overwritten"] == 0
    assert counts["answers"]["PutObject"]["200"] == uploads
    assert all(key.startswith("sensor-data/core-1/2026/11/22/") for key in etags)
    assert all(
        f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"' == etags[key]
        for key, body in some.items()
    )
    batches = [json.loads(body) for body in some.values()]
    assert {batch["upload_time"] for batch in batches} == {"2026-11-22T04:26:11.123Z"}
    assert {batch["record_count"] for batch in batches} == {1}


def uploaded_by_processes(folder: Path, each: int, environment: dict[str, str]) -> list[dict[str, Any]]:
    """Let all processes upload at one moment; returns what they say, and leaves none behind."""
    with ExitStack() as started:
        workers = []
        for number in range(PROCESSES):
            worker = subprocess.Popen(
                [sys.executable, "-m", "support.s3.frozen_worker", str(folder / str(number)), str(each)],
                env={
                    **os.environ,
                    **environment,
                    "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
                },
                stdout=subprocess.PIPE,
            )
            started.enter_context(worker)
            started.callback(worker.kill)
            workers.append(worker)
        return [json.loads(worker.communicate(timeout=DEADLINE_S)[0]) for worker in workers]
