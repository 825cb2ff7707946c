"""What a thing's core is asked to run through the groups that the thing is in. Asks AWS; changes nothing.

A core runs what all its targets ask for together. Where two ask for different versions of one component, no
version satisfies both: the nucleus refuses the deployment (DependencyResolver of the classic nucleus).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.rollout import DeviceResult
from edge_cli.fleet.target import Target


@dataclass(frozen=True, slots=True)
class GroupDeployment:
    """The deployment of a group, on one core device.

    Attributes:
        group: Name of the thing group.
        deployment_id: Of it.
        status: How the device fares with it, as `DeviceResult.status`.
        components: Component -> version.
    """

    group: str
    deployment_id: str
    status: str
    components: dict[str, str]

    @property
    def counts(self) -> bool:
        """The device runs it, or is going to."""
        result = DeviceResult("", self.status)
        return result.is_good or not result.is_final


def versions(components: Mapping[str, Any]) -> dict[str, str]:
    """Component -> version, of a deployment as `GetDeployment` has it."""
    return {name: one["componentVersion"] for name, one in components.items()}


def of_thing(aws: Aws, target: Target) -> tuple[GroupDeployment, ...]:
    """The deployments that a thing's core gets through groups, by group.

    Returns:
        Empty for a group, and for a thing that is no core device yet.
    """
    if target.is_group:
        return ()
    try:
        found = list(
            aws.pages(
                "greengrassv2",
                "list_effective_deployments",
                "effectiveDeployments",
                coreDeviceThingName=target.name,
            )
        )
    except AwsError as error:
        if error.is_absent:
            return ()
        raise
    through = [
        GroupDeployment(
            group=one["targetArn"].rpartition(":thinggroup/")[2],
            deployment_id=one["deploymentId"],
            status=one["coreDeviceExecutionStatus"],
            components=versions(
                aws.call("greengrassv2", "get_deployment", deploymentId=one["deploymentId"]).get(
                    "components", {}
                )
            ),
        )
        for one in found
        if ":thinggroup/" in one["targetArn"]
    ]
    return tuple(sorted(through, key=lambda one: one.group))


def conflicts(
    components: Mapping[str, Any], through: Sequence[GroupDeployment], touched: Sequence[str]
) -> list[str]:
    """What a deployment to a thing changes so that the thing's groups ask for another version.

    Args:
        components: What the thing is to be asked to run, as `CreateDeployment` takes it.
        through: What it gets through groups.
        touched: The components that the deployment changes.
    """
    wanted = versions(components)
    return [
        f"Group {one.group} asks for {name} {one.components[name]}, and this for {wanted[name]}: a core must "
        f"satisfy both, so it would refuse the deployment. Deploy {name}={one.components[name]} here, or "
        f"the other version to the group: --group {one.group}"
        for one in through
        if one.counts
        for name in touched
        if name in wanted and one.components.get(name, wanted[name]) != wanted[name]
    ]
