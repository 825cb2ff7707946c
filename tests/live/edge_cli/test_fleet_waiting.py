"""How `edge deploy` waits: in large fleets with few calls, and through a network that comes and goes."""

import time

import pytest
from botocore.config import Config

from edge_cli.fleet import aws, rollout, target
from support.aws.bench import Bench
from support.aws.group import DEVICES, GROUP, NAME, latest
from support.s3.store import REGION

FAILED = {"coreDeviceExecutionStatus": "FAILED"}


@pytest.fixture
def at(group_bench: Bench) -> Bench:
    """A bench with a group of five devices, and one component built and published."""
    return group_bench


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK asks once: else it would ask again by itself, for a minute."""
    monkeypatch.setattr(aws, "_CONFIG", aws._CONFIG.merge(Config(retries={"total_max_attempts": 1})))


def test_device_that_the_job_has_not_got_to_is_pending_without_a_call(at: Bench) -> None:
    at.cloud.fleet.unlisted.add("core-5")
    said = at.deploy(*GROUP, "--yes", "--json", "--timeout-s", "1", expect=4).document
    statuses = {one["device"]: one["status"] for one in said["devices"]}
    assert statuses == dict.fromkeys(DEVICES[:4], "SUCCEEDED") | {"core-5": "PENDING"}
    at.edge("deployments", *GROUP)
    assert at.cloud.faults.calls("ListEffectiveDeployments") == 0


def test_why_is_asked_of_twenty_devices_and_the_others_are_counted(at: Bench) -> None:
    names = [f"core-{number}" for number in range(23)]
    at.cloud.fleet.add_group("large", *names)
    at.cloud.fleet.endings = {name: FAILED | {"reason": "It broke"} for name in names}
    said = at.deploy("--group", "large", "--yes", expect=3)
    assert at.cloud.faults.calls("ListEffectiveDeployments") == 20
    assert said.out.count("It broke") == 20
    assert "3 more devices failed: AWS was asked why of 20 of 23 only." in said.out


def test_that_a_device_failed_is_told_though_the_reason_cannot_be_read(at: Bench) -> None:
    at.cloud.fleet.endings["core-3"] = FAILED
    at.cloud.faults.deny("ListEffectiveDeployments", "no")
    said = at.deploy(*GROUP, "--yes", "--json", expect=3).document
    (failed,) = (one for one in said["devices"] if one["status"] == "FAILED")
    assert failed["reason"].startswith("Why is not known. Access denied")


def test_look_that_outlasts_the_time_ends_with_what_was_seen(at: Bench) -> None:
    at.deploy(*GROUP, "--yes", "--no-wait")
    with aws.Aws(REGION) as cloud:
        found = target.find(cloud, None, NAME)
        deployment = cloud.call("greengrassv2", "get_deployment", deploymentId=latest(at).deployment_id)
        seen = rollout.results(cloud, deployment, found, DEVICES, time.monotonic())
    assert [one.device for one in seen] == ["core-1"]
    assert at.cloud.faults.calls("ListJobExecutionsForJob") == 1


@pytest.mark.usefixtures("once")
def test_waiting_outlasts_a_network_that_comes_back(at: Bench) -> None:
    for _ in range(3):
        at.cloud.faults.lose_answer("GetDeployment")
        at.cloud.faults.lose_answer("ListJobExecutionsForJob")
    at.deploy(*GROUP, "--yes")
    assert len(at.cloud.fleet.deployments) == 1


@pytest.mark.usefixtures("once")
def test_network_that_stays_away_leaves_the_deployment_to_go_on(at: Bench) -> None:
    for _ in range(100):
        at.cloud.faults.lose_answer("GetDeployment")
    said = at.deploy(*GROUP, "--yes", "--timeout-s", "1", expect=4)
    assert "AWS does not answer" in said.err
    assert f"Deployment {latest(at).deployment_id} goes on: run this command again" in said.err


def test_login_that_expires_while_waiting_leaves_the_deployment_to_go_on(at: Bench) -> None:
    at.cloud.faults.refuse("ListJobExecutionsForJob", "ExpiredTokenException", "expired")
    said = at.deploy(*GROUP, "--yes", "--json", expect=4)
    assert said.document["deployment_id"] == latest(at).deployment_id
    assert "credentials have expired" in said.document["notes"][-1]
    assert "goes on: run this command again" in said.document["notes"][-1]


@pytest.mark.usefixtures("once")
def test_creation_of_which_no_answer_came_is_not_called_unchanged(at: Bench) -> None:
    at.cloud.faults.lose_answer("CreateDeployment")
    said = at.deploy(*GROUP, "--yes", expect=4)
    assert "It is not known whether the deployment was created" in said.err
