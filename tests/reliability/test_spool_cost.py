import os

import pytest

from benchmarks.queue_run import WORKLOADS
from benchmarks.spool_cost import RATIO_GOAL, measure
from support.figures import Figure

SCALE = 0.25
SCALE_RELEASE = 2.0


def costs(scale: float, figure: Figure) -> dict[str, float]:
    """Device bytes by the ideal for each size of a commit, on a disk of its own; notes the rest."""
    ratios = {}
    for workload in WORKLOADS:
        ours, sqlite = (measure(queue, workload, "steady", scale) for queue in ("spool", "sqlite"))
        figure(
            f"spool cost, {workload} records of 200 B a commit",
            commits=ours.commits,
            device_bytes_by_ideal=round(ours.write_ratio, 3),
            sqlite_device_bytes_by_ideal=round(sqlite.write_ratio, 1),
            records_per_s=round(ours.records_per_s),
            sqlite_records_per_s=round(sqlite.records_per_s),
            cpu_s_per_million=round(ours.cpu_s_per_million, 2),
            sqlite_cpu_s_per_million=round(sqlite.cpu_s_per_million, 2),
        )
        ratios[workload] = ours.write_ratio
    return ratios


@pytest.fixture(autouse=True)
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a disk of its own needs root; CI is root and runs it")


def test_little_more_reaches_the_device_than_the_compressed_records(figure: Figure) -> None:
    assert max(costs(SCALE, figure).values()) <= RATIO_GOAL


@pytest.mark.release
@pytest.mark.timeout(600)
def test_little_more_reaches_the_device_in_a_long_run(figure: Figure) -> None:
    assert max(costs(SCALE_RELEASE, figure).values()) <= RATIO_GOAL
