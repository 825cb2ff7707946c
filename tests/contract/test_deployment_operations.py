"""The local deployment operations, asked by the unmodified SDK as greengrass-cli asks them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    DeploymentStatus,
    InvalidArgumentsError,
    InvalidArtifactsDirectoryPathError,
    InvalidRecipeDirectoryPathError,
    LocalDeployment,
    ResourceNotFoundError,
    RunWithInfo,
    SystemResourceLimits,
    UnauthorizedError,
)

from local_core.runtime.builtin import CLI
from local_core.runtime.definition import RunWith
from local_core.runtime.states import State
from support.ipc import connect
from support.refusals import refused
from support.runtime import RuntimeUnderTest
from support.waiting import wait_until

NAME = "com.example.X"
RUN = {"run": {"Script": "exec sleep 1000"}}
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def core(tmp_path: Path) -> Iterator[RuntimeUnderTest]:
    with RuntimeUnderTest(tmp_path / "core") as runtime:
        yield runtime


@pytest.fixture
def cli(core: RuntimeUnderTest) -> Iterator[GreengrassCoreIPCClientV2]:
    with connect(core.ipc_socket, core.token(CLI)) as client:
        yield client


def create(core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2, **arguments: Any) -> str:
    response = cli.create_local_deployment(
        recipe_directory_path=str(core.recipe_folder),
        artifacts_directory_path=str(core.artifact_folder),
        **arguments,
    )
    return str(response.deployment_id)


def ended(cli: GreengrassCoreIPCClientV2, deployment_id: str) -> LocalDeployment:
    def final() -> LocalDeployment | None:
        deployment = cli.get_local_deployment_status(deployment_id=deployment_id).deployment
        open_states = (DeploymentStatus.QUEUED, DeploymentStatus.IN_PROGRESS)
        return None if deployment.status in open_states else deployment

    return wait_until(final, 30, "end of the deployment")


def test_deployment_does_all_that_the_command_can_ask_for(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    core.write_recipe(NAME, RUN, ComponentConfiguration={"DefaultConfiguration": {"a": 1, "b": 2}})

    deployment_id = create(
        core,
        cli,
        root_component_versions_to_add={NAME: "1.0.0"},
        component_to_configuration={NAME: {"MERGE": {"a": 10, "c": {"d": [1]}}, "RESET": ["/b"]}},
        component_to_run_with_info={
            NAME: RunWithInfo(
                posix_user="ggc_user:ggc_group",
                system_resource_limits=SystemResourceLimits(memory=262144, cpus=1.5),
            )
        },
        group_name="plant",
        failure_handling_policy="ROLLBACK",
    )
    deployment = ended(cli, deployment_id)

    assert deployment.deployment_id == deployment_id
    assert deployment.status == DeploymentStatus.SUCCEEDED
    assert deployment.deployment_status_details.detailed_deployment_status == "SUCCESSFUL"
    assert re.fullmatch(r"\d\d-\d\d-\d{4} \d\d:\d\d:\d\d UTC", deployment.created_on)
    assert core.store.get(NAME) == {"a": 10, "b": 2, "c": {"d": [1]}}
    definition = core.supervisor.components[NAME].definition
    assert definition.run_with == RunWith("ggc_user:ggc_group", 1.5, 262144)

    removal = ended(cli, create(core, cli, root_components_to_remove=[NAME], group_name="plant"))
    assert removal.status == DeploymentStatus.SUCCEEDED
    assert core.status(NAME) is None


def test_failure_comes_with_its_cause_and_the_nucleus_s_codes(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    deployment = ended(cli, create(core, cli, root_component_versions_to_add={NAME: "1.0.0"}))

    details = deployment.deployment_status_details
    assert deployment.status == DeploymentStatus.FAILED
    assert details.detailed_deployment_status == "FAILED_NO_STATE_CHANGE"
    assert details.deployment_error_stack == ["DEPLOYMENT_FAILURE", "COMPONENT_VERSION_REQUIREMENTS_NOT_MET"]
    assert details.deployment_error_types == ["REQUEST_ERROR"]
    assert details.deployment_failure_cause.startswith(f"There is no recipe of {NAME}")


def test_deployments_are_listed_oldest_first(core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2) -> None:
    core.write_recipe(NAME, RUN)
    ids = [create(core, cli, root_component_versions_to_add={NAME: "1.0.0"}) for _ in range(2)]
    ended(cli, ids[1])

    listed = cli.list_local_deployments().local_deployments

    assert [(each.deployment_id, each.status) for each in listed] == [(each, "SUCCEEDED") for each in ids]


def test_deployment_that_waits_is_cancelled_and_one_that_has_ended_is_not(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    slow = {"install": {"Script": "while [ ! -e go ]; do sleep 0.05; done"}, **RUN}
    core.write_recipe(NAME, slow)
    first = create(core, cli, root_component_versions_to_add={NAME: "1.0.0"})
    core.wait_for_log(NAME, "shell-runner-start")
    second = create(core, cli, root_components_to_remove=[NAME])

    assert second in cli.cancel_local_deployment(deployment_id=second).message
    core.work_file(NAME, "go").touch()

    assert ended(cli, second).status == DeploymentStatus.CANCELED
    assert ended(cli, first).status == DeploymentStatus.SUCCEEDED
    message = cli.cancel_local_deployment(deployment_id=first).message
    assert message == "Cancellation request is not processed because deployment is already finished"


def test_unknown_deployment_is_not_found(cli: GreengrassCoreIPCClientV2) -> None:
    with refused(ResourceNotFoundError, "Cannot find deployment"):
        cli.get_local_deployment_status(deployment_id=UNKNOWN_ID)
    with refused(ResourceNotFoundError, "Cannot find the deployment id provided"):
        cli.cancel_local_deployment(deployment_id=UNKNOWN_ID)
    with refused(InvalidArgumentsError, "DeploymentId is a UUID"):
        cli.get_local_deployment_status(deployment_id="latest")


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"recipe_directory_path": "/nowhere"}, InvalidRecipeDirectoryPathError, "/nowhere"),
        ({"recipe_directory_path": "relative"}, InvalidRecipeDirectoryPathError, "absolute"),
        ({"artifacts_directory_path": "/nowhere"}, InvalidArtifactsDirectoryPathError, "/nowhere"),
        ({"component_to_configuration": {NAME: {"merge": {}}}}, InvalidArgumentsError, "upper case"),
        ({"component_to_configuration": {NAME: {"MERGE": 1}}}, InvalidArgumentsError, "MERGE"),
        ({"component_to_configuration": {NAME: {"RESET": [1]}}}, InvalidArgumentsError, "RESET"),
        ({"root_component_versions_to_add": {NAME: 1}}, InvalidArgumentsError, "VersionsToAdd"),
        ({"root_components_to_remove": [1]}, InvalidArgumentsError, "rootComponentsToRemove"),
        ({"failure_handling_policy": "PANIC"}, InvalidArgumentsError, "ROLLBACK, DO_NOTHING"),
        ({"group_name": 7}, InvalidArgumentsError, "groupName"),
    ],
)
def test_request_that_cannot_be_understood_is_refused_at_once(
    cli: GreengrassCoreIPCClientV2, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with refused(error, text):
        cli.create_local_deployment(**arguments)
    assert cli.list_local_deployments().local_deployments == []


def test_component_without_policy_may_not_deploy(core: RuntimeUnderTest) -> None:
    core.write_recipe(NAME, RUN)
    core.deployed({NAME: "1.0.0"})
    core.wait_for_state(NAME, State.RUNNING)

    with connect(core.ipc_socket, core.token(NAME)) as client:
        with pytest.raises(UnauthorizedError):
            client.create_local_deployment(root_components_to_remove=[NAME])
        with pytest.raises(UnauthorizedError):
            client.list_local_deployments()
