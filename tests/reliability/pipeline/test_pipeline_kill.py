"""Publisher and uploader on a whole core, of which any process is killed at any moment."""

from dataclasses import asdict
from pathlib import Path

import pytest

from local_core.settings import Flavor
from support.figures import Figure
from support.pipeline.cloud import pipeline_cloud
from support.pipeline.killing import CORE, Killings
from support.pipeline.pipeline import LANES, MAX_IN_FLIGHT, PUBLISHER, UPLOADER, running_pipeline
from support.pipeline.witness import judge_in_the_end
from support.spool.spooling import seeded, trial_seed
from support.waiting import wait_until

KILLS = 25
DAILY_TURNS, RELEASE_TURNS = range(4), range(4, 40)


def flavor_of(turn: int) -> Flavor:
    """The classic one in one turn of four: on it the core itself is spared."""
    return Flavor.CLASSIC if turn % 4 == 3 else Flavor.LITE


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "turn", [*DAILY_TURNS, *(pytest.param(turn, marks=pytest.mark.release) for turn in RELEASE_TURNS)]
)
def test_killed_pipeline_loses_nothing_doubles_nothing_and_goes_on_unaided(
    tmp_path: Path, turn: int, figure: Figure
) -> None:
    seed, flavor = trial_seed() + turn, flavor_of(turn)
    print(f"SEED={seed - turn}")  # noqa: T201  to replay a failure
    with (
        pipeline_cloud(tmp_path / "cloud") as cloud,
        running_pipeline(tmp_path, cloud, flavor) as pipeline,
    ):
        wait_until(lambda: cloud.published() and cloud.keys(), 60, "the first readings")
        killings = Killings(pipeline, flavor, seeded(seed))
        killings.kill(KILLS)
        wait_until(lambda: pipeline.stored() <= set(cloud.published()), 60, "every stored reading")
        pipeline.stop()
        verdict = judge_in_the_end(pipeline, tmp_path)

    figure(
        "whole pipeline, kill -9 of any process",
        flavor=flavor.value,
        kills=KILLS,
        publisher_kills=killings.killed[PUBLISHER],
        uploader_kills=killings.killed[UPLOADER],
        core_kills=killings.killed[CORE],
        longest_recovery_s=round(killings.longest_recovery_s, 1),
        **asdict(verdict),
    )
    assert (verdict.lost, verdict.duplicated, verdict.unreadable, verdict.overwritten) == (0, 0, 0, 0)
    assert verdict.repeated <= killings.may_be_repeated * MAX_IN_FLIGHT * LANES
