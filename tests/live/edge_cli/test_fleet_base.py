"""What `edge deploy --base` takes from an earlier deployment, and what it leaves as it is."""

from typing import Any

import pytest

from support.aws.bench import Bench
from support.aws.builds import PUBLISHER
from support.aws.group import GROUP, add, arn, components, done, given, latest

NUCLEUS = "aws.greengrass.Nucleus"
OTHERS = "com.others.X"
ROLLOUT: dict[str, Any] = {
    "jobExecutionsRolloutConfig": {"maximumPerMinute": 5},
    "abortConfig": {
        "criteriaList": [
            {
                "failureType": "FAILED",
                "action": "CANCEL",
                "thresholdPercentage": 10.5,
                "minNumberOfExecutedThings": 3,
            }
        ]
    },
    "timeoutConfig": {"inProgressTimeoutInMinutes": 30},
}


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench with a group of five devices, and one component built and published."""
    return group_bench


def _held(version: str, merge: str | None = None) -> dict[str, Any]:
    return {"componentVersion": version} | ({"configurationUpdate": {"merge": merge}} if merge else {})


def test_what_the_installer_wrote_into_the_nucleus_is_never_reset(at: Bench) -> None:
    given(at, {NUCLEUS: _held("2.13.0")})
    first = latest(at).deployment_id
    given(at, {NUCLEUS: _held("2.14.0", '{"iotRoleAlias": "alias", "httpClient": {"a": 1}}')})
    done(at)
    said = at.deploy(*GROUP, "--base", first, "--yes")
    assert components(at) == {NUCLEUS: _held("2.13.0")}
    kept = "/httpClient/a, /iotRoleAlias stays on devices; to take it away name the RESET."
    assert f"note: {NUCLEUS}: {kept}" in said.out


def test_component_of_others_keeps_its_grants_and_what_a_person_resets_is_reset(at: Bench) -> None:
    given(at, {OTHERS: _held("1.0.0")})
    first = latest(at).deployment_id
    grants = {"aws.greengrass.ipc.mqttproxy": {"1": {"resources": ["new/#"]}}}
    given(at, {OTHERS: _held("2.0.0", '{"a": 1}')})
    add(at, OTHERS, "2.0.0", grants=grants)
    done(at)
    change = f'{{"{OTHERS}": {{"RESET": ["/a"]}}}}'
    said = at.deploy(*GROUP, "--base", first, "--configuration", change, "--yes")
    assert components(at)[OTHERS]["configurationUpdate"] == {"reset": ["/a"]}
    assert f"{OTHERS}: /accessControl stays on devices" in said.out


def test_base_gives_components_and_the_latest_how_they_are_deployed(at: Bench) -> None:
    given(at, {PUBLISHER: _held("1.0.0")}, deploymentName="old", tags={"owner": "old"})
    first = latest(at).deployment_id
    now: dict[str, Any] = {
        "deploymentName": "new",
        "deploymentPolicies": {
            "failureHandlingPolicy": "DO_NOTHING",
            "componentUpdatePolicy": {"action": "SKIP_NOTIFY_COMPONENTS", "timeoutInSeconds": 7},
            "configurationValidationPolicy": {"timeoutInSeconds": 9},
        },
        "iotJobConfiguration": ROLLOUT,
        "tags": {"owner": "new"},
    }
    given(at, {PUBLISHER: _held("1.1.0")}, **now)
    done(at)
    said = at.deploy(*GROUP, "--base", first, "--yes")
    after = at.cloud.specification(arn(at))
    assert after["components"] == {PUBLISHER: _held("1.0.0")}
    assert {key: after[key] for key in now} == now
    assert "Rollout: at most 5 devices a minute. " in said.out
    assert "Cancelled when more than 10.5 % of at least 3 devices end with FAILED." in said.out
    assert "A device has 30 min." in said.out


def test_way_of_a_cancelled_deployment_is_not_taken(at: Bench) -> None:
    given(at, {PUBLISHER: _held("1.0.0")}, iotJobConfiguration=ROLLOUT)
    given(at, {PUBLISHER: _held("1.1.0")}, tags={"owner": "cancelled"})
    latest(at).is_canceled = True
    at.deploy(*GROUP, "--base", latest(at).deployment_id, "--yes")
    after = at.cloud.specification(arn(at))
    assert components(at) == {PUBLISHER: _held("1.1.0")}
    assert after["iotJobConfiguration"] == ROLLOUT
    assert "tags" not in after
