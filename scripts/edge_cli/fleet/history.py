"""`edge deployments`: what a target was asked to run, and what its devices made of it. Changes nothing."""

from dataclasses import dataclass

from edge_cli.fleet import group_deployments, rollout, standing
from edge_cli.fleet import target as targets
from edge_cli.fleet.aws import Aws
from edge_cli.fleet.group_deployments import GroupDeployment
from edge_cli.fleet.rollout import DeviceResult
from edge_cli.fleet.target import Target


@dataclass(frozen=True, slots=True)
class PastDeployment:
    """One deployment.

    Attributes:
        deployment_id: Of it.
        name: Of it; empty where it has none.
        created_at: UTC, ISO 8601.
        status: ACTIVE, COMPLETED, CANCELED, FAILED or INACTIVE.
        is_latest: The one that holds, unless it is cancelled.
        components: Component -> version.
    """

    deployment_id: str
    name: str
    created_at: str
    status: str
    is_latest: bool
    components: dict[str, str]


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a target.

    Attributes:
        target: Its ARN.
        name: What a person calls it, e.g. `group orangepis`.
        deployments: Newest first.
        devices: What became of the latest one on each core device.
        through_groups: What a thing gets besides; empty for a group.
    """

    target: str
    name: str
    deployments: tuple[PastDeployment, ...]
    devices: tuple[DeviceResult, ...]
    through_groups: tuple[GroupDeployment, ...]


def read(aws: Aws, target: Target, limit: int) -> History:
    """The history of a target.

    Args:
        aws: Who is asked.
        target: Of what.
        limit: How many deployments at most; each is a call.
    """
    listed = standing.listed(aws, target)[:limit]
    answers = [aws.call("greengrassv2", "get_deployment", deploymentId=one["deploymentId"]) for one in listed]
    present = next((one for one in answers if one.get("isLatestForTarget")), None)
    past = tuple(
        PastDeployment(
            deployment_id=one["deploymentId"],
            name=one.get("deploymentName", ""),
            created_at=standing.created_at(one),
            status=one.get("deploymentStatus", ""),
            is_latest=one.get("isLatestForTarget", False),
            components=group_deployments.versions(one.get("components", {})),
        )
        for one in answers
    )
    fares = []
    if present:
        seen = rollout.results(aws, present, target, targets.core_devices(aws, target))
        fares = rollout.explained(aws, present["deploymentId"], seen)
    return History(target.arn, str(target), past, tuple(fares), group_deployments.of_thing(aws, target))
