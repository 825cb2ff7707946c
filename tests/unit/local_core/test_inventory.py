import json
from pathlib import Path

import pytest

from local_core.deployments.deployment import DeploymentRecord, DetailedStatus, Failure, Status
from local_core.deployments.inventory import Installed, Inventory, read_inventory
from local_core.runtime.definition import RunWith
from support.file_size import file_size_limit


def record(number: int, status: Status = Status.SUCCEEDED) -> DeploymentRecord:
    return DeploymentRecord(f"id-{number}", 1795235171.5, status)


def test_what_is_deployed_survives_a_restart(tmp_path: Path) -> None:
    failed = record(2, Status.FAILED)
    failed.detailed_status = DetailedStatus.FAILED_NO_STATE_CHANGE
    failed.failure = Failure("cause", ("DEPLOYMENT_FAILURE", "X"), ("TYPE",))
    saved = Inventory(
        tmp_path / "config" / "deployments.json",
        groups={"LOCAL_DEPLOYMENT": {"com.example.X": "1.0.0"}},
        components={"com.example.X": Installed("1.0.0", RunWith("user:group", 1.5, 1024))},
        built_ins={"aws.greengrass.Nucleus": "2.17.0"},
        deployments=[record(1), failed],
        former_configurations={"com.example.X": {"a": 1}},
    )

    saved.save()

    assert read_inventory(saved.path) == saved
    assert saved.roots == {"com.example.X"}


def test_file_of_a_core_that_noted_no_former_configurations_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deployments.json"
    Inventory(path, groups={"LOCAL_DEPLOYMENT": {}}).save()
    content = json.loads(path.read_text())
    del content["former_configurations"]
    path.write_text(json.dumps(content))

    assert read_inventory(path).groups == {"LOCAL_DEPLOYMENT": {}}


def test_change_that_could_not_be_noted_has_not_begun(tmp_path: Path) -> None:
    inventory = Inventory(tmp_path / "deployments.json")

    with file_size_limit(0), pytest.raises(OSError, match="File too large"):
        inventory.begin_change({"com.example.X": {"a": 1}})

    assert not inventory.former_configurations


def test_first_core_on_a_root_has_nothing(tmp_path: Path) -> None:
    assert read_inventory(tmp_path / "deployments.json").components == {}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.IN_PROGRESS])
def test_deployment_that_outlived_its_core_is_failed(tmp_path: Path, status: Status) -> None:
    inventory = Inventory(tmp_path / "deployments.json", deployments=[record(1, status)])
    inventory.save()

    found = read_inventory(inventory.path).find("id-1")

    assert found
    assert found.status is Status.FAILED
    assert found.failure
    assert "The core ended before" in found.failure.cause


def test_only_the_last_hundred_deployments_are_remembered(tmp_path: Path) -> None:
    inventory = Inventory(tmp_path / "deployments.json")
    inventory.deployments = [record(0, Status.QUEUED), *(record(number) for number in range(1, 151))]

    inventory.save()

    kept = [each.deployment_id for each in inventory.deployments]
    assert kept == ["id-0", *(f"id-{number}" for number in range(52, 151))]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "groups": {}}'])
def test_damaged_file_is_set_aside_and_the_core_starts_empty(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "deployments.json"
    path.write_text(content)

    assert read_inventory(path) == Inventory(path)
    assert (tmp_path / "deployments.json.damaged").read_text() == content
    assert "deploy again" in caplog.text
