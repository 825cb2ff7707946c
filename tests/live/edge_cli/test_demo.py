"""The demo, whole: a real core, the real components, every reading accounted for, nothing left behind."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from edge_cli.core.processes import core_on, core_processes
from support.edge import RunningEdge, edge
from support.small_disk import mounted
from support.waiting import wait_until

DEADLINE_S = 30.0
PUBLISHER, SUBSCRIBER = "com.example.MqttPublisher", "com.example.MqttSubscriber"


def _demo(tmp_path: Path, *words: str) -> tuple[dict[str, Any], str]:
    """Run a demo to its end; its report and what it said."""
    report = tmp_path / "report.json"
    said = edge("demo", "--root", str(tmp_path / "core"), "--report", str(report), *words).stdout
    document: dict[str, Any] = json.loads(report.read_text())
    return document, said


def test_readings_of_this_machine_arrive_and_none_is_lost(tmp_path: Path) -> None:
    report, said = _demo(tmp_path, "--duration", "3")
    readings = report["readings"]
    assert readings["produced"] == readings["delivered"] >= 3
    assert (readings["lost"], readings["duplicated"]) == (0, 0)
    assert {(c["name"], c["state"], c["restarts"], c["crashes"]) for c in report["components"]} == {
        (PUBLISHER, "RUNNING", 0, 0),
        (SUBSCRIBER, "RUNNING", 0, 0),
    }
    assert report["iot_core"]["by_topic"]["orangepi5-core-001/sensors/data"] == readings["delivered"]
    assert report["outages"] == []
    assert {"core", "build", "deploy", "set_up", "first_message"} == report["timings_s"].keys()
    assert "0 lost, 0 duplicated" in said
    assert core_on(tmp_path / "core") is None


def test_classic_core_holds_what_is_published_while_the_cloud_is_away(tmp_path: Path) -> None:
    report, said = _demo(tmp_path, "--duration", "5", "--outage", "3")
    (outage,) = report["outages"]
    assert outage["duration_s"] >= 3
    assert outage["spooled_messages_max"] >= 2
    assert (report["readings"]["lost"], report["readings"]["duplicated"]) == (0, 0)
    assert "IoT Core is away." in said
    assert "IoT Core is back" in said


def test_lite_core_holds_nothing_and_the_publishers_outbox_everything(tmp_path: Path) -> None:
    report, said = _demo(tmp_path, "--duration", "5", "--outage", "3", "--flavor", "lite", "--json")
    assert json.loads(said) == report
    assert report["flavor"] == "lite"
    (outage,) = report["outages"]
    assert outage["spooled_messages_max"] == 0
    assert outage["waiting_readings_max"] >= 2
    readings = report["readings"]
    assert readings["produced"] == readings["delivered"] >= 5
    assert (readings["waiting"], readings["lost"], readings["duplicated"]) == (0, 0, 0)


def test_demo_is_ended_tidily_while_it_runs(tmp_path: Path) -> None:
    root, report = tmp_path / "core", tmp_path / "report.json"
    with RunningEdge("demo", "--root", str(root), "--report", str(report)) as demo:
        demo.line_with("reading #1 ")
        assert demo.interrupt() == 0
    assert json.loads(report.read_text())["readings"]["lost"] == 0
    assert core_on(root) is None


def test_demo_is_ended_tidily_while_it_is_set_up(tmp_path: Path) -> None:
    root = tmp_path / "core"
    with RunningEdge("demo", "--root", str(root)) as demo:
        demo.line_with("core: ")
        assert demo.interrupt(signal.SIGTERM) == 130
    assert core_on(root) is None


def test_core_that_dies_ends_the_demo_with_one_message_and_keeps_the_logs(tmp_path: Path) -> None:
    root = tmp_path / "core"
    with RunningEdge("demo", "--root", str(root)) as demo:
        demo.line_with("reading #0 ")
        core = core_on(root)
        assert core
        os.kill(core.pid, signal.SIGKILL)
        assert str(root / "logs") in demo.line_with("error: ")
        assert demo.wait() == 1
    assert (root / "logs" / f"{PUBLISHER}.log").exists()


def test_demo_that_is_killed_takes_its_core_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # its scratch folder is all that it leaves behind
    root = tmp_path / "core"
    with RunningEdge("demo", "--root", str(root)) as demo:
        demo.line_with("core: ")
        os.kill(demo.pid, signal.SIGKILL)
        wait_until(lambda: core_on(root) is None, DEADLINE_S, "end of the core")


def test_demo_without_a_root_works_in_a_small_temporary_folder_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(core_processes())
    with mounted(tmp_path / "disk", 170) as disk:
        monkeypatch.setenv("TMPDIR", str(disk))
        with RunningEdge("demo", "--duration", "1") as demo:
            demo.line_with("reading #0 ")
            (root,) = {
                core.root for core in core_processes() if core not in before and _is_of(core.pid, demo.pid)
            }
            assert demo.wait() == 0
        assert list(disk.iterdir()) == []
    assert core_on(root) is None


def test_temporary_folder_without_room_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted(tmp_path / "disk", 150) as disk:
        monkeypatch.setenv("TMPDIR", str(disk))
        ended = edge("demo", "--duration", "1", expect=1)
        assert list(disk.iterdir()) == []
    assert f"needs 175 MB and {disk} has 157 MB free" in ended.stderr
    assert "TMPDIR=" in ended.stderr


def test_root_that_holds_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    ended = edge("demo", "--duration", "1", "--root", str(tmp_path), expect=1)
    assert "fresh folder" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def _is_of(pid: int, parent: int) -> bool:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1]) == parent
