"""`edge deploy` and `edge deployments`, with the real boto3, against the strict stand-in."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.aws.account import CALLER
from support.aws.bench import Bench
from support.aws.builds import PUBLISHER, SUBSCRIBER
from support.aws.group import DEVICES, GROUP, add, arn, components, given, latest
from support.edge import RunningEdge
from support.terminal import asked
from support.waiting import wait_until

FOREIGN = [f"com.others.Component{number}" for number in range(10)]


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench with a group of five devices, and one component built and published."""
    return group_bench


def _foreign() -> dict[str, Any]:
    """Ten components of other people, each with everything that a deployment can say of one."""
    return {
        name: {
            "componentVersion": f"2.{number}.0",
            "configurationUpdate": {"merge": '{ "a" : {"b": 1.50} }', "reset": ["/old", "/accessControl"]},
            "runWith": {"posixUser": "somebody:group", "systemResourceLimits": {"cpus": 1.5, "memory": 4096}},
        }
        for number, name in enumerate(FOREIGN)
    }


def test_first_deployment_rolls_back_and_notifies_and_every_device_reports(at: Bench) -> None:
    said = at.deploy("mqtt_publisher", *GROUP, "--yes", "--json").document
    specification = at.cloud.specification(arn(at))
    assert specification["components"] == {PUBLISHER: {"componentVersion": "1.0.0"}}
    assert specification["deploymentPolicies"]["failureHandlingPolicy"] == "ROLLBACK"
    assert specification["deploymentPolicies"]["componentUpdatePolicy"] == {
        "action": "NOTIFY_COMPONENTS",
        "timeoutInSeconds": 60,
    }
    assert {one["device"]: one["status"] for one in said["devices"]} == dict.fromkeys(DEVICES, "SUCCEEDED")


def test_ten_foreign_components_survive_with_everything_that_is_said_of_them(at: Bench) -> None:
    others: dict[str, Any] = {
        "deploymentName": "somebody's",
        "deploymentPolicies": {
            "failureHandlingPolicy": "DO_NOTHING",
            "componentUpdatePolicy": {"action": "SKIP_NOTIFY_COMPONENTS", "timeoutInSeconds": 7},
            "configurationValidationPolicy": {"timeoutInSeconds": 9},
        },
        "iotJobConfiguration": {"jobExecutionsRolloutConfig": {"maximumPerMinute": 5}},
        "tags": {"owner": "somebody"},
    }
    before = given(at, _foreign(), **others)
    at.deploy(*GROUP, "--yes")
    after = at.cloud.specification(arn(at))
    assert after["components"].pop(PUBLISHER) == {"componentVersion": "1.0.0"}
    assert after["components"] == before["components"] == _foreign()
    assert {key: after[key] for key in others} == others


def test_difference_is_shown_and_what_stays_is_named(at: Bench) -> None:
    given(at, {PUBLISHER: {"componentVersion": "0.9.0"}, "com.others.X": {"componentVersion": "1.0.0"}})
    said = at.deploy(*GROUP, "--dry-run")
    assert f"changed  {PUBLISHER} 0.9.0 -> 1.0.0" in said.out
    assert "Unchanged: com.others.X" in said.out


def test_dry_run_changes_nothing(at: Bench) -> None:
    before = given(at, _foreign())
    said = at.deploy(*GROUP, "--dry-run", "--json").document
    assert [one["kind"] for one in said["differences"]] == ["added"]
    assert said["untouched"] == FOREIGN
    assert at.cloud.faults.changes == []
    assert at.cloud.specification(arn(at)) == before


def test_deployment_that_fails_on_one_device_names_it_and_says_why(at: Bench) -> None:
    at.cloud.fleet.endings["core-3"] = {
        "coreDeviceExecutionStatus": "FAILED",
        "reason": "com.example.MqttPublisher entered BROKEN state during deployment",
        "statusDetails": {
            "errorStack": ["DEPLOYMENT_FAILURE", "COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN"],
            "errorTypes": ["COMPONENT_ERROR"],
        },
    }
    said = at.deploy(*GROUP, "--yes", expect=3)
    (line,) = (line for line in said.out.splitlines() if line.startswith("core-3"))
    assert "FAILED" in line
    assert "entered BROKEN state" in line
    assert "DEPLOYMENT_FAILURE > COMPONENT_UPDATE_ERROR > COMPONENT_BROKEN [COMPONENT_ERROR]" in line
    assert said.out.count("SUCCEEDED") == 4
    assert "Failed on core-3: whether it was rolled back is not known." in said.out


def test_devices_that_failed_try_again_when_told_so(at: Bench) -> None:
    at.cloud.fleet.endings["core-3"] = {"coreDeviceExecutionStatus": "FAILED"}
    at.deploy(*GROUP, "--yes", expect=3)
    at.deploy(*GROUP, "--yes", expect=3)  # changes nothing: it shows how the one that holds has ended
    del at.cloud.fleet.endings["core-3"]
    at.deploy(*GROUP, "--yes", "--again")
    assert len(at.cloud.fleet.deployments) == 2


def test_device_that_is_not_there_is_named_when_the_time_is_up(at: Bench) -> None:
    at.cloud.fleet.silent.add("core-5")
    said = at.deploy(*GROUP, "--yes", "--timeout-s", "1", expect=4)
    assert "Not finished yet: core-5" in said.out
    at.cloud.fleet.silent.clear()
    at.deploy(*GROUP)  # waits on, and needs no consent for that
    assert len(at.cloud.fleet.deployments) == 1


def test_removed_component_goes_and_others_stay(at: Bench) -> None:
    given(at, {**_foreign(), SUBSCRIBER: {"componentVersion": "1.0.0"}})
    at.deploy(*GROUP, "--remove", "mqtt_subscriber", "--yes")
    assert components(at) == _foreign()


def test_removing_what_is_not_there_names_what_is(at: Bench) -> None:
    given(at, _foreign())
    said = at.deploy(*GROUP, "--remove", "mqtt_subscriber", "--yes", expect=1)
    assert f"{SUBSCRIBER} cannot be removed: the target does not have it." in said.err
    assert "To deploy it" not in said.err
    assert FOREIGN[0] in said.err
    assert at.cloud.faults.changes == []


def test_configuration_is_merged_into_what_was_deployed(at: Bench, tmp_path: Path) -> None:
    update = {"merge": json.dumps({"settings": {"a": "1", "b": "2"}}), "reset": ["/old"]}
    given(at, {PUBLISHER: {"componentVersion": "1.0.0", "configurationUpdate": update}})
    change = tmp_path / "change.json"
    change.write_text(
        json.dumps({"mqtt_publisher": {"MERGE": {"settings": {"b": "3"}}, "RESET": ["/settings/a"]}})
    )
    said = at.deploy(*GROUP, "--configuration", str(change), "--yes")
    after = components(at)[PUBLISHER]["configurationUpdate"]
    assert json.loads(after["merge"]) == {"settings": {"b": "3"}}
    assert after["reset"] == ["/old", "/settings/a"]
    assert '/settings/b: "2" -> "3"' in said.out
    assert "/settings/a is no longer set" in said.out


def test_secret_in_a_configuration_is_deployed_and_never_shown(at: Bench) -> None:
    merge = {"broker": {"password": "canary-1"}, "users": [{"secret": "canary-2"}], "token": "canary-3"}
    given(at, {FOREIGN[0]: {"componentVersion": "1.0.0"}})
    change = json.dumps({FOREIGN[0]: {"MERGE": merge}})
    for words in (["--dry-run"], ["--dry-run", "--json"], ["--yes"]):
        said = at.deploy(*GROUP, "--configuration", change, *words)
        assert "canary" not in said.out + said.err
        assert "/broker/password" in said.out
    assert json.loads(components(at)[FOREIGN[0]]["configurationUpdate"]["merge"]) == merge


def test_changed_grants_are_reset_and_stay_reset(at: Bench) -> None:
    given(at, {PUBLISHER: {"componentVersion": "1.0.0", "runWith": {"posixUser": "me"}}})
    add(at, PUBLISHER, "1.1.0", grants={"aws.greengrass.ipc.mqttproxy": {"1": {"resources": ["new/#"]}}})
    said = at.deploy(*GROUP, "--yes")
    assert "/accessControl goes back to the recipe's" in said.out
    add(at, PUBLISHER, "1.2.0", grants={"aws.greengrass.ipc.mqttproxy": {"1": {"resources": ["new/#"]}}})
    at.deploy(*GROUP, "--yes")
    assert components(at)[PUBLISHER] == {
        "componentVersion": "1.2.0",
        "configurationUpdate": {"reset": ["/accessControl"]},  # for devices that missed the one before
        "runWith": {"posixUser": "me"},
    }


def test_same_grants_reset_nothing(at: Bench) -> None:
    given(at, {PUBLISHER: {"componentVersion": "1.0.0"}})
    add(at, PUBLISHER, "1.1.0")
    at.deploy(*GROUP, "--yes")
    assert components(at)[PUBLISHER] == {"componentVersion": "1.1.0"}


def test_version_is_chosen_and_must_be_there(at: Bench) -> None:
    add(at, PUBLISHER, "2.0.0-rc.1")
    at.deploy("mqtt_publisher", *GROUP, "--yes")
    assert components(at)[PUBLISHER]["componentVersion"] == "1.0.0"
    at.deploy("mqtt_publisher=2.0.0-rc.1", *GROUP, "--yes")
    assert components(at)[PUBLISHER]["componentVersion"] == "2.0.0-rc.1"
    said = at.deploy("mqtt_publisher=3.0.0", *GROUP, "--yes", expect=1)
    assert f"There is no {PUBLISHER} 3.0.0" in said.err
    assert "There are: 1.0.0, 2.0.0-rc.1" in said.err
    assert "scripts/edge publish" in said.err


def test_component_of_amazon_is_not_said_to_be_published_from_here(at: Bench) -> None:
    said = at.deploy("aws.greengrass.Nucleus=VERSION", *GROUP, "--yes", expect=1)
    assert "There is no aws.greengrass.Nucleus VERSION among Amazon's components" in said.err
    assert "scripts/edge publish" not in said.err
    assert "list-components --scope PUBLIC" in said.err


@pytest.mark.parametrize("version", ["", "=1.0.0"])
@pytest.mark.parametrize(
    ("name", "owner"), [("aws.greengrass.labs.Cam", "self"), ("variant.Cam", "aws")], ids=str
)
def test_name_does_not_tell_whose_a_component_is(at: Bench, name: str, owner: str, version: str) -> None:
    add(at, name, "1.0.0")
    if owner == "aws":
        at.cloud.components.make_public(name, "1.0.0")
    at.deploy(f"{name}{version}", *GROUP, "--yes", "--no-wait")
    assert components(at)[name] == {"componentVersion": "1.0.0"}


def test_recipe_that_is_gone_is_not_taken_for_other_grants(at: Bench) -> None:
    given(at, {PUBLISHER: {"componentVersion": "0.9.0"}})
    del at.cloud.components.versions[at.cloud.components.arn(PUBLISHER, "0.9.0")]
    at.deploy("mqtt_publisher=1.0.0", *GROUP, "--yes", "--no-wait")
    assert components(at)[PUBLISHER] == {"componentVersion": "1.0.0"}


def test_version_that_the_list_does_not_have_yet_is_deployed(at: Bench) -> None:
    at.cloud.components.unlisted.add(at.cloud.components.arn(PUBLISHER, "1.0.0"))
    for words in ("mqtt_publisher", "mqtt_publisher=1.0.0"):
        at.deploy(words, *GROUP, "--yes", "--no-wait")
        assert components(at)[PUBLISHER] == {"componentVersion": "1.0.0"}


def test_one_thing_gets_its_own_deployment(at: Bench) -> None:
    arn = at.cloud.fleet.add_thing("orangepi5-core-001")
    at.deploy("--thing", "orangepi5-core-001", "--yes")
    assert at.cloud.specification(arn)["components"] == {PUBLISHER: {"componentVersion": "1.0.0"}}


def test_thing_that_is_no_core_yet_is_deployed_to_only_without_waiting(at: Bench) -> None:
    at.cloud.fleet.add_thing("new-board", is_core=False)
    said = at.deploy("--thing", "new-board", "--yes", expect=1)
    assert "--no-wait" in said.err
    assert at.cloud.faults.changes == []
    at.deploy("--thing", "new-board", "--yes", "--no-wait")
    assert len(at.cloud.fleet.deployments) == 1


@pytest.mark.parametrize("target", [["--thing", "typo"], ["--group", "typo"]], ids=" ".join)
def test_target_that_is_not_there_is_one_message(at: Bench, target: list[str]) -> None:
    said = at.deploy(*target, "--yes", expect=1)
    assert "typo in account 123456789012, region ap-northeast-2" in said.err
    assert "--region" in said.err


def test_other_region_has_none_of_it(at: Bench) -> None:
    assert "region eu-west-1" in at.deploy(*GROUP, "--yes", "--region", "eu-west-1", expect=1).err


@pytest.mark.parametrize("words", [[], ["--thing", "a", "--group", "b"]], ids=" ".join)
def test_target_must_be_one(at: Bench, words: list[str]) -> None:
    assert "either --thing NAME or --group NAME" in at.deploy(*words, expect=1).err


def test_where_nobody_can_be_asked_nothing_happens_without_yes(at: Bench) -> None:
    assert "--yes" in at.deploy(*GROUP, expect=1).err
    assert at.cloud.faults.changes == []


@pytest.mark.parametrize(("answer", "deployed", "code"), [(b"y\n", 1, 0), (b"n\n", 0, 1), (b"\n", 0, 1)])
def test_person_at_a_terminal_is_asked(at: Bench, answer: bytes, deployed: int, code: int) -> None:
    with asked("deploy", *GROUP, "--build", str(at.folder)) as terminal:
        said = terminal.answer(answer)
    assert terminal.code == code, said
    assert PUBLISHER.encode() in said
    assert len(at.cloud.fleet.deployments) == deployed


def test_deployment_of_somebody_else_meanwhile_is_not_undone(at: Bench) -> None:
    with asked("deploy", *GROUP, "--build", str(at.folder)) as terminal:
        given(at, _foreign())
        said = terminal.answer(b"y\n")
    assert terminal.code == 1
    assert b"Somebody else has deployed to group orangepis or cancelled meanwhile" in said
    assert components(at) == _foreign()


def test_throttled_calls_are_made_again(at: Bench) -> None:
    at.cloud.faults.throttle("CreateDeployment", 2)
    at.cloud.faults.throttle("ListJobExecutionsForJob", 2)
    at.deploy(*GROUP, "--yes")
    assert at.cloud.faults.calls("CreateDeployment") == 3
    assert len(at.cloud.fleet.deployments) == 1


@pytest.mark.parametrize(
    ("operation", "action", "said_by_aws"),
    [
        ("DescribeThingGroup", "iot:DescribeThingGroup", "no"),
        ("ListDeployments", "greengrass:ListDeployments", "not authorized to perform: null"),
        ("CreateDeployment", "iot:CreateJob", "not authorized to perform: iot:CreateJob on resource: arn:x"),
        ("ListJobExecutionsForJob", "iot:ListJobExecutionsForJob", "no"),
    ],
)
def test_access_denied_names_the_action_that_is_missing(
    at: Bench, operation: str, action: str, said_by_aws: str
) -> None:
    given(at, _foreign())
    at.cloud.faults.deny(operation, said_by_aws)
    assert f"Access denied: {CALLER} may not do {action}" in at.deploy(*GROUP, "--yes", expect=1).err


def test_waiting_that_ends_early_says_that_the_deployment_goes_on(at: Bench) -> None:
    at.cloud.fleet.silent.update(DEVICES)
    with RunningEdge("deploy", *GROUP, "--build", str(at.folder), "--yes") as command:
        command.line_with("QUEUED")
        assert command.interrupt() == 130
        command.line_with("goes on: run this command again")


def test_waiting_that_is_refused_says_that_the_deployment_goes_on(at: Bench) -> None:
    at.cloud.faults.deny("ListJobExecutionsForJob", "no")
    assert "goes on: run this command again" in at.deploy(*GROUP, "--yes", expect=4).err
    assert len(at.cloud.fleet.deployments) == 1


def test_program_that_is_interrupted_while_it_waits_learns_what_goes_on(at: Bench) -> None:
    at.cloud.fleet.silent.update(DEVICES)
    with RunningEdge("deploy", *GROUP, "--build", str(at.folder), "--yes", "--json") as command:
        wait_until(
            lambda: at.cloud.faults.calls("ListJobExecutionsForJob") > 0, 60, "it waits for the devices"
        )
        assert command.interrupt() == 130
        said = json.loads(command.line_with("deployment_id"))
    assert said["deployment_id"] == latest(at).deployment_id
    assert said["devices"] is None


def test_deployment_replaced_while_waiting_ends_the_waiting(at: Bench) -> None:
    at.cloud.fleet.silent.update(DEVICES)
    with RunningEdge("deploy", *GROUP, "--build", str(at.folder), "--yes") as command:
        command.line_with("QUEUED")
        with at.cloud.lock:
            given(at, _foreign())
        command.line_with("replaced by a newer one")
        assert command.wait() == 3


def test_deployment_cancelled_while_waiting_ends_the_waiting_and_names_what_to_do(at: Bench) -> None:
    at.cloud.fleet.silent.update(DEVICES)
    with RunningEdge("deploy", *GROUP, "--build", str(at.folder), "--yes") as command:
        command.line_with("QUEUED")
        latest(at).is_canceled = True
        assert f"--base {latest(at).deployment_id}" in command.line_with("was cancelled")
        assert command.wait() == 3


def test_history_shows_every_deployment_and_how_devices_fare_with_the_latest(at: Bench) -> None:
    for minor in range(4):
        add(at, PUBLISHER, f"1.{minor}.0")
        at.deploy(*GROUP, "--yes")
    found = at.edge("deployments", *GROUP, "--json").document
    assert len(found["deployments"]) == 4
    assert [one["is_latest"] for one in found["deployments"]] == [True, False, False, False]
    assert found["deployments"][0]["components"] == {PUBLISHER: "1.3.0"}
    assert {one["status"] for one in found["devices"]} == {"SUCCEEDED"}
    text = at.edge("deployments", *GROUP, "--limit", "2").out
    assert text.count("INACTIVE") == 1
    assert "in effect" in text
    assert "core-5" in text


def test_history_of_a_target_without_any_says_so(at: Bench) -> None:
    assert "Nothing was deployed" in at.edge("deployments", *GROUP).out
    assert at.cloud.faults.changes == []
