"""Which devices a deployment to a group is for: its members now that are core devices, whatever they were."""

import pytest

from support.aws.bench import Bench
from support.aws.group import DEVICES, GROUP


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench with a group of five devices, and one component built and published."""
    return group_bench


def test_board_that_joins_is_waited_for_and_one_that_left_is_not(at: Bench) -> None:
    at.deploy(*GROUP, "--yes")
    at.cloud.fleet.add_thing("core-6")
    at.cloud.fleet.groups["orangepis"].remove("core-1")
    at.cloud.fleet.groups["orangepis"].append("core-6")
    at.cloud.fleet.endings["core-6"] = {"coreDeviceExecutionStatus": "FAILED"}
    said = at.deploy(*GROUP, "--again", "--yes", "--json", expect=3).document
    ended = {one["device"]: one["status"] for one in said["devices"]}
    assert ended == dict.fromkeys(DEVICES[1:], "SUCCEEDED") | {"core-6": "FAILED"}


def test_things_of_a_group_that_are_no_cores_are_not_waited_for(at: Bench) -> None:
    at.cloud.fleet.add_thing("lamp", is_core=False)
    at.cloud.fleet.groups["orangepis"].append("lamp")
    said = at.deploy(*GROUP, "--yes", "--json").document
    assert [one["device"] for one in said["devices"]] == list(DEVICES)


def test_core_of_a_group_within_the_group_gets_the_deployment_too(at: Bench) -> None:
    at.cloud.fleet.add_group("attic", "core-9")
    at.cloud.fleet.children["orangepis"] = ["attic"]
    said = at.deploy(*GROUP, "--yes", "--json").document
    assert {one["device"] for one in said["devices"]} == {*DEVICES, "core-9"}


def test_core_that_joins_while_waiting_is_waited_for(at: Bench) -> None:
    def join() -> None:
        at.cloud.fleet.add_thing("core-6")
        at.cloud.fleet.groups["orangepis"].append("core-6")

    at.cloud.faults.meanwhile("ListJobExecutionsForJob", join)
    said = at.deploy(*GROUP, "--yes", "--json").document
    assert {one["device"]: one["status"] for one in said["devices"]} == dict.fromkeys(
        (*DEVICES, "core-6"), "SUCCEEDED"
    )


def test_core_that_failed_and_left_the_group_does_not_count(at: Bench) -> None:
    at.cloud.fleet.endings["core-5"] = {"coreDeviceExecutionStatus": "FAILED"}
    at.deploy(*GROUP, "--yes", expect=3)
    at.cloud.fleet.left["orangepis"] = ["core-5"]
    at.cloud.fleet.groups["orangepis"].remove("core-5")
    assert "core-5" not in at.deploy(*GROUP).out


def test_group_without_a_core_says_so_and_is_deployed_to_without_waiting(at: Bench) -> None:
    at.cloud.fleet.groups["orangepis"].clear()
    said = at.deploy(*GROUP, "--yes", expect=1)
    assert (
        "No thing in group orangepis has connected as a Greengrass core yet, so there is nothing" in said.err
    )
    at.deploy(*GROUP, "--yes", "--no-wait")
    assert len(at.cloud.fleet.deployments) == 1
