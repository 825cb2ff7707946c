"""The artifacts for the board run here as they will there: on aarch64, with Debian 12's own Python."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_cli.core.cloud_s3 import count
from support.board import python_arm64
from support.built import build_all
from support.cloud import CloudObserver
from support.core import RunningCore, running_core
from support.deployed import log_of
from support.edge import edge
from support.waiting import wait_until

PUBLISHER, SUBSCRIBER = "com.example.MqttPublisher", "com.example.MqttSubscriber"
UPLOADER = "com.example.S3BatchUploader"
THING = "orangepi5-core-001"
WITHIN_S = 100.0  # emulated code is ten times slower


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCore]:
    """A core that takes manifests for aarch64, and finds the board's Python first."""
    command = python_arm64.command_in(tmp_path)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    with running_core(tmp_path / "core", "--architecture", "aarch64") as running:
        yield running


@pytest.mark.timeout(300)
def test_components_run_from_the_artifacts_for_the_board(core: RunningCore, tmp_path: Path) -> None:
    output, bucket = tmp_path / "build", core.status()["bucket"]
    build_all(output, "--arch", "aarch64", "--python", "3.11")

    with CloudObserver(core.mqtt_port, f"{THING}/sensors/data") as cloud:
        edge(
            *("deployment", "create", "--wait", "--root", str(core.root)),
            *("-r", str(output / "recipes"), "-a", str(output / "artifacts")),
            *(word for name in (PUBLISHER, SUBSCRIBER, UPLOADER) for word in ("-m", f"{name}=1.0.0")),
            *("-c", f'{{"{UPLOADER}": {{"MERGE": {{"settings": {{"bucket": "{bucket}"}}}}}}}}'),
        )
        cloud.wait_for(3, WITHIN_S)
        wait_until(lambda: log_of(core, SUBSCRIBER).count(" message ") >= 2, WITHIN_S, "messages are shown")

        def uploaded() -> int:
            return count(core.endpoints["s3"], bucket, core.status()["region"]).records

        wait_until(lambda: uploaded() >= 10, WITHIN_S, "a batch has arrived")

    for name in (PUBLISHER, SUBSCRIBER, UPLOADER):
        component = core.component(name)
        assert component
        assert component["restarts"] == 0
        executable = Path(f"/proc/{component['pid']}/exe").resolve().name
        assert executable == python_arm64.EMULATOR
        assert "Traceback" not in log_of(core, name)
