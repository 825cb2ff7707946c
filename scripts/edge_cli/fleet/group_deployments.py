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

_GROUP = ":thinggroup/"  # in the ARN of a group


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
    """The deployments that a thing's core gets through the groups that it is in, by group.

    AWS lists what was sent to the core, also by groups that it has left; the nucleus ignores those. Nor does
    a deployment count that was deleted, or that another one of its group has replaced.

    Returns:
        Empty for a group, and for a thing that is no core device yet.
    """
    if target.is_group:
        return ()
    try:
        sent = [
            one
            for one in aws.pages(
                "greengrassv2",
                "list_effective_deployments",
                "effectiveDeployments",
                coreDeviceThingName=target.name,
            )
            if _GROUP in one["targetArn"]
        ]
    except AwsError as error:
        if error.is_absent:
            return ()
        raise
    groups = _groups(aws, target.name) if sent else set()
    through = []
    for one in sent:
        group = one["targetArn"].rpartition(_GROUP)[2]
        found = _deployment(aws, one["deploymentId"]) if group in groups else None
        if found and found.get("isLatestForTarget"):
            status, components = one["coreDeviceExecutionStatus"], versions(found.get("components", {}))
            through.append(GroupDeployment(group, one["deploymentId"], status, components))
    return tuple(sorted(through, key=lambda one: one.group))


def _groups(aws: Aws, thing: str) -> set[str]:
    """Names of the groups that a thing is in, and of those above them."""
    direct = aws.pages("iot", "list_thing_groups_for_thing", "thingGroups", thingName=thing)
    groups = {one["groupName"] for one in direct}
    for name in sorted(groups):
        described = aws.call("iot", "describe_thing_group", thingGroupName=name)
        above = described.get("thingGroupMetadata", {}).get("rootToParentThingGroups", [])
        groups |= {one["groupName"] for one in above}
    return groups


def _deployment(aws: Aws, deployment_id: str) -> dict[str, Any] | None:
    """As `GetDeployment` has it; None where it was deleted."""
    try:
        return aws.call("greengrassv2", "get_deployment", deploymentId=deployment_id)
    except AwsError as error:
        if error.is_absent:
            return None
        raise


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
        f"CONFLICT: group {one.group} asks for {name} {one.components[name]}, and this for {wanted[name]}. A "
        f"core must satisfy both: it will refuse this deployment and change nothing. Deploy "
        f"{name}={one.components[name]} here, or the other version to the group: --group {one.group}"
        for one in through
        if one.counts
        for name in touched
        if name in wanted and one.components.get(name, wanted[name]) != wanted[name]
    ]
