"""What `edge deploy` builds upon: cancelled and failed deployments, --base, and RESETs that are done once."""

import json
from typing import Any

import pytest
from botocore.config import Config

from edge_cli.fleet import aws
from support.aws.bench import Bench
from support.aws.builds import PUBLISHER
from support.aws.group import GROUP, add, components, done, given, latest
from support.terminal import asked

OTHERS = "com.others.X"
ONE: dict[str, Any] = {OTHERS: {"componentVersion": "1.0.0"}}
TWO: dict[str, Any] = {OTHERS: {"componentVersion": "2.0.0"}}
DRY = ("--dry-run", "--json")


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench with a group of five devices, and one component built and published."""
    return group_bench


def _cancelled(at: Bench) -> tuple[str, str]:
    """The group ran ONE, then TWO was cancelled; ids of the two."""
    given(at, ONE)
    first = latest(at).deployment_id
    given(at, TWO)
    latest(at).is_canceled = True
    return first, latest(at).deployment_id


def _updated(at: Bench, update: dict[str, Any], version: str = "1.0.0") -> None:
    """The publisher runs with a configuration, and every device is through with that."""
    given(at, {PUBLISHER: {"componentVersion": version, "configurationUpdate": update}})
    done(at)


@pytest.mark.parametrize(
    "words", [["--yes"], ["--dry-run"], ["mqtt_publisher", "--again", "--yes"]], ids=" ".join
)
def test_cancelled_deployment_is_not_built_upon_and_the_candidates_are_named(
    at: Bench, words: list[str]
) -> None:
    first, cancelled = _cancelled(at)
    said = at.deploy(*GROUP, *words, expect=1)
    assert "was cancelled" in said.err
    assert f"--base {cancelled}" in said.err
    assert f"the cancelled one: {OTHERS} 1.0.0 -> 2.0.0" in said.err
    assert f"--base {first}" in said.err
    assert at.cloud.faults.changes == []


def test_base_that_was_not_cancelled_leaves_the_cancelled_changes_out(at: Bench) -> None:
    first, cancelled = _cancelled(at)
    said = at.deploy("mqtt_publisher", *GROUP, "--base", first, "--yes")
    assert components(at) == ONE | {PUBLISHER: {"componentVersion": "1.0.0"}}
    assert f"Starts from deployment {first}" in said.out
    assert f"{cancelled}, was cancelled" in said.out


def test_base_that_was_cancelled_shows_what_goes_out_again(at: Bench) -> None:
    _, cancelled = _cancelled(at)
    said = at.deploy("mqtt_publisher", *GROUP, "--base", cancelled, "--yes")
    assert components(at) == TWO | {PUBLISHER: {"componentVersion": "1.0.0"}}
    assert f"changed  {OTHERS} 1.0.0 -> 2.0.0" in said.out


def test_base_alone_goes_back_to_it_with_its_settings(at: Bench) -> None:
    _updated(at, {"merge": '{"settings": {"a": "1"}}'})
    first = latest(at).deployment_id
    _updated(at, {"merge": '{"settings": {"a": "1", "b": "2"}}'}, version="1.1.0")
    said = at.deploy(*GROUP, "--base", first, "--yes")
    # Devices keep what was merged: only a RESET takes it away.
    assert components(at) == {
        PUBLISHER: {
            "componentVersion": "1.0.0",
            "configurationUpdate": {"merge": '{"settings": {"a": "1"}}', "reset": ["/settings/b"]},
        }
    }
    assert f"{PUBLISHER} 1.1.0 -> 1.0.0" in said.out
    assert "/settings/b goes back to the recipe's" in said.out


def test_cancelled_deployment_of_which_nothing_was_before_can_be_made_again(at: Bench) -> None:
    given(at, ONE)
    latest(at).is_canceled = True
    assert at.deploy(*GROUP, expect=1).err.count("--base") == 1
    at.deploy(*GROUP, "--base", latest(at).deployment_id, "--yes")
    assert components(at) == ONE
    assert len(at.cloud.fleet.deployments) == 2


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"]], ids=" ".join)
def test_latest_that_was_deleted_is_asked_about_and_nothing_else_is_uninstalled(
    at: Bench, words: list[str]
) -> None:
    given(at, ONE)
    first = latest(at).deployment_id
    given(at, TWO)
    at.cloud.fleet.delete_deployment({"deploymentId": latest(at).deployment_id})
    said = at.deploy("mqtt_publisher", *GROUP, *words, expect=1)
    assert "was deleted" in said.err
    assert f"--base {first}" in said.err
    assert at.cloud.faults.changes == []


def test_base_that_is_left_after_the_latest_was_deleted_is_built_upon(at: Bench) -> None:
    given(at, ONE)
    first = latest(at).deployment_id
    given(at, TWO)
    at.cloud.fleet.delete_deployment({"deploymentId": latest(at).deployment_id})
    said = at.deploy("mqtt_publisher", *GROUP, "--base", first, "--yes")
    assert components(at) == ONE | {PUBLISHER: {"componentVersion": "1.0.0"}}
    assert "not from the latest, which was deleted" in said.out
    assert "same moment" not in said.err


def test_base_must_be_a_deployment_of_the_target(at: Bench) -> None:
    at.cloud.fleet.add_thing("core-9")
    at.deploy("--thing", "core-9", "--yes", "--no-wait")
    elsewhere = latest(at).deployment_id
    assert "not of group orangepis" in at.deploy(*GROUP, "--base", elsewhere, "--yes", expect=1).err
    assert "There is no deployment absent" in at.deploy(*GROUP, "--base", "absent", "--yes", expect=1).err


def test_cancelling_while_a_person_looks_at_the_plan_stops_it(at: Bench) -> None:
    given(at, ONE)
    with asked("deploy", *GROUP, "--build", str(at.folder)) as terminal:
        latest(at).is_canceled = True
        assert b"or cancelled" in terminal.answer(b"y\n")
    assert terminal.code == 1
    assert len(at.cloud.fleet.deployments) == 1


def test_two_people_in_the_same_moment_are_told(at: Bench) -> None:
    given(at, ONE)
    at.cloud.faults.meanwhile("CreateDeployment", lambda: given(at, TWO))
    said = at.deploy(*GROUP, "--yes")
    theirs = at.cloud.fleet.deployments[1].deployment_id
    assert f"Somebody created deployment {theirs} in the same moment" in said.err
    assert f"--base {theirs}" in said.err
    assert "same moment" not in at.deploy(*GROUP, "--again", "--yes").err


def test_plan_upon_a_deployment_that_failed_says_what_goes_out_again(at: Bench) -> None:
    given(at, ONE)
    done(at)
    at.cloud.fleet.endings["core-3"] = {"coreDeviceExecutionStatus": "FAILED"}
    (note,) = at.deploy(*GROUP, *DRY).document["notes"]
    assert f"{latest(at).deployment_id}, failed on core-3: what it asked for" in note
    at.cloud.fleet.endings.clear()
    latest(at).has_failed = True
    assert "failed: what it asked for" in at.deploy(*GROUP, "--dry-run").out


def test_plan_upon_a_deployment_that_never_ends_names_the_devices(at: Bench) -> None:
    at.cloud.fleet.silent.add("core-5")
    given(at, ONE)
    done(at)
    (note,) = at.deploy(*GROUP, *DRY).document["notes"]
    assert note.endswith("is not finished yet on core-5.")


def test_reset_is_done_once_and_the_plan_says_so(at: Bench) -> None:
    change = json.dumps({PUBLISHER: {"RESET": ["/settings/a"]}})
    _updated(at, {"merge": '{"settings": {"a": "1", "b": "2"}}'})
    at.deploy(*GROUP, "--configuration", change, "--yes")
    assert components(at)[PUBLISHER]["configurationUpdate"]["reset"] == ["/settings/a"]
    assert at.deploy(*GROUP, "--configuration", change, *DRY).document["differences"] == []
    add(at, OTHERS, "1.0.0")
    said = at.deploy(f"{OTHERS}=1.0.0", *GROUP, "--yes")
    assert components(at)[PUBLISHER]["configurationUpdate"] == {"merge": '{"settings": {"b": "2"}}'}
    assert f"{PUBLISHER}: /settings/a went back to the recipe's with the deployment before" in said.out
    assert f"Unchanged: {PUBLISHER}" in said.out


def test_reset_of_a_deployment_that_is_not_through_is_done_by_the_next_and_shown(at: Bench) -> None:
    at.cloud.fleet.silent.add("core-5")
    _updated(at, {"reset": ["/settings/a"]})
    add(at, OTHERS, "1.0.0")
    said = at.deploy(f"{OTHERS}=1.0.0", *GROUP, "--yes", "--no-wait")
    assert components(at)[PUBLISHER]["configurationUpdate"] == {"reset": ["/settings/a"]}
    assert f"{PUBLISHER}: /settings/a goes back to the recipe's once more: not all devices" in said.out


def test_again_does_the_resets_again(at: Bench) -> None:
    _updated(at, {"reset": ["/settings/a"]})
    at.deploy("mqtt_publisher", *GROUP, "--again", "--yes")
    assert components(at)[PUBLISHER]["configurationUpdate"] == {"reset": ["/settings/a"]}


def test_large_group_is_looked_at_with_few_calls_and_who_needs_a_look_is_shown(at: Bench) -> None:
    at.cloud.fleet.add_group("large", *[f"core-{number}" for number in range(24)])
    at.deploy("--group", "large", "--yes")
    assert at.cloud.faults.calls("ListEffectiveDeployments") == 0
    text = at.edge("deployments", "--group", "large").out
    assert at.cloud.faults.calls("ListEffectiveDeployments") == 0
    assert "24 devices  SUCCEEDED" in text


def test_history_does_not_call_a_cancelled_deployment_the_one_that_holds(at: Bench) -> None:
    _cancelled(at)
    said = at.edge("deployments", *GROUP).out
    assert "it is not known which devices run it" in said
    assert "in effect" not in said


def test_waiting_outlasts_a_service_that_limits_how_often_it_is_asked(
    at: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the SDK itself would ask again, for a minute.
    monkeypatch.setattr(aws, "_CONFIG", aws._CONFIG.merge(Config(retries={"total_max_attempts": 1})))
    at.cloud.faults.throttle("ListJobExecutionsForJob", 3)
    at.cloud.faults.throttle("GetDeployment", 2)
    at.deploy(*GROUP, "--yes")
    assert at.cloud.faults.calls("ListJobExecutionsForJob") > 3


def test_call_that_fails_after_the_deployment_was_created_names_it(at: Bench) -> None:
    at.cloud.faults.meanwhile("CreateDeployment", lambda: at.cloud.faults.deny("ListDeployments", "no"))
    said = at.deploy(*GROUP, "--yes", "--no-wait", expect=4)
    assert f"Deployment {latest(at).deployment_id} goes on: run this command again" in said.err


def test_setting_that_only_moved_is_not_reset(at: Bench) -> None:
    _updated(at, {"merge": '{"settings": {"a": {"b": "1"}, "c": {}}}'})
    change = json.dumps({PUBLISHER: {"MERGE": {"settings": {"a": "1", "c": {"d": "2"}}}}})
    at.deploy(*GROUP, "--configuration", change, "--yes", "--no-wait")
    assert "reset" not in components(at)[PUBLISHER]["configurationUpdate"]
