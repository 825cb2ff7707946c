"""Creating a deployment, and waiting for what the devices make of it. In the command's main thread."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.target import Target

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
# EffectiveDeploymentExecutionStatus of Greengrass, JobExecutionStatus of IoT.
_GOOD = frozenset({"SUCCEEDED", "COMPLETED"})
_BAD = frozenset({"FAILED", "TIMED_OUT", "CANCELED", "REJECTED", "REMOVED"})
_PAGE = 250  # the most that ListJobExecutionsForJob gives at once
_NOT_LISTED = "PENDING"  # our word: AWS has not told the device yet


@dataclass(frozen=True, slots=True)
class DeviceResult:
    """How one core device fares with a deployment.

    Attributes:
        device: Its thing name.
        status: PENDING, QUEUED, IN_PROGRESS, SUCCEEDED, COMPLETED, FAILED, TIMED_OUT, CANCELED, REJECTED
            or REMOVED: it is not in the group any more.
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


def results(
    aws: Aws, deployment: Mapping[str, Any], target: Target, devices: Sequence[str]
) -> list[DeviceResult]:
    """How devices fare with a deployment now; in a group without the reasons of those that failed.

    A group's deployment is an IoT job, whose executions come 250 in an answer: a look at a thousand devices
    is four calls.

    Args:
        aws: Who is asked.
        deployment: As `GetDeployment` has it.
        target: Of the deployment.
        devices: Thing names.
    """
    job_id = deployment.get("iotJobId") if target.is_group else None
    statuses = _executions(aws, job_id) if job_id and devices else {}
    return [
        DeviceResult(device, statuses[device])
        if device in statuses
        else device_result(aws, device, deployment["deploymentId"])
        for device in devices
    ]


def explained(aws: Aws, deployment_id: str, seen: Sequence[DeviceResult]) -> list[DeviceResult]:
    """The same with the reasons; a call for each device that failed."""
    return [_explained(aws, deployment_id, one) if one.is_final and not one.is_good else one for one in seen]


def _explained(aws: Aws, deployment_id: str, seen: DeviceResult) -> DeviceResult:
    found = device_result(aws, seen.device, deployment_id)
    return found if found.is_final else seen  # Greengrass may not know yet what IoT knows


def _executions(aws: Aws, job_id: str) -> dict[str, str]:
    """Thing name -> status, of all devices that a job was sent to; empty where the job is gone."""
    try:
        found = list(
            aws.pages(
                "iot",
                "list_job_executions_for_job",
                "executionSummaries",
                jobId=job_id,
                maxResults=_PAGE,
            )
        )
    except AwsError as error:
        if error.is_absent:
            return {}
        raise
    return {one["thingArn"].rpartition("/")[2]: one["jobExecutionSummary"]["status"] for one in found}


def device_result(aws: Aws, device: str, deployment_id: str) -> DeviceResult:
    """How one device fares with a deployment now, and why."""
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
    made_for: tuple[Target, Sequence[str]],
    timeout_s: float,
    on_change: Callable[[DeviceResult, int], None],
) -> list[DeviceResult]:
    """Wait until every device is through, or the time is up.

    Args:
        aws: Who is asked. That it limits how often does not end the wait.
        deployment_id: Which deployment.
        made_for: Its target, and the thing names of the core devices in it.
        timeout_s: How long to wait.
        on_change: Told each new status of a device, and how many devices are not through.

    Raises:
        CommandError: The deployment was cancelled or replaced meanwhile.
    """
    target, devices = made_for
    seen = {device: DeviceResult(device, _NOT_LISTED) for device in devices}
    deadline = time.monotonic() + timeout_s
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            deployment = aws.call("greengrassv2", "get_deployment", deploymentId=deployment_id)
            waiting = [one.device for one in seen.values() if not one.is_final]
            for one in explained(aws, deployment_id, results(aws, deployment, target, waiting)):
                before, seen[one.device] = seen[one.device], one
                if one != before:
                    on_change(one, sum(not other.is_final for other in seen.values()))
        except AwsError as error:
            if not error.is_throttled or time.monotonic() >= deadline:
                raise
            deployment = {}
        if all(one.is_final for one in seen.values()) or time.monotonic() >= deadline:
            return list(seen.values())
        _refuse_ended(deployment_id, deployment)
        threading.Event().wait(min(pause_s, max(deadline - time.monotonic(), 0)))
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _refuse_ended(deployment_id: str, deployment: Mapping[str, Any]) -> None:
    """A deployment that was cancelled or replaced never gets to devices that have not begun it."""
    if deployment.get("deploymentStatus") == "CANCELED" or deployment.get("isLatestForTarget") is False:
        how = "cancelled" if deployment.get("isLatestForTarget") else "replaced by a newer one"
        raise CommandError(
            f"Deployment {deployment_id} was {how}; not all devices were through with it. scripts/edge "
            "deployments shows what holds now; to deploy this again: the same command with "
            f"{'--base ' + deployment_id if how == 'cancelled' else '--again'}"
        )
