"""A deployment's outcome as it is read off the components, where the nucleus does not tell it."""

import pytest

from edge_cli.core_status import ComponentStatus
from edge_cli.deployment_wait import seen_from_outside
from edge_cli.deployments import DeploymentRequest


def _component(name: str, version: str, state: str) -> ComponentStatus:
    return {"name": name, "version": version, "state": state, "restarts": 0, "pid": None, "is_root": True}


WANTED = DeploymentRequest(merge={"A": "2.0.0", "B": "1.0.0"}, remove=("C",))
B_RUNS = _component("B", "1.0.0", "FINISHED")


@pytest.mark.parametrize(
    ("components", "status"),
    [
        ([], "IN_PROGRESS"),
        ([_component("A", "2.0.0", "RUNNING")], "IN_PROGRESS"),
        ([_component("A", "1.0.0", "RUNNING"), B_RUNS], "IN_PROGRESS"),
        ([_component("A", "2.0.0", "STARTING"), B_RUNS], "IN_PROGRESS"),
        ([_component("A", "2.0.0", "ERRORED"), B_RUNS], "IN_PROGRESS"),
        ([_component("A", "2.0.0", "BROKEN"), B_RUNS], "FAILED"),
        ([_component("A", "1.0.0", "BROKEN"), B_RUNS], "IN_PROGRESS"),
        ([_component("A", "2.0.0", "RUNNING"), B_RUNS, _component("C", "1.0.0", "RUNNING")], "IN_PROGRESS"),
        ([_component("A", "2.0.0", "RUNNING"), B_RUNS], "SUCCEEDED"),
    ],
)
def test_deployment_is_through_when_every_wanted_version_runs_and_the_removed_are_gone(
    components: list[ComponentStatus], status: str
) -> None:
    assert seen_from_outside(WANTED, components) == status
