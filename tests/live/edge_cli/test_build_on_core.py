"""What was built runs on a core as it will on a device: from the ZIP alone, with an empty site-packages."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_cli.core.cloud_s3 import count
from support.built import build_all
from support.cloud import CloudObserver
from support.core import RunningCore, running_core
from support.deployed import log_of
from support.edge import edge
from support.waiting import wait_until

THING = "orangepi5-core-001"
WITHIN_S = 60.0
BARE_PYTHON = f"{sys.executable} -S"  # -S: no site-packages
WITHOUT_NETWORK = "unshare --net" if os.geteuid() == 0 else "unshare --net --map-current-user"
PYTHON_SETTING = re.compile(r"PYTHON: python3\.\d+$", re.MULTILINE)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of every component."""
    output = tmp_path_factory.mktemp("build")
    build_all(output)
    return output


@pytest.fixture
def core(tmp_path: Path) -> Iterator[RunningCore]:
    with running_core(tmp_path / "core") as running:
        yield running


def deploy(core: RunningCore, output: Path, interpreter: str, settings: dict[str, str]) -> None:
    """Deploy components of a build as a user does, with another interpreter, and settings (JSON) merged."""
    recipes = core.root.parent / "recipes"
    recipes.mkdir(exist_ok=True)
    merge: list[str] = []
    for name in settings:
        (recipe,) = (output / "recipes").glob(f"{name}-*.yaml")
        text, replaced = PYTHON_SETTING.subn(f"PYTHON: {interpreter}", recipe.read_text())
        assert replaced == 2
        (recipes / recipe.name).write_text(text)
        merge += ["-m", f"{name}={recipe.stem.removeprefix(name + '-')}"]
    update = ", ".join(f'"{name}": {{"MERGE": {{"settings": {given}}}}}' for name, given in settings.items())
    folders = ["-r", str(recipes), "-a", str(output / "artifacts")]
    edge("deployment", "create", *folders, *merge, "-c", f"{{{update}}}", "--wait", "--root", str(core.root))


def foreign_files(core: RunningCore, name: str) -> list[str]:
    """Compiled files that a component's process has loaded from a site-packages."""
    component = core.component(name)
    assert component
    maps = Path(f"/proc/{component['pid']}/maps").read_text()
    return [line for line in maps.splitlines() if "site-packages" in line]


def test_publisher_and_subscriber_run_from_the_zip_alone_without_a_network(
    core: RunningCore, output: Path
) -> None:
    publisher, subscriber = "com.example.MqttPublisher", "com.example.MqttSubscriber"
    interpreter = f"{WITHOUT_NETWORK} {BARE_PYTHON}"
    with CloudObserver(core.mqtt_port, f"{THING}/sensors/data") as cloud:
        deploy(core, output, interpreter, {publisher: '{"publish_interval_s": "0.2"}', subscriber: "{}"})
        cloud.wait_for(5, WITHIN_S)
        wait_until(lambda: log_of(core, subscriber).count(" message ") >= 3, WITHIN_S, "messages are shown")
        loaded = foreign_files(core, publisher) + foreign_files(core, subscriber)

    assert loaded == []
    assert "Traceback" not in log_of(core, publisher) + log_of(core, subscriber)


def test_batches_are_uploaded_from_the_zip_alone(core: RunningCore, output: Path) -> None:
    """Its own AWS library, with the models of S3 alone, fetches credentials and puts objects."""
    uploader, bucket = "com.example.S3BatchUploader", core.status()["bucket"]
    settings = f'{{"bucket": "{bucket}", "reading_interval_s": "0.2", "batch_max_records": "5"}}'
    deploy(core, output, BARE_PYTHON, {uploader: settings})

    def uploaded() -> int:
        return count(core.endpoints["s3"], bucket, core.status()["region"]).records

    wait_until(lambda: uploaded() >= 10, WITHIN_S, "two batches have arrived")
    assert foreign_files(core, uploader) == []
    assert "Traceback" not in log_of(core, uploader)
