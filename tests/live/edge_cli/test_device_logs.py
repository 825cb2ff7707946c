"""`edge logs` on a device: the files of a classic nucleus, the journal of Lite."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.board.journal import entry, journalctl_for, write_journal
from support.edge import RunningEdge, edge

NAME = "com.example.MqttPublisher"
AT_US = 1_795_321_571_123_000  # 2026-11-22T04:26:11.123Z
# As logging-java writes them; the stack of states is the nucleus's own.
COMPONENT_LINES = (
    "2026-11-22T04:26:11.123Z [INFO] (Copier) com.example.MqttPublisher: stdout. INFO started. "
    "{scriptName=services.com.example.MqttPublisher.lifecycle.run.script, "
    "serviceName=com.example.MqttPublisher, currentState=RUNNING}\n"
    "2026-11-22T04:26:13Z [WARN] (Copier) com.example.MqttPublisher: stderr. Traceback: boom. "
    "{scriptName=services.com.example.MqttPublisher.lifecycle.run.script, "
    "serviceName=com.example.MqttPublisher, currentState=RUNNING}\n"
)
NUCLEUS_LINES = (
    "2026-11-22T04:26:10.900Z [INFO] (com.example.MqttPublisher-lifecycle) com.example.MqttPublisher: "
    "service-set-state. {serviceName=com.example.MqttPublisher, currentState=STARTING, newState=RUNNING}\n"
    "2026-11-22T04:26:12Z [INFO] (pool-2-thread-1) com.aws.greengrass.deployment.DeploymentService: "
    "deployment-started. {deploymentId=5f3c}\n"
    "2026-11-22T04:26:14Z [ERROR] (com.example.MqttPublisher-lifecycle) com.example.MqttPublisher: "
    "service-errored. {reason=exit 1, serviceName=com.example.MqttPublisher, currentState=RUNNING}\n"
)


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """The folder of a classic nucleus that has run."""
    root = tmp_path / "v2"
    (root / "alts").mkdir(parents=True)
    (root / "logs").mkdir()
    (root / "logs" / f"{NAME}.log").write_text(COMPONENT_LINES)
    (root / "logs" / "greengrass.log").write_text(NUCLEUS_LINES)
    return root


@pytest.fixture
def lite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a Lite core, and its journal."""
    root = tmp_path / "lite"
    root.mkdir()
    (root / "config.db").write_bytes(b"")
    write_journal(
        tmp_path / "journal",
        "first",
        [
            entry("ggl.core.ggdeploymentd.service", "I[ggdeploymentd] deployment_handler.c:1: begun", AT_US),
            entry(f"ggl.{NAME}.service", "WARNING message_refused topic=a/b", AT_US + 1_000_000),
            entry("cron.service", "somebody else's", AT_US + 2_000_000),
            entry("ggl.core.ggdeploymentd.service", "E[ggdeploymentd] x.c:2: failed", AT_US + 3_000_000),
        ],
    )
    programs = journalctl_for(tmp_path / "journal", tmp_path / "programs")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return root


def _documents(*words: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in edge("logs", *words, "--json").stdout.splitlines()]


def test_component_and_what_the_nucleus_says_of_it_are_one_timeline(device: Path) -> None:
    said = [
        (one["component"], one["event"], one["message"]) for one in _documents("mqttp", "--root", str(device))
    ]
    assert said == [
        ("greengrass", "service-set-state", ""),
        (NAME, "stdout", "started"),
        (NAME, "stderr", "Traceback: boom"),
        ("greengrass", "service-errored", ""),
    ]


def test_component_alone_is_shown_when_that_is_asked_for(device: Path) -> None:
    said = _documents("mqttp", "--no-lifecycle", "--root", str(device))
    assert {one["component"] for one in said} == {NAME}


def test_device_is_found_by_the_variable_of_greengrass_cli(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGE_ROOT", raising=False)
    monkeypatch.setenv("GGC_ROOT_PATH", str(device))
    assert len(_documents("greengrass")) == 3


def test_timeline_goes_on_across_the_rotation_of_both_logs(device: Path) -> None:
    with RunningEdge("logs", "mqttp", "-f", "--root", str(device)) as command:
        command.line_with("service-errored")
        for name in (NAME, "greengrass"):
            log = device / "logs" / f"{name}.log"
            log.rename(log.with_name(f"{name}_2026_11_22_04_0.log"))
            log.write_text(COMPONENT_LINES.replace("started", "rotated") if name == NAME else "")
        command.line_with("rotated")
        with (device / "logs" / "greengrass.log").open("a") as log_file:
            log_file.write(NUCLEUS_LINES.replace("RUNNING}", "BROKEN}"))
        command.line_with("newState=BROKEN")
        assert command.interrupt(signal.SIGINT) == 130


def test_logs_that_only_root_may_read_are_said_to_be_so(device: Path) -> None:
    (device / "logs").chmod(0)
    without_rights = ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
    ended = subprocess.run(
        [*without_rights, sys.executable, "-m", "edge_cli", "logs", "--root", str(device)],
        capture_output=True,
        text=True,
        check=False,
    )
    (device / "logs").chmod(0o755)
    assert ended.returncode == 1
    assert "sudo scripts/edge logs" in ended.stderr


def test_journal_of_lite_is_shown_like_logs_of_files(lite: Path) -> None:
    said = [
        (one["timestamp"], one["level"], one["component"], one["message"])
        for one in _documents("--root", str(lite))
    ]
    assert said == [
        ("2026-11-22T04:26:11.123Z", "INFO", "core.ggdeploymentd", "begun"),
        ("2026-11-22T04:26:12.123Z", "WARN", NAME, "message_refused topic=a/b"),
        ("2026-11-22T04:26:14.123Z", "ERROR", "core.ggdeploymentd", "failed"),
    ]


def test_component_of_lite_is_found_by_a_piece_of_its_name(lite: Path) -> None:
    assert [one["component"] for one in _documents("publisher", "--root", str(lite))] == [NAME]
    assert "There are: com.example" in edge("logs", "absent", "--root", str(lite), expect=1).stderr


def test_journal_is_followed(lite: Path, tmp_path: Path) -> None:
    with RunningEdge("logs", "-f", "--root", str(lite)) as command:
        command.line_with("failed")
        later = entry(f"ggl.{NAME}.service", "INFO one more", AT_US + 4_000_000)
        write_journal(tmp_path / "journal", "second", [later])
        command.line_with("one more")
        assert command.interrupt(signal.SIGINT) == 130
