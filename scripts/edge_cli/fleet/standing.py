"""Where a target stands: its latest deployment, how devices fared with it, and what a new one starts from.

Asks AWS; changes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.fleet import difference, rollout, specification
from edge_cli.fleet import target as targets
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.rollout import DeviceResult
from edge_cli.fleet.target import Target, few

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Latest:
    """What a target was asked for last; to see whether somebody has changed that meanwhile.

    Attributes:
        deployment_id: None where nothing was deployed yet.
        is_cancelled: Nobody knows which devices had begun it by then.
        newest_left: Where the latest was deleted, the newest that is left; else None.
    """

    deployment_id: str | None
    is_cancelled: bool
    newest_left: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a target stands; deployments are as `GetDeployment` has them.

    Attributes:
        latest: What the target was asked for last.
        present: The latest itself; None where there is none.
        base: Whose components, configurations and policies a new one starts from; None where there is none.
        asked: The newest that nobody cancelled: what devices are taken to run; None where there is none.
        devices: Thing names of the core devices of the target.
        results: How each of them fares with the latest.
    """

    latest: Latest
    present: JsonObject | None
    base: JsonObject | None
    asked: JsonObject | None
    devices: tuple[str, ...]
    results: tuple[DeviceResult, ...]

    @property
    def starts_from_latest(self) -> bool:
        """Nothing is left out of what was asked for last, and nothing cancelled is asked for again."""
        base_id = self.base["deploymentId"] if self.base else None
        return not self.latest.is_cancelled and base_id == self.latest.deployment_id

    @property
    def base_is_done(self) -> bool:
        """Every device is through with what the base asks for: an older deployment, or the latest if so."""
        if self.base is None or self.base["deploymentId"] != self.latest.deployment_id:
            return True
        return bool(self.results) and all(one.is_good for one in self.results)


def look(aws: Aws, target: Target, base_id: str | None) -> Standing:
    """See where a target stands.

    Args:
        aws: Who is asked.
        target: Which.
        base_id: The deployment that a person wants to start from; None means the latest.

    Raises:
        CommandError: There is no such deployment of this target; or the latest is cancelled or deleted and
            nobody says from which to start.
    """
    latest = seen_last(aws, target)
    present = _deployment(aws, latest.deployment_id) if latest.deployment_id else None
    is_lost = latest.is_cancelled or latest.newest_left is not None
    asked = _newest_not_cancelled(aws, target) if is_lost else present
    if base_id is not None:
        base = present if base_id == latest.deployment_id else _of_target(aws, target, base_id)
    elif latest.newest_left:
        left = _deployment(aws, latest.newest_left)
        raise CommandError(
            f"The latest deployment to {target} was deleted, so it is not known what its devices run. "
            "Nothing was changed. Say from which deployment the new one starts:\n"
            f"  --base {latest.newest_left}  of {created_at(left)}, the newest that is left"
            f"{', which was cancelled' if left.get('deploymentStatus') == 'CANCELED' else ''}"
        )
    elif present and latest.is_cancelled:
        raise CommandError(_choice(target, present, asked))
    else:
        base = present
    devices = targets.core_devices(aws, target)
    results = rollout.results(aws, present, target, devices) if present else ()
    return Standing(latest, present, base, asked, tuple(devices), tuple(results))


def seen_last(aws: Aws, target: Target) -> Latest:
    """What a target was asked for last."""
    found = aws.pages(
        "greengrassv2", "list_deployments", "deployments", targetArn=target.arn, historyFilter="LATEST_ONLY"
    )
    newest = next(iter(found), None)
    if newest is None:
        left = next(iter(listed(aws, target)), None)
        return Latest(None, is_cancelled=False, newest_left=left["deploymentId"] if left else None)
    return Latest(newest["deploymentId"], newest.get("deploymentStatus") == "CANCELED")


def listed(aws: Aws, target: Target) -> list[JsonObject]:
    """All deployments of a target, newest first, as `ListDeployments` has them."""
    # The API says nothing of their order.
    return sorted(
        aws.pages(
            "greengrassv2", "list_deployments", "deployments", targetArn=target.arn, historyFilter="ALL"
        ),
        key=lambda one: one["creationTimestamp"],
        reverse=True,
    )


def overtaken(aws: Aws, made_after: Latest, target: Target, deployment_id: str) -> str | None:
    """Id of a deployment of somebody else that came between: after what was there, before our own; else None.

    AWS takes whatever comes: nothing there lets one create a deployment only upon the one that was seen.
    """
    ids = [one["deploymentId"] for one in listed(aws, target)]
    before = ids[ids.index(deployment_id) + 1 :] if deployment_id in ids else []
    between = next(iter(before), None)
    return None if between == (made_after.deployment_id or made_after.newest_left) else between


def created_at(deployment: JsonObject) -> str:
    """When a deployment was created: UTC, ISO 8601."""
    when: datetime = deployment["creationTimestamp"]
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def notes(standing: Standing, target: Target, *, is_sent: bool) -> list[str]:
    """What a person must know before they deploy upon this.

    Args:
        standing: Upon what.
        target: Whose it is.
        is_sent: A deployment is going to be created.
    """
    found: list[str] = []
    if not standing.devices:
        found.append(f"{targets.nobody(target)}.")
    if standing.base and not standing.starts_from_latest:
        base_id = standing.base["deploymentId"]
        is_latest = base_id == standing.latest.deployment_id
        latest = standing.latest.deployment_id or "which was deleted"
        rather = "" if is_latest else f", not from the latest, {latest}"
        found.append(f"Starts from deployment {base_id} of {created_at(standing.base)}{rather}.")
    if standing.latest.is_cancelled:
        found.append(
            f"The latest deployment, {standing.latest.deployment_id}, was cancelled: devices that had begun "
            "it by then may run what it asked for."
        )
        return found
    failed = [one.device for one in standing.results if one.has_failed]
    status = (standing.present or {}).get("deploymentStatus")
    if (failed or status == "FAILED") and standing.starts_from_latest:
        on = f" on {few(failed)}" if failed else ""
        what = (
            ": what it asked for is sent again with this."
            if is_sent
            else ". To have devices try again: --again"
        )
        found.append(f"The latest deployment, {standing.latest.deployment_id}, failed{on}{what}")
    if busy := [one.device for one in standing.results if not one.is_final]:
        found.append(
            f"The latest deployment, {standing.latest.deployment_id}, is not finished yet on {few(busy)}."
        )
    return found


def _choice(target: Target, cancelled: JsonObject, asked: JsonObject | None) -> str:
    """The refusal where the latest deployment is cancelled."""
    name = f"Deployment to {target}"
    before = specification.kept(asked, target.arn, name)
    differences = difference.between(before, specification.kept(cancelled, target.arn, name))
    asks_for = ", ".join(map(difference.described, differences)) or "the same as the one before"
    head = (
        f"The latest deployment to {target} was cancelled, so it is not known which devices run it. "
        "Nothing was "
        "changed. Say from which deployment the new one starts:"
    )
    lines = [
        head,
        f"  --base {cancelled['deploymentId']}  of {created_at(cancelled)}, the cancelled one: {asks_for}",
    ]
    if asked:
        lines.append(
            f"  --base {asked['deploymentId']}  of {created_at(asked)}, the newest that was not cancelled: "
            "without that"
        )
    return "\n".join(lines)


def _newest_not_cancelled(aws: Aws, target: Target) -> JsonObject | None:
    for one in listed(aws, target):
        if one.get("deploymentStatus") != "CANCELED":
            return _deployment(aws, one["deploymentId"])
    return None


def _of_target(aws: Aws, target: Target, deployment_id: str) -> JsonObject:
    try:
        found = _deployment(aws, deployment_id)
    except AwsError as error:
        if not error.is_absent:
            raise
        raise CommandError(
            f"There is no deployment {deployment_id} in account {aws.account}, region {aws.region}. "
            "scripts/edge deployments shows those of a target."
        ) from None
    if found["targetArn"] != target.arn:
        raise CommandError(
            f"Deployment {deployment_id} is of {found['targetArn']}, not of {target}. "
            "scripts/edge deployments shows those of a target."
        )
    return found


def _deployment(aws: Aws, deployment_id: str) -> JsonObject:
    return aws.call("greengrassv2", "get_deployment", deploymentId=deployment_id)
