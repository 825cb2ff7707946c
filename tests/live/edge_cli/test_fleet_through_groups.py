"""A thing in a group: its core runs what both ask for, and `edge deploy` and `deployments` know that."""

import pytest

from support.aws.bench import Bench
from support.aws.builds import PUBLISHER
from support.aws.group import GROUP, add, arn, given, latest

THING = ("--thing", "core-3")


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench where the group runs a component, and another version of it can be deployed."""
    given(group_bench, {PUBLISHER: {"componentVersion": "1.1.0"}})
    return group_bench


def _notes(at: Bench) -> str:
    words = (f"{PUBLISHER}=1.0.0", *THING, "--dry-run", "--json")
    return "\n".join(at.deploy(*words).document["notes"])


def test_version_that_the_group_does_not_ask_for_is_a_loud_note_and_stops_nobody(at: Bench) -> None:
    assert f"CONFLICT: group orangepis asks for {PUBLISHER} 1.1.0, and this for 1.0.0" in _notes(at)
    assert "CONFLICT" in at.deploy(f"{PUBLISHER}=1.0.0", *THING, "--yes", "--no-wait").out
    assert len(at.cloud.fleet.deployments) == 2


def test_group_that_the_thing_has_left_does_not_count(at: Bench) -> None:
    at.cloud.fleet.groups["orangepis"].remove("core-3")
    at.cloud.fleet.left["orangepis"] = ["core-3"]
    assert "CONFLICT" not in _notes(at)
    assert at.edge("deployments", *THING, "--json").document["through_groups"] == []


def test_group_above_those_of_the_thing_counts_whatever_page_it_is_on(at: Bench) -> None:
    at.cloud.fleet.groups["orangepis"].clear()
    for number in range(3):
        at.cloud.fleet.add_group(f"other-{number}", "core-3")
    at.cloud.fleet.add_group("left-side", "core-3")
    at.cloud.fleet.children["orangepis"] = ["left-side"]
    assert "CONFLICT: group orangepis" in _notes(at)


def test_deployment_of_a_group_that_was_deleted_counts_as_nothing(at: Bench) -> None:
    at.cloud.fleet.delete_deployment({"deploymentId": latest(at).deployment_id})
    assert "CONFLICT" not in _notes(at)
    assert at.edge("deployments", *THING, "--json").document["through_groups"] == []


def test_whoever_may_not_ask_for_groups_is_told_and_can_deploy(at: Bench) -> None:
    at.cloud.faults.deny("ListThingGroupsForThing", "not authorized")
    assert "was not compared with this" in _notes(at)


def test_same_version_and_other_components_are_deployed(at: Bench) -> None:
    add(at, "com.others.X", "1.0.0")
    at.deploy(f"{PUBLISHER}=1.1.0", "com.others.X=1.0.0", *THING, "--yes")
    assert len(at.cloud.fleet.deployments) == 2


def test_group_that_failed_on_the_device_does_not_count(at: Bench) -> None:
    at.cloud.fleet.endings["core-3"] = {"coreDeviceExecutionStatus": "FAILED"}
    latest(at).asked["core-3"] = 3
    at.deploy(f"{PUBLISHER}=1.0.0", *THING, "--yes", "--no-wait")
    assert len(at.cloud.fleet.deployments) == 2


def test_history_of_a_thing_shows_what_it_gets_through_its_group(at: Bench) -> None:
    said = at.edge("deployments", *THING).out
    assert "Nothing was deployed to thing core-3 itself yet." in said
    assert "arn:" not in said
    assert "through group orangepis" in said
    assert f"{PUBLISHER} 1.1.0" in said
    (through,) = at.edge("deployments", *THING, "--json").document["through_groups"]
    assert through["deployment_id"] == latest(at).deployment_id
    assert through["components"] == {PUBLISHER: "1.1.0"}


def test_history_of_a_thing_that_is_no_core_is_empty(at: Bench) -> None:
    at.cloud.fleet.add_thing("lamp", is_core=False)
    assert "Nothing was deployed to thing lamp yet." in at.edge("deployments", "--thing", "lamp").out


def test_history_tells_what_each_deployment_held(at: Bench) -> None:
    at.deploy(*GROUP, "--remove", PUBLISHER, "--yes")
    found = at.edge("deployments", *GROUP, "--json").document["deployments"]
    assert [one["components"] for one in found] == [{}, {PUBLISHER: "1.1.0"}]
    assert found[0]["is_latest"]
    said = at.edge("deployments", *GROUP).out
    assert f"{PUBLISHER} 1.1.0" in said.partition("INACTIVE")[2]
    assert at.cloud.specification(arn(at))["components"] == {}
