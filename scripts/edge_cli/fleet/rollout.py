"""Creating a deployment, and waiting for what the devices make of it. In the command's main thread."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.fleet.aws import Aws, AwsError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
# EffectiveDeploymentExecutionStatus of the API.
_GOOD = frozenset({"SUCCEEDED", "COMPLETED"})
_BAD = frozenset({"FAILED", "TIMED_OUT", "CANCELED", "REJECTED"})
_NOT_LISTED = "PENDING"  # our word: AWS has not told the device yet


@dataclass(frozen=True, slots=True)
class DeviceResult:
    """How one core device fares with a deployment.

    Attributes:
        device: Its thing name.
        status: PENDING, QUEUED, IN_PROGRESS, SUCCEEDED, COMPLETED, FAILED, TIMED_OUT, CANCELED or REJECTED.
        reason: In the device's words; empty where it gives none.
        error_stack: Codes, from the general to the special.
        error_types: Whose fault it is, e.g. COMPONENT_ERROR.
    """

    device: str
    status: str
    reason: str = ""
    error_stack: tuple[str, ...] = ()
    error_types: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Nothing more is going to happen."""
        return self.status in _GOOD | _BAD

    @property
    def is_good(self) -> bool:
        """It runs what it is to run."""
        return self.status in _GOOD


def create(aws: Aws, specification: dict[str, Any]) -> str:
    """Create a deployment; returns its id."""
    return str(aws.call("greengrassv2", "create_deployment", **specification)["deploymentId"])


def device_result(aws: Aws, device: str, deployment_id: str) -> DeviceResult:
    """How a device fares with a deployment now."""
    try:
        for one in aws.pages(
            "greengrassv2", "list_effective_deployments", "effectiveDeployments", coreDeviceThingName=device
        ):
            if one["deploymentId"] == deployment_id:
                details = one.get("statusDetails") or {}
                return DeviceResult(
                    device,
                    one["coreDeviceExecutionStatus"],
                    " ".join(one.get("reason", "").split()),
                    tuple(details.get("errorStack", ())),
                    tuple(details.get("errorTypes", ())),
                )
    except AwsError as error:
        if not error.is_absent:
            raise
    return DeviceResult(device, _NOT_LISTED)


def follow(
    aws: Aws,
    deployment_id: str,
    devices: Sequence[str],
    timeout_s: float,
    on_change: Callable[[DeviceResult, int], None],
) -> list[DeviceResult]:
    """Wait until every device is through, or the time is up.

    Args:
        aws: Who is asked.
        deployment_id: Which deployment.
        devices: Thing names.
        timeout_s: How long to wait.
        on_change: Told each new status of a device, and how many devices are not through.

    Raises:
        CommandError: The deployment was cancelled or replaced meanwhile.
    """
    results = {device: DeviceResult(device, _NOT_LISTED) for device in devices}
    deadline = time.monotonic() + timeout_s
    pause_s = _FIRST_PAUSE_S
    while True:
        for device in [one.device for one in results.values() if not one.is_final]:
            seen = device_result(aws, device, deployment_id)
            if seen != results[device]:
                results[device] = seen
                on_change(seen, sum(not one.is_final for one in results.values()))
        if all(one.is_final for one in results.values()) or time.monotonic() >= deadline:
            return list(results.values())
        _refuse_ended(aws, deployment_id)
        threading.Event().wait(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _refuse_ended(aws: Aws, deployment_id: str) -> None:
    """A deployment that was cancelled or replaced never gets to devices that have not begun it."""
    seen = aws.call("greengrassv2", "get_deployment", deploymentId=deployment_id)
    if seen.get("deploymentStatus") == "CANCELED" or seen.get("isLatestForTarget") is False:
        how = "cancelled" if seen.get("isLatestForTarget") else "replaced by a newer one"
        raise CommandError(
            f"Deployment {deployment_id} was {how}; not all devices were through with it. scripts/edge "
            "deployments shows what holds now; to deploy this again: the same command with --again"
        )
