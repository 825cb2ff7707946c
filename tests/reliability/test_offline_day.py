"""A day without the far end: memory and disk stay bounded, what is within the cap is kept, the rest counted.

50 readings a second for 24 hours, faster than they would come; `support.offline_day` says how they are put.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from edge_common.outbox import LIVE_RECORDS
from support.figures import Figure
from support.offline_day import HOURS, SENSORS

MIB = 1 << 20
MAX_RSS_BYTES = 80 * MIB
MAX_GROWTH_BYTES = 5 * MIB  # from the first hour to the last
KINDS = ["batch", "message"]
# A day in which the cap is reached as early, in a hundredth of the readings.
READINGS, CAP_BYTES = 60_000, 4 * MIB
READINGS_RELEASE, CAP_BYTES_RELEASE = 24 * 3600 * 50, 64 * MIB


@pytest.mark.parametrize("kind", KINDS)
def test_offline_day_is_survived(tmp_path: Path, figure: Figure, kind: str) -> None:
    survive_the_day(tmp_path, figure, kind, READINGS, CAP_BYTES)


@pytest.mark.release
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", KINDS)
def test_whole_offline_day_is_survived(tmp_path: Path, figure: Figure, kind: str) -> None:
    survive_the_day(tmp_path, figure, kind, READINGS_RELEASE, CAP_BYTES_RELEASE)


def survive_the_day(tmp_path: Path, figure: Figure, kind: str, readings: int, cap_bytes: int) -> None:
    """Put a day's readings with the far end away, then deliver what is left."""
    outbox, arrived = tmp_path / "outbox", tmp_path / "arrived"
    hours = in_a_process("offline", kind, outbox, readings, cap_bytes)
    segment_bytes = max(path.stat().st_size for path in outbox.rglob("*.segment"))
    check_hours(hours, cap_bytes, segment_bytes)
    (night,) = in_a_process("online", kind, outbox, arrived, cap_bytes)
    sequences = [json.loads(line)["sequence"] for line in arrived.read_bytes().splitlines()]
    figure(
        f"offline 24 h at 50 readings/s, {kind} outbox",
        readings=hours[-1]["taken"],
        rss_mib_hour_1=round(hours[0]["rss_bytes"] / MIB, 1),
        rss_mib_hour_24=round(hours[-1]["rss_bytes"] / MIB, 1),
        rss_mib_peak=round(max(hour["peak_rss_bytes"] for hour in (*hours, night)) / MIB, 1),
        disk_mib=round(max(hour["disk_bytes"] for hour in hours) / MIB, 1),
        cap_mib=cap_bytes // MIB,
        dropped=hours[-1]["dropped"],
        lost_within_the_cap=hours[-1]["waiting"] - len(sequences),
        opening_ms=round(night["opening_ms"], 1),
    )
    assert hours[-1]["taken"] == readings
    assert night["drained"]
    check_arrivals(sequences, hours[-1], kind)
    assert (night["taken"], night["waiting"], night["dropped"]) == (readings, 0, hours[-1]["dropped"])
    assert (night["delivered"], night["damaged"], night["dead"]) == (len(sequences), 0, 0)
    assert night["peak_rss_bytes"] <= MAX_RSS_BYTES


def check_hours(hours: list[dict[str, Any]], cap_bytes: int, segment_bytes: int) -> None:
    """Every hour: bounded, and every record in one place; dropped only when the cap was reached."""
    assert len(hours) == HOURS
    for hour in hours:
        assert hour["taken"] == hour["waiting"] + hour["dropped"]
        assert hour["disk_bytes"] <= cap_bytes + segment_bytes
        assert hour["peak_rss_bytes"] <= MAX_RSS_BYTES
        if hour["dropped"]:
            assert hour["disk_bytes"] > cap_bytes * 3 // 4  # all but the dead letters' share and a segment
    assert hours[0]["dropped"] == 0
    assert hours[-1]["dropped"] > 0
    assert hours[-1]["rss_bytes"] - hours[0]["rss_bytes"] <= MAX_GROWTH_BYTES


def check_arrivals(sequences: list[int], last_hour: dict[str, Any], kind: str) -> None:
    """Everything held has arrived, once: of each sensor the latest readings, in order and without a gap.

    Of messages also the first ones of the day, before all others: they went to the live lane.
    """
    assert len(sequences) == len(set(sequences)) == last_hour["waiting"]
    assert last_hour["waiting"] + last_hour["dropped"] == last_hour["taken"]
    by_sensor: dict[int, list[int]] = defaultdict(list)
    for sequence in sequences:
        by_sensor[sequence % SENSORS].append(sequence)
    live_count = 0
    for sensor, own in by_sensor.items():
        live = own[: first_gap(own)] if kind == "message" else []
        kept = own[len(live) :]
        assert kept == list(range(kept[0], last_hour["taken"] - SENSORS + sensor + 1, SENSORS))
        assert live == list(range(sensor, sensor + SENSORS * len(live), SENSORS))
        live_count += len(live)
    assert live_count <= LIVE_RECORDS + SENSORS  # that many threads may see the last place at once


def first_gap(own: list[int]) -> int:
    """Where a sensor's readings leave some out; 0 when they do not."""
    return next((at for at in range(1, len(own)) if own[at] - own[at - 1] != SENSORS), 0)


def in_a_process(word: str, *arguments: object) -> list[dict[str, Any]]:
    """What `support.offline_day` has printed."""
    command = [sys.executable, "-m", "support.offline_day", word, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
