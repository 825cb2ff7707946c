"""`edge deployments`: what a target was asked to run, and what its devices made of it. Changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_cli.fleet import rollout, standing
from edge_cli.fleet import target as targets
from edge_cli.fleet.aws import Aws
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
        components: Component -> version, of the latest one; empty for others.
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
        deployments: Newest first.
        devices: What became of the latest one on each core device.
    """

    target: str
    deployments: tuple[PastDeployment, ...]
    devices: tuple[DeviceResult, ...]


def read(aws: Aws, target: Target, limit: int) -> History:
    """The history of a target.

    Args:
        aws: Who is asked.
        target: Of what.
        limit: How many deployments at most.
    """
    now = standing.seen_last(aws, target).deployment_id
    present = aws.call("greengrassv2", "get_deployment", deploymentId=now) if now else None
    held = (present or {}).get("components", {})
    past = tuple(
        PastDeployment(
            deployment_id=one["deploymentId"],
            name=one.get("deploymentName", ""),
            created_at=standing.created_at(one),
            status=one.get("deploymentStatus", ""),
            is_latest=one.get("isLatestForTarget", False),
            components=_versions(held) if one["deploymentId"] == now else {},
        )
        for one in standing.listed(aws, target)[:limit]
    )
    fares = []
    if present:
        seen = rollout.results(aws, present, target, targets.core_devices(aws, target))
        fares = rollout.explained(aws, present["deploymentId"], seen)
    return History(target.arn, past, tuple(fares))


def _versions(components: Mapping[str, Any]) -> dict[str, str]:
    return {name: one["componentVersion"] for name, one in components.items()}
