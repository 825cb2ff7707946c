"""The operations on components, asked by the unmodified SDK."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    InvalidArgumentsError,
    LifecycleState,
    ReportedLifecycleState,
    RequestStatus,
    ResourceNotFoundError,
    UnauthorizedError,
)

from local_core.runtime.builtin import CLI
from local_core.runtime.states import State
from support.ipc import connect
from support.refusals import refused
from support.runtime import RuntimeUnderTest
from support.waiting import wait_until

NAME, OTHER = "com.example.X", "com.example.Other"
FOREVER = "exec sleep 1000"


def policies(service: str, operations: list[str], resources: list[str]) -> dict[str, Any]:
    policy = {"operations": operations, "resources": resources}
    access_control = {service: {f"{OTHER}:1": policy}}
    return {"ComponentConfiguration": {"DefaultConfiguration": {"accessControl": access_control}}}


@pytest.fixture
def core(tmp_path: Path) -> Iterator[RuntimeUnderTest]:
    with RuntimeUnderTest(tmp_path / "core") as runtime:
        yield runtime


@pytest.fixture
def cli(core: RuntimeUnderTest) -> Iterator[GreengrassCoreIPCClientV2]:
    with connect(core.ipc_socket, core.token(CLI)) as client:
        yield client


def deploy(core: RuntimeUnderTest, script: str = FOREVER) -> None:
    configuration = {"DefaultConfiguration": {"a": {"b": 1}}}
    core.write_recipe(NAME, {"run": {"Script": script}}, ComponentConfiguration=configuration)
    core.deployed({NAME: "1.0.0"})


def test_component_details_are_those_of_the_component(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    deploy(core)

    details = cli.get_component_details(component_name=NAME).component_details

    assert details.component_name == NAME
    assert details.version == "1.0.0"
    assert details.state == LifecycleState.RUNNING
    assert details.configuration == {"a": {"b": 1}}


def test_list_holds_components_and_the_nucleus(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    deploy(core)

    components = {each.component_name: each.state for each in cli.list_components().components}

    assert components == {"aws.greengrass.Nucleus": "RUNNING", NAME: "RUNNING"}


def test_component_is_stopped_and_started_again(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    deploy(core)

    assert cli.stop_component(component_name=NAME).stop_status == RequestStatus.SUCCEEDED
    core.wait_for_state(NAME, State.FINISHED)
    assert cli.restart_component(component_name=NAME).restart_status == RequestStatus.SUCCEEDED
    assert core.wait_for_state(NAME, State.RUNNING).restarts == 1


def test_broken_component_is_not_restarted_and_the_answer_says_why(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    core.write_recipe(NAME, {"install": {"Script": "exit 1"}})
    core.deploy({NAME: "1.0.0"})

    response = cli.restart_component(component_name=NAME)

    assert response.restart_status == RequestStatus.FAILED
    assert "Deployment is needed" in response.message


@pytest.mark.parametrize("operation", ["get_component_details", "restart_component", "stop_component"])
def test_unknown_or_unnamed_component_is_refused(cli: GreengrassCoreIPCClientV2, operation: str) -> None:
    with refused(ResourceNotFoundError, "Component with name nobody not found in Greengrass"):
        getattr(cli, operation)(component_name="nobody")
    with refused(InvalidArgumentsError, "Component name cannot be empty"):
        getattr(cli, operation)(component_name="")


def test_component_needs_a_policy_for_the_command_s_operations(core: RuntimeUnderTest) -> None:
    granted = policies(CLI, ["aws.greengrass#GetComponentDetails"], [NAME])
    core.write_recipe(OTHER, {"run": {"Script": FOREVER}}, **granted)
    core.deployed({OTHER: "1.0.0"})
    deploy(core)

    with connect(core.ipc_socket, core.token(OTHER)) as client:
        assert client.get_component_details(component_name=NAME).component_details.version == "1.0.0"
        with refused(UnauthorizedError, f"{OTHER} is not authorized to perform {CLI}"):
            client.get_component_details(component_name=OTHER)
        with pytest.raises(UnauthorizedError):
            client.list_components()
        with pytest.raises(UnauthorizedError):
            client.stop_component(component_name=NAME)


def test_component_reports_its_own_state(core: RuntimeUnderTest) -> None:
    """A startup script that never ends is running once it says so, and in error once it says that."""
    core.write_recipe(NAME, {"startup": {"Script": FOREVER}})
    deployment_id = core.submit({NAME: "1.0.0"})
    core.wait_for_log(NAME, "shell-runner-start")

    with connect(core.ipc_socket, core.token(NAME)) as client:
        client.update_state(state=ReportedLifecycleState.RUNNING)
        assert core.wait_for_end(deployment_id).failure is None
        client.update_state(state=ReportedLifecycleState.RUNNING)  # already so: ignored
        core.wait_for_state(NAME, State.RUNNING)
        client.update_state(state=ReportedLifecycleState.ERRORED)

    wait_until(lambda: core.log(NAME).count("shell-runner-start") == 2, 30, "another start after the error")


def test_state_that_is_none_is_refused(core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2) -> None:
    deploy(core)

    with connect(core.ipc_socket, core.token(NAME)) as client, pytest.raises(InvalidArgumentsError):
        client.update_state(state="FINISHED")
    with refused(ResourceNotFoundError, "Component with given name not found"):
        cli.update_state(state=ReportedLifecycleState.RUNNING)


def test_component_is_paused_and_resumed_by_whom_its_policy_allows(core: RuntimeUnderTest) -> None:
    deploy(core, "echo x > started; exec sleep 1000")
    core.wait_for_text(NAME, "started")
    granted = policies("aws.greengrass.ipc.lifecycle", ["*"], [NAME])
    core.write_recipe(OTHER, {"run": {"Script": FOREVER}}, **granted)
    core.deployed({OTHER: "1.0.0"})
    pid = core.wait_for_state(NAME, State.RUNNING).pid

    with connect(core.ipc_socket, core.token(OTHER)) as client:
        client.pause_component(component_name=NAME)
        stat = Path(f"/proc/{pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", 10, "a frozen process")
        core.wait_for_state(NAME, State.RUNNING)
        client.resume_component(component_name=NAME)
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] != "T", 10, "a living process")
        with refused(InvalidArgumentsError, f"Component {NAME} is not paused"):
            client.resume_component(component_name=NAME)
        with pytest.raises(UnauthorizedError):
            client.pause_component(component_name=OTHER)


def test_paused_component_is_resumed_before_it_is_stopped(
    core: RuntimeUnderTest, cli: GreengrassCoreIPCClientV2
) -> None:
    """Its shutdown script may need its answer."""
    run = "trap 'echo x > heard' USR1; echo $$ > pid; while :; do sleep 0.02; done"
    shutdown = "kill -USR1 $(cat pid); while [ ! -e heard ]; do sleep 0.02; done"
    core.write_recipe(NAME, {"run": {"Script": run}, "shutdown": {"Script": shutdown, "Timeout": 5}})
    core.deployed({NAME: "1.0.0"})
    core.wait_for_text(NAME, "pid")
    core.call(core.supervisor.components[NAME].pause)

    cli.stop_component(component_name=NAME)

    core.wait_for_state(NAME, State.FINISHED)
    assert "Timeout in shutdown" not in core.log(NAME)
    assert core.wait_for_text(NAME, "heard")
