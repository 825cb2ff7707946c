"""Component versions in AWS: what there is, in which state, with which recipe. Changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_cli.building.names import AMAZONS
from edge_cli.errors import CommandError
from edge_cli.fleet import versions
from edge_cli.fleet.aws import Aws, AwsError

CONTENT_TAG = "edge:content"

RecipeOf = Callable[[str, str], bytes | None]  # name and version -> recipe in JSON; None where it is gone


@dataclass(frozen=True, slots=True)
class Published:
    """One component version in AWS.

    Attributes:
        name: Greengrass name.
        version: Of it.
        arn: Of the version.
        state: REQUESTED, INITIATED, DEPLOYABLE, FAILED or DEPRECATED.
        reason: Why it is in that state, where AWS says so; else empty.
        publisher: ComponentPublisher of its recipe; empty where AWS has none.
        content: `Release.content` of what was published; None where another program did it.
    """

    name: str
    version: str
    arn: str
    state: str
    reason: str
    publisher: str
    content: str | None


def component_arn(aws: Aws, name: str) -> str:
    """The ARN of a component: of this account, or Amazon's own."""
    owner = "aws" if name.startswith(AMAZONS) else aws.account
    return f"arn:{aws.partition}:greengrass:{aws.region}:{owner}:components:{name}"


def version_arn(aws: Aws, name: str, version: str) -> str:
    """The ARN of one version of it."""
    return f"{component_arn(aws, name)}:versions:{version}"


def published_versions(aws: Aws, name: str) -> list[str]:
    """All versions of a component, oldest first; empty when there is no such component."""
    arn = component_arn(aws, name)
    try:
        found = list(aws.pages("greengrassv2", "list_component_versions", "componentVersions", arn=arn))
    except AwsError as error:
        if error.is_absent:
            return []
        raise
    return versions.ordered(one["componentVersion"] for one in found)


def find(aws: Aws, name: str, version: str) -> Published | None:
    """One version; None when there is none."""
    try:
        answer = aws.call("greengrassv2", "describe_component", arn=version_arn(aws, name, version))
    except AwsError as error:
        if error.is_absent:
            return None
        raise
    status = answer.get("status", {})
    return Published(
        name=name,
        version=version,
        arn=version_arn(aws, name, version),
        state=status.get("componentState", ""),
        reason=_reason(status),
        publisher=answer.get("publisher", ""),
        content=answer.get("tags", {}).get(CONTENT_TAG),
    )


def deployable(aws: Aws, name: str, version: str | None) -> str:
    """The version to deploy.

    Args:
        aws: Who is asked.
        name: Of the component.
        version: None means the newest release.

    Raises:
        CommandError: There is none, or it cannot be deployed; says which there are.
    """
    known = published_versions(aws, name)
    chosen = version or versions.newest_release(known)
    if not chosen or chosen not in known:
        there_are = f"There are: {', '.join(known[-5:])}." if known else "There is no version of it at all."
        which = f"{name} {chosen}" if chosen else name
        if name.startswith(AMAZONS):
            where = f"among Amazon's components in region {aws.region}"
            remedy = "Their names: aws greengrassv2 list-components --scope PUBLIC"
        else:
            where = f"in account {aws.account}, region {aws.region}"
            remedy = "`scripts/edge publish` publishes what was built."
        raise CommandError(f"There is no {which} {where}. {there_are} {remedy}")
    found = find(aws, name, chosen)
    state = found.state if found else "gone"
    if state != "DEPLOYABLE":
        because = f": {found.reason}" if found and found.reason else ""
        raise CommandError(f"{name} {chosen} cannot be deployed, it is {state}{because}.")
    return chosen


def recipe(aws: Aws, name: str, version: str) -> bytes | None:
    """The recipe of a version as AWS has it, in JSON; None when the version is gone."""
    arn = version_arn(aws, name, version)
    try:
        answer = aws.call("greengrassv2", "get_component", arn=arn, recipeOutputFormat="JSON")
    except AwsError as error:
        if error.is_absent:
            return None
        raise
    return bytes(answer["recipe"])


def _reason(status: dict[str, Any]) -> str:
    errors = "; ".join(f"{where}: {what}" for where, what in sorted(status.get("errors", {}).items()))
    message = status.get("message", "")
    return "; ".join(part for part in ("" if message == "NONE" else message, errors) if part)
