"""Publisher and uploader on a whole core while either far end fails: each goes on with its own."""

from dataclasses import asdict
from pathlib import Path

import pytest

from local_core.settings import Flavor
from support.figures import Figure
from support.pipeline.cloud import pipeline_cloud
from support.pipeline.faults import Faults
from support.pipeline.pipeline import LANES, MAX_IN_FLIGHT, running_pipeline
from support.pipeline.witness import judge_in_the_end, judge_now
from support.s3.proxy import S3Proxy
from support.spool.spooling import seeded, trial_seed
from support.waiting import wait_until


@pytest.mark.timeout(600)
@pytest.mark.parametrize("flavor", [flavor.value for flavor in Flavor])
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.release)])
def test_each_half_goes_on_while_the_other_fails_and_nothing_is_lost(
    tmp_path: Path, flavor: str, rounds: int, figure: Figure
) -> None:
    seed = trial_seed()
    print(f"SEED={seed}")  # noqa: T201  to replay a failure
    chance = seeded(seed)
    with (
        pipeline_cloud(tmp_path / "cloud") as cloud,
        S3Proxy(cloud.store.port) as proxy,
        running_pipeline(tmp_path, cloud, Flavor(flavor), proxy.url) as pipeline,
    ):
        wait_until(lambda: cloud.published() and cloud.keys(), 60, "the first readings")
        faults = Faults(pipeline, proxy)
        for _ in range(rounds):
            for fault in chance.sample(faults.all(), len(faults.all())):
                fault()
                faults.wait_for_fresh()
                judge_now(pipeline)
        wait_until(lambda: pipeline.stored() <= set(cloud.published()), 60, "every stored reading")
        pipeline.stop()
        verdict = judge_in_the_end(pipeline, tmp_path)

    figure(
        "whole pipeline, one far end away at a time",
        flavor=flavor,
        outages=rounds * len(faults.all()),
        **asdict(verdict),
    )
    assert (verdict.lost, verdict.duplicated, verdict.unreadable, verdict.overwritten) == (0, 0, 0, 0)
    assert verdict.repeated <= rounds * MAX_IN_FLIGHT * LANES
