"""The publisher's delivery as the core sees it: how many at once, in which order, and what is left out."""

import re
import signal
from pathlib import Path
from typing import Any

import pytest

from edge_common.messages import Reading, encode
from edge_common.outbox import LIVE_RECORDS
from support.component_process import ComponentProcess, started
from support.left_behind import EARLIER, THING, leave_behind
from support.scripted_core import ScriptedCore
from support.waiting import wait_until

PUBLISHER = "mqtt_publisher"
DATA, HEARTBEATS = f"{THING}/sensors/data", f"{THING}/status/heartbeat"
WITHIN_S = 60.0
QUIET = {"publish_interval_s": 3600, "heartbeat_every": 0}


def stop(component: ComponentProcess) -> str:
    """End a component by SIGTERM, which it must take as a tidy end; returns what it has written."""
    component.process.send_signal(signal.SIGTERM)
    assert component.exit_code() == 0
    return component.stdout


def wait_for_readings(core: ScriptedCore, count: int) -> list[dict[str, Any]]:
    """Wait until the core has got `count` readings; returns all that it has."""
    wait_until(lambda: len(readings_of(core)) >= count, WITHIN_S, f"{count} readings at the core")
    return readings_of(core)


def readings_of(core: ScriptedCore) -> list[dict[str, Any]]:
    """The readings that the core has got, in their order."""
    return [payload for payload in core.payloads() if "sequence" in payload]


def recording(folder: Path, values: list[float], columns: int = 1) -> dict[str, Any]:
    """A sensor that gives `values` as fast as they are taken, in each of its columns, and then ends."""
    names = [f"value_{column}" for column in range(columns)]
    rows = [
        [f"2026-11-22 04:26:{second:02}", *[repr(value)] * columns] for second, value in enumerate(values)
    ]
    lines = [",".join(row) for row in [["timestamp", *names], *rows]]
    (folder / "recording.csv").write_text("\n".join([*lines, ""]))
    return {"source": "replay", "replay": {"path": "recording.csv", "pace": "fastest"}}


@pytest.mark.parametrize("max_in_flight", [1, 4])
def test_no_more_readings_are_unanswered_at_once_than_is_set(
    core: ScriptedCore, tmp_path: Path, max_in_flight: int
) -> None:
    leave_behind(tmp_path, 50)
    core.hold_answers()
    no_sensor = {"source": "iio", "iio": {"sysfs_root": str(tmp_path / "nothing")}}
    settings = {**QUIET, "max_in_flight": max_in_flight, "sensor": no_sensor}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        wait_until(lambda: core.most_unanswered >= max_in_flight, WITHIN_S, "a full window")
        core.give_answers()
        wait_for_readings(core, 50)
        stop(publisher)
    assert core.most_unanswered == max_in_flight


def test_one_at_a_time_keeps_the_order_whatever_fails_in_between(core: ScriptedCore, tmp_path: Path) -> None:
    leave_behind(tmp_path, 100)
    settings = {**QUIET, "max_in_flight": 1}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        for reached in (20, 40, 60):
            wait_for_readings(core, reached)
            core.restart()
        wait_until(lambda: last_of(core) == 99, WITHIN_S, "the last of the backlog")
        stop(publisher)
    arrived = [reading["sequence"] for reading in readings_of(core) if reading["boot_id"] == EARLIER]
    repeated = {number for number in arrived if arrived.count(number) > 1}
    assert sorted(arrived) == arrived
    assert set(arrived) == set(range(100))
    assert len(repeated) <= 3


def last_of(core: ScriptedCore) -> int:
    """The highest number of the backlog that the core has got."""
    return max((r["sequence"] for r in readings_of(core) if r["boot_id"] == EARLIER), default=-1)


def test_a_fresh_reading_does_not_wait_behind_a_backlog_of_two_thousand(
    core: ScriptedCore, tmp_path: Path
) -> None:
    leave_behind(tmp_path, 2_000)
    core.hold_answers()
    settings = {"publish_interval_s": 0.05, "heartbeat_every": 0, "max_in_flight": 4}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        wait_until(lambda: core.published, WITHIN_S, "the first of the backlog")
        publisher.wait_for("sequence=9 ")
        core.give_answers()
        wait_until(lambda: last_of(core) == 1_999, WITHIN_S, "the whole backlog")
        output = stop(publisher)
    arrived = [(reading["boot_id"], reading["sequence"]) for reading in readings_of(core)]
    fresh = [place for place, (boot_id, _) in enumerate(arrived) if boot_id != EARLIER]

    assert fresh[9] < 4 + LIVE_RECORDS
    assert [number for boot_id, number in arrived if boot_id == EARLIER] == list(range(2_000))
    assert output.count("reading_published") == len(fresh)
    assert sum(map(int, re.findall(r"backlog_published count=(\d+)", output))) <= 2_000
    assert 1 <= output.count("backlog_published") <= 10


def test_a_reading_that_is_too_long_becomes_a_dead_letter_and_holds_nothing_up(
    core: ScriptedCore, tmp_path: Path
) -> None:
    too_long = 1.234567890123456e-300
    values = [1.0, 2.0, too_long, 4.0, 5.0]
    sensor = recording(tmp_path, values, columns=60)
    sensors = {f"value_{column}": too_long for column in range(60)}
    longest = len(encode(Reading(THING, "2026-11-22T04:26:11.123Z", EARLIER, 0, sensors))) - 1
    settings = {"sensor": sensor, "max_payload_bytes": longest, "heartbeat_every": 0}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        assert publisher.exit_code() == 0
        assert "dead_letter " in publisher.stdout
        assert "code=too_large" in publisher.stdout
        assert re.search(r"outbox_waiting=0 outbox_delivered=4 .*outbox_dead=1", publisher.stdout)
    assert [reading["sensors"]["value_0"] for reading in readings_of(core)] == [1.0, 2.0, 4.0, 5.0]


def test_the_end_of_a_recording_is_waited_for_until_everything_has_gone(
    core: ScriptedCore, tmp_path: Path
) -> None:
    core.hold_answers()
    settings = {"sensor": recording(tmp_path, [float(n) for n in range(30)]), "heartbeat_every": 0}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        publisher.wait_for("replay_ended")
        assert publisher.process.poll() is None
        core.give_answers()
        assert publisher.exit_code() == 0
    assert {reading["sequence"] for reading in readings_of(core)} == set(range(30))


def test_once_publishes_one_reading_and_what_was_left_behind(core: ScriptedCore, tmp_path: Path) -> None:
    leave_behind(tmp_path, 3)
    with started(PUBLISHER, tmp_path, {}, "--once", **core.environment) as publisher:
        assert publisher.exit_code() == 0
    assert len(readings_of(core)) == 4


def test_once_without_success_says_so_and_keeps_the_reading(core: ScriptedCore, tmp_path: Path) -> None:
    core.refused[DATA] = "ServiceError"
    with started(PUBLISHER, tmp_path, {"give_up_after_s": 5}, "--once", **core.environment) as publisher:
        assert publisher.exit_code() == 1
        assert "Waiting in the outbox for the next start: 1." in publisher.stdout
    core.refused.clear()
    with started(PUBLISHER, tmp_path, {}, "--once", **core.environment) as publisher:
        assert publisher.exit_code() == 0
    assert len(readings_of(core)) == 2


def test_heartbeats_go_beside_the_readings_and_say_what_waits(core: ScriptedCore, tmp_path: Path) -> None:
    values = [float(n) for n in range(12)]
    settings = {"sensor": recording(tmp_path, values), "heartbeat_every": 5, "max_in_flight": 1}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        assert publisher.exit_code() == 0
    heartbeats = [payload for payload in core.payloads() if "status" in payload]
    assert [heartbeat["messages_sent"] for heartbeat in heartbeats] == [5, 11]
    assert [heartbeat["status"] for heartbeat in heartbeats] == ["healthy", "healthy"]
    assert {"readings_dropped": 0, "readings_damaged": 0, "readings_dead": 0}.items() <= heartbeats[0].items()
    assert heartbeats[0]["readings_waiting"] >= 1
    assert core.most_unanswered <= 2


def test_a_heartbeat_that_is_refused_is_said_and_not_sent_again(core: ScriptedCore, tmp_path: Path) -> None:
    core.refused[HEARTBEATS] = "ServiceError"
    values = [float(n) for n in range(12)]
    # One by one: a heartbeat goes with the burst after the one that made it due, and bursts end as they come.
    settings = {"sensor": recording(tmp_path, values), "heartbeat_every": 5, "max_in_flight": 1}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        assert publisher.exit_code() == 0
        assert publisher.stdout.count("WARNING heartbeat_not_published") == 1
        assert "delivery_failing" not in publisher.stdout
    assert len(core.payloads()) == 12
    assert core.calls.count("PublishToIoTCore") == 14


def test_a_column_may_be_called_like_a_field_of_the_log(core: ScriptedCore, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("timestamp,event,sequence,part\n2026-11-22 04:26:11,1,2,3\n")
    settings = {"sensor": {"source": "replay", "replay": {"path": "odd.csv"}}}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        assert publisher.exit_code() == 0
        assert "sequence=0 event=1 sequence_=2 part_=3" in publisher.stdout
    assert readings_of(core)[0]["sensors"] == {"event": 1.0, "sequence": 2.0, "part": 3.0}
