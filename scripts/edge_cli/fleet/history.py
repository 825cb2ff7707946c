"""`edge deployments`: what a target was asked to run, and what its devices made of it. Changes nothing."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from edge_cli.fleet import target as targets
from edge_cli.fleet.aws import Aws
from edge_cli.fleet.rollout import DeviceResult, device_result
from edge_cli.fleet.target import Target


@dataclass(frozen=True, slots=True)
class PastDeployment:
    """One deployment.

    Attributes:
        deployment_id: Of it.
        name: Of it; empty where it has none.
        created_at: UTC, ISO 8601.
        status: ACTIVE, COMPLETED, CANCELED, FAILED or INACTIVE.
        is_latest: The one that holds.
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


def latest(aws: Aws, target: Target) -> dict[str, Any] | None:
    """The deployment that holds for a target, as `GetDeployment` has it; None when there was none yet."""
    found = aws.pages(
        "greengrassv2", "list_deployments", "deployments", targetArn=target.arn, historyFilter="LATEST_ONLY"
    )
    newest = next(iter(found), None)
    if newest is None:
        return None
    return aws.call("greengrassv2", "get_deployment", deploymentId=newest["deploymentId"])


def read(aws: Aws, target: Target, limit: int) -> History:
    """The history of a target.

    Args:
        aws: Who is asked.
        target: Of what.
        limit: How many deployments at most.
    """
    # The API says nothing of their order.
    listed = sorted(
        aws.pages(
            "greengrassv2", "list_deployments", "deployments", targetArn=target.arn, historyFilter="ALL"
        ),
        key=lambda one: one["creationTimestamp"],
        reverse=True,
    )
    now = latest(aws, target)
    components = {name: one["componentVersion"] for name, one in (now or {}).get("components", {}).items()}
    past = tuple(
        PastDeployment(
            deployment_id=one["deploymentId"],
            name=one.get("deploymentName", ""),
            created_at=f"{one['creationTimestamp'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            status=one.get("deploymentStatus", ""),
            is_latest=one.get("isLatestForTarget", False),
            components=components if now and one["deploymentId"] == now["deploymentId"] else {},
        )
        for one in listed[:limit]
    )
    devices = targets.core_devices(aws, target) if now else []
    return History(
        target.arn,
        past,
        tuple(device_result(aws, device, now["deploymentId"]) for device in devices) if now else (),
    )
