"""What the spool costs beside SQLite (WAL, synchronous=FULL): bytes on the device, records a second, CPU.

    .venv/bin/python -m benchmarks.spool_cost [--rounds 3] [--scale 1] [--json]

Needs root: each run has a disk of its own, ext4 in a file behind a loop device, so that the kernel counts
nobody else's bytes; it is in a mount namespace of the run, and ends with it. Records are readings of 200
bytes, taken in 1, 100 and 1,000 a commit, in three scenarios: `steady`, delivered once for about each MiB
that is written; `prompt`, delivered commit by commit; `outage`, not delivered. Rounds alternate, so that a
busy machine slows both alike; the middle round counts.

Bytes are held against the ideal: the records of each commit, compressed alone and rounded up to 4 KiB.
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, fields

from benchmarks.queue_run import SCENARIOS, WORKLOADS, Cost
from benchmarks.queues import MIB
from support.block_device import BlockDeviceError, require_root

RATIO_GOAL = 1.1
RATE_GOAL_PER_S = 100_000
_SEGMENT_BYTES = 4 * MIB
_RUN_WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours and SQLite at the same work.

    Attributes:
        workload: Records a commit.
        scenario: steady, prompt or outage.
        ours: The spool.
        sqlite: SQLite.
    """

    workload: str
    scenario: str
    ours: Cost
    sqlite: Cost


def measure(queue: str, workload: str, scenario: str, scale: float = 1.0) -> Cost:
    """One run in a process, on a disk of its own.

    Args:
        queue: "spool" or "sqlite".
        workload: A key of `WORKLOADS`.
        scenario: One of `SCENARIOS`.
        scale: Times the usual number of commits.

    Raises:
        BlockDeviceError: This is not root.
        CalledProcessError: The run failed; its own words stand on stderr.
    """
    require_root()
    run = (sys.executable, "-m", "benchmarks.queue_run", queue, workload, scenario, str(scale))
    ran = subprocess.run(
        ["unshare", "--mount", *run], check=True, stdout=subprocess.PIPE, text=True, timeout=_RUN_WAIT_S
    )
    return Cost(**json.loads(ran.stdout))


def compare(workload: str, scenario: str, rounds: int, scale: float) -> Comparison:
    """Both queues in turns; the middle of the rounds."""
    pairs = [
        (measure("spool", workload, scenario, scale), measure("sqlite", workload, scenario, scale))
        for _ in range(rounds)
    ]
    ours, sqlite = zip(*pairs, strict=True)
    return Comparison(workload, scenario, _middle(ours), _middle(sqlite))


def _middle(rounds: tuple[Cost, ...]) -> Cost:
    values = {
        field.name: statistics.median(getattr(one, field.name) for one in rounds) for field in fields(Cost)
    }
    return Cost(**values)


def additions(comparisons: list[Comparison]) -> list[str]:
    """What a release and a new segment add to the bytes, each by itself, in words."""
    ours = {(one.workload, one.scenario): one.ours for one in comparisons}
    lines = []
    for workload in WORKLOADS:
        steady, prompt, outage = (ours[workload, scenario] for scenario in SCENARIOS)
        releases = prompt.deliveries - steady.deliveries
        release_bytes = (prompt.device_bytes - steady.device_bytes) / releases
        line = f"{workload} a commit: each release adds {release_bytes:,.0f} bytes"
        if segments := outage.grown_bytes // _SEGMENT_BYTES:
            segment_bytes = (outage.device_bytes - outage.ideal_bytes) / segments
            line += f", each new segment of {_SEGMENT_BYTES:,} bytes {segment_bytes:,.0f}"
        lines.append(line)
    return lines


def report(comparisons: list[Comparison]) -> str:
    """The table, what the parts add, and the goals."""
    head = f"{'':<16}{'device bytes x ideal':>24}{'records/s':>28}{'CPU s per 10^6 records':>28}"
    names = f"{'':<16}" + "".join(
        f"{'ours':>{width}}{'SQLite':>{width}}{'ratio':>8}" for width in (8, 10, 10)
    )
    rows = [_row(one) for one in comparisons]
    steady = [one for one in comparisons if one.scenario == "steady"]
    worst = max(one.ours.write_ratio for one in steady)
    slowest = min(one.ours.records_per_s for one in steady if one.workload != "1")
    goals = (
        _goal(f"steady, device bytes: {worst:.3f} x ideal at most", f"<= {RATIO_GOAL}", worst <= RATIO_GOAL),
        _goal(
            f"steady, in batches: {slowest:,.0f} records/s at least",
            f">= {RATE_GOAL_PER_S:,}",
            slowest >= RATE_GOAL_PER_S,
        ),
    )
    sync_us = statistics.median(one.ours.sync_us for one in comparisons)
    disk = f"one fdatasync of 4 KiB takes {sync_us:,.0f} us on this disk"
    return "\n".join([head, names, *rows, "", *additions(comparisons), disk, "", *goals])


def _row(one: Comparison) -> str:
    columns = (
        (one.ours.write_ratio, one.sqlite.write_ratio, 8, ".2f"),
        (one.ours.records_per_s, one.sqlite.records_per_s, 10, ",.0f"),
        (one.ours.cpu_s_per_million, one.sqlite.cpu_s_per_million, 10, ".2f"),
    )
    numbers = "".join(
        f"{ours:>{width}{form}}{sqlite:>{width}{form}}{ours / sqlite:>8.2f}"
        for ours, sqlite, width, form in columns
    )
    return f"{one.scenario:<8}{one.workload:>7} {numbers}"


def _goal(what: str, goal: str, is_met: bool) -> str:  # noqa: FBT001  a row's last cell
    return f"{what}; the goal is {goal}: {'met' if is_met else 'MISSED'}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="The spool's bytes, rate and CPU beside SQLite's.")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default: %(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual number of commits")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    try:
        require_root()
    except BlockDeviceError as error:
        sys.exit(str(error))
    comparisons = [
        compare(workload, scenario, options.rounds, options.scale)
        for scenario in SCENARIOS
        for workload in WORKLOADS
    ]
    answer = json.dumps([asdict(one) for one in comparisons]) if options.json else report(comparisons)
    sys.stdout.write(answer + "\n")


if __name__ == "__main__":
    main()
