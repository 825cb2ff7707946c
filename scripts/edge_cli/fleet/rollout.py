"""Creating a deployment, and waiting for what the devices make of it. In the command's main thread."""

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.target import Target, core_devices

# Between two looks: up to 5 s in a small fleet. A look at 10,000 devices is 40 calls, which one may make each
# minute: AWS's quotas are calls in a second, and others share them.
_FIRST_PAUSE_S, _PAUSE_GROWTH = 0.1, 1.5
_SMALL_FLEET_PAUSE_S, _LARGEST_FLEET_PAUSE_S, _DEVICES_PER_PAUSE_S = 5.0, 60.0, 100
_LAST_LOOK_S = 10.0  # what a look may take when the time is up
EXPLAINED_MAX = 20
"""Of so many devices that failed AWS is asked why; each is a call."""

# EffectiveDeploymentExecutionStatus of Greengrass, JobExecutionStatus of IoT.
_GOOD = frozenset({"SUCCEEDED", "COMPLETED"})
_BAD = frozenset({"FAILED", "TIMED_OUT", "CANCELED", "REJECTED", "REMOVED"})
_BEGUN = _GOOD | _BAD - {"REMOVED", "CANCELED"} | {"IN_PROGRESS"}
_PAGE = 250  # the most that ListJobExecutionsForJob gives at once
_NOT_LISTED = "PENDING"  # our word: AWS has not told the device yet


@dataclass(frozen=True, slots=True)
class DeviceResult:
    """How one core device fares with a deployment.

    Attributes:
        device: Its thing name.
        status: PENDING, QUEUED, IN_PROGRESS, SUCCEEDED, COMPLETED, FAILED, TIMED_OUT, CANCELED, REJECTED
            or REMOVED: it is not in the group any more.
        reason: In the device's words, or why AWS could not be asked; empty where there is none.
        error_stack: Codes, from the general to the special.
        error_types: Whose fault it is, e.g. COMPONENT_ERROR.
    """

    device: str
    status: str
    reason: str = ""
    error_stack: tuple[str, ...] = ()
    error_types: tuple[str, ...] = ()

    @property
    def has_failed(self) -> bool:
        """It is through, and does not run what it is to run."""
        return self.status in _BAD

    @property
    def is_final(self) -> bool:
        """Nothing more is going to happen."""
        return self.status in _GOOD | _BAD

    @property
    def is_good(self) -> bool:
        """It runs what it is to run."""
        return self.status in _GOOD


class EndedError(CommandError):
    """A deployment was cancelled or replaced before all devices were through with it."""


def create(aws: Aws, specification: dict[str, Any]) -> str:
    """Create a deployment; returns its id."""
    return str(aws.call("greengrassv2", "create_deployment", **specification)["deploymentId"])


def results(
    aws: Aws,
    deployment: Mapping[str, Any],
    target: Target,
    devices: Sequence[str],
    following_until: float | None = None,
) -> list[DeviceResult]:
    """How devices fare with a deployment now; in a group without the reasons of those that failed.

    A group's deployment is an IoT job, whose executions come 250 in an answer: a look at a thousand devices
    is four calls. A device that the job does not list was not told yet.

    Args:
        aws: Who is asked.
        deployment: As `GetDeployment` has it.
        target: Of the deployment.
        devices: Thing names.
        following_until: When to stop asking, of `time.monotonic`; devices that were not seen by then are left
            out, and others that have begun it are added: they joined the group, or left it. None means
            neither.
    """
    until = math.inf if following_until is None else following_until
    job_id = deployment.get("iotJobId") if target.is_group else None
    statuses = _executions(aws, job_id, until) if job_id and devices else None
    if statuses is None:
        asked = itertools.takewhile(lambda _: time.monotonic() < until, devices)
        return [device_result(aws, device, deployment["deploymentId"]) for device in asked]
    is_whole = time.monotonic() < until
    seen = [
        DeviceResult(device, statuses.get(device, _NOT_LISTED))
        for device in devices
        if is_whole or device in statuses
    ]
    if following_until is None:
        return seen
    # A thing that is no core device stays queued for ever.
    others = [name for name in sorted({*statuses} - {*devices}) if statuses[name] in _BEGUN]
    return [*seen, *(DeviceResult(name, statuses[name]) for name in others)]


def explained(aws: Aws, deployment_id: str, seen: Sequence[DeviceResult]) -> list[DeviceResult]:
    """The same with the reasons of those that failed, `EXPLAINED_MAX` at most; a call for each."""
    found = {one.device: one for one in seen}
    silent = [one for one in seen if one.has_failed and not (one.reason or one.error_stack)]
    for one in silent[:EXPLAINED_MAX]:
        try:
            answer = device_result(aws, one.device, deployment_id)
        except AwsError as error:  # that it failed is known, and must be told
            found[one.device] = replace(one, reason=f"Why is not known. {error}")
            break
        if answer.is_final:  # Greengrass may not know yet what IoT knows
            found[one.device] = answer
    return list(found.values())


def _executions(aws: Aws, job_id: str, until: float) -> dict[str, str] | None:
    """Thing name -> status, of the things that a job was sent to; None where the job is gone."""
    found = {}
    try:
        for one in aws.pages(
            "iot", "list_job_executions_for_job", "executionSummaries", jobId=job_id, maxResults=_PAGE
        ):
            found[one["thingArn"].rpartition("/")[2]] = one["jobExecutionSummary"]["status"]
            if time.monotonic() >= until:
                break
    except AwsError as error:
        if error.is_absent:
            return None
        raise
    return found


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


def pauses_s(devices: int) -> Iterator[float]:
    """Seconds between the looks at a fleet, growing; the larger the fleet, the longer, up to a minute.

    Args:
        devices: How many are looked at.
    """
    by_size = max(_SMALL_FLEET_PAUSE_S, devices / _DEVICES_PER_PAUSE_S)
    longest = min(by_size, _LARGEST_FLEET_PAUSE_S)
    pause = _FIRST_PAUSE_S * longest / _SMALL_FLEET_PAUSE_S
    while True:
        yield pause
        pause = min(pause * _PAUSE_GROWTH, longest)


def follow(
    aws: Aws,
    deployment_id: str,
    made_for: tuple[Target, Sequence[str]],
    timeout_s: float,
    on_change: Callable[[DeviceResult, Sequence[DeviceResult]], None],
) -> list[DeviceResult]:
    """Wait until every device is through, or the time is up.

    Args:
        aws: Who is asked. That it limits how often, or cannot be reached for a while, does not end the wait.
        deployment_id: Which deployment.
        made_for: Its target, and the thing names of the core devices in it.
        timeout_s: How long to wait.
        on_change: Told each new status of a device, and how all of them fare.

    Raises:
        EndedError: The deployment was cancelled or replaced meanwhile.
        AwsError: AWS does not answer, and that does not pass in time.
    """
    target, devices = made_for
    seen = {device: DeviceResult(device, _NOT_LISTED) for device in devices}
    strangers: set[str] = set()
    deadline = time.monotonic() + timeout_s
    for pause_s in pauses_s(len(devices)):
        try:
            deployment = aws.call("greengrassv2", "get_deployment", deploymentId=deployment_id)
            waiting = [one.device for one in seen.values() if not one.is_final]
            until = max(deadline, time.monotonic() + _LAST_LOOK_S)
            found = results(aws, deployment, target, waiting, until)
            if unknown := {one.device for one in found} - seen.keys() - strangers:
                strangers |= unknown - {*core_devices(aws, target)}  # they have left the group
            for one in found:
                if one.device in strangers:
                    continue
                before, seen[one.device] = seen.get(one.device), one
                if one != before:
                    on_change(one, list(seen.values()))
        except AwsError as error:
            if not error.is_passing or time.monotonic() >= deadline:
                raise
            deployment = {}
        if all(one.is_final for one in seen.values()) or time.monotonic() >= deadline:
            break
        _refuse_ended(deployment_id, deployment)
        threading.Event().wait(min(pause_s, max(deadline - time.monotonic(), 0)))
    return explained(aws, deployment_id, list(seen.values()))


def _refuse_ended(deployment_id: str, deployment: Mapping[str, Any]) -> None:
    """A deployment that was cancelled or replaced never gets to devices that have not begun it."""
    if deployment.get("deploymentStatus") == "CANCELED" or deployment.get("isLatestForTarget") is False:
        how = "cancelled" if deployment.get("isLatestForTarget") else "replaced by a newer one"
        raise EndedError(
            f"Deployment {deployment_id} was {how}; not all devices were through with it. scripts/edge "
            "deployments shows what holds now; to deploy this again: the same command with "
            f"{'--base ' + deployment_id if how == 'cancelled' else '--again'}"
        )
