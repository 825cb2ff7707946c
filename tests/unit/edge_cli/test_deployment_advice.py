"""What is said beside a local deployment: what has no effect, why a component refused, what waits."""

import json
from pathlib import Path

import pytest

from edge_cli import project, recipes
from edge_cli.configuration_option import Change
from edge_cli.core.deployment_advice import left_in_outboxes, refused_settings, without_effect
from edge_cli.core.deployments import DeploymentRequest
from edge_cli.core.greengrass_ipc import ComponentDetails
from edge_common.outbox.dead_letters import RECORDS_FOLDER
from edge_common.spool import Spool
from support.spool.spooling import small_limits

NAME = "com.example.MqttPublisher"
PRESENT = {NAME: ComponentDetails(NAME, "1.0.0", "RUNNING", {"settings": {"publish_interval_s": "5"}})}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (DeploymentRequest(remove=("com.example.Nope",)), "--remove com.example.Nope: the core has no such"),
        (DeploymentRequest(remove=("MqttPublisher",)), f"Did you mean {NAME}?"),
        (DeploymentRequest(update_config={"MqttPublisher": Change({"a": "b"})}), f"Did you mean {NAME}?"),
        (
            DeploymentRequest(update_config={NAME: Change({"publish_interval_s": "1"})}),
            "/settings/publish_interval_s",
        ),
        (DeploymentRequest(update_config={NAME: Change(reset=("/settings/nope",))}), "/settings/nope"),
    ],
)
def test_what_has_no_effect_is_said(request_: DeploymentRequest, said: str) -> None:
    (warning,) = without_effect(request_, PRESENT)
    assert said in warning


def test_what_has_an_effect_is_not_warned_of() -> None:
    change = Change({"settings": {"publish_interval_s": "1"}}, ("/settings/publish_interval_s",))
    wanted = DeploymentRequest(
        merge={"com.example.New": "1.0.0"},
        remove=(NAME,),
        update_config={NAME: change, "com.example.New": Change({"a": "b"})},
    )
    assert list(without_effect(wanted, PRESENT)) == []


def test_settings_that_a_component_refuses_are_told_with_what_takes_a_wrong_name_away() -> None:
    held = {"settings": {"publish_interval_s": "5", "intervall": "1"}}
    present = {NAME: ComponentDetails(NAME, "1.0.0", "BROKEN", held)}
    correct = DeploymentRequest(update_config={NAME: Change({"settings": {"publish_interval_s": "1"}})})

    (said,) = refused_settings(correct, present)

    assert said.startswith(
        f"{NAME} will not start with these settings: /settings/intervall: unknown setting."
    )
    reset = json.dumps({NAME: {"RESET": ["/settings/intervall"]}})
    assert said.endswith(f"-c '{reset}'")
    repaired = DeploymentRequest(update_config={NAME: Change(reset=("/settings/intervall",))})
    assert list(refused_settings(repaired, present)) == []


def test_wrong_name_that_is_only_asked_for_needs_no_reset() -> None:
    wrong = DeploymentRequest(update_config={NAME: Change({"settings": {"intervall": "1"}})})
    (said,) = refused_settings(wrong, PRESENT)
    assert "RESET" not in said


def test_settings_of_a_component_that_is_new_are_those_of_its_recipe_and_the_change() -> None:
    wrong = Change({"settings": {"publish_interval_s": "soon"}})
    recipe = project.find_component(NAME).recipe
    merge = {NAME: recipes.read_facts(recipe).version}
    new = DeploymentRequest(recipe.parent, merge=merge, update_config={NAME: wrong})

    (said,) = refused_settings(new, {})

    assert "/settings/publish_interval_s" in said
    assert list(refused_settings(DeploymentRequest(recipe.parent, merge=merge), {})) == []


def test_records_of_a_removed_component_are_said_to_wait(tmp_path: Path) -> None:
    outbox = tmp_path / "work" / NAME / "outbox"
    outbox.mkdir(parents=True)
    with Spool(outbox / RECORDS_FOLDER, small_limits()) as spool:
        for _ in range(10):
            spool.append(b"{}")
    (said,) = left_in_outboxes(tmp_path, DeploymentRequest(remove=(NAME,)))
    assert said.startswith(f"10 records of {NAME} wait in its outbox {outbox}.")
    assert list(left_in_outboxes(tmp_path, DeploymentRequest(merge={NAME: "1.0.0"}))) == []
