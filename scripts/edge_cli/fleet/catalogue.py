"""Component versions in AWS: what there is, in which state, with which recipe. Changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_cli.building.names import AMAZONS
from edge_cli.errors import CommandError
from edge_cli.fleet import versions
from edge_cli.fleet.aws import Aws, AwsError

CONTENT_TAG = "edge:content"
_AMAZON = "aws"  # stands for the account in ARNs of the components that Amazon publishes

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


def component_arn(aws: Aws, name: str, owner: str | None = None) -> str:
    """The ARN of a component: of this account, or of another owner."""
    return f"arn:{aws.partition}:greengrass:{aws.region}:{owner or aws.account}:components:{name}"


def version_arn(aws: Aws, name: str, version: str, owner: str | None = None) -> str:
    """The ARN of one version of it."""
    return f"{component_arn(aws, name, owner)}:versions:{version}"


def published_versions(aws: Aws, name: str, owner: str | None = None) -> list[str]:
    """All versions of a component, oldest first; empty when there is no such component.

    Args:
        aws: Who is asked.
        name: Of the component.
        owner: Whose it is; None means this account's.
    """
    arn = component_arn(aws, name, owner)
    try:
        found = list(aws.pages("greengrassv2", "list_component_versions", "componentVersions", arn=arn))
    except AwsError as error:
        if _is_absent(error, name, owner):
            return []
        raise
    return versions.ordered(one["componentVersion"] for one in found)


def find(aws: Aws, name: str, version: str, owner: str | None = None) -> Published | None:
    """One version; None when there is none. Arguments as of `published_versions`."""
    arn = version_arn(aws, name, version, owner)
    try:
        answer = aws.call("greengrassv2", "describe_component", arn=arn)
    except AwsError as error:
        if _is_absent(error, name, owner):
            return None
        raise
    status = answer.get("status", {})
    return Published(
        name=name,
        version=version,
        arn=arn,
        state=status.get("componentState", ""),
        reason=_reason(status),
        publisher=answer.get("publisher", ""),
        content=answer.get("tags", {}).get(CONTENT_TAG),
    )


def deployable(aws: Aws, name: str, version: str | None, built: str | None = None) -> str:
    """The version to deploy.

    Args:
        aws: Who is asked.
        name: Of the component.
        version: None means the newest release.
        built: What `edge build` has left: the list of versions may not have it yet, just after it was
            published. None means nothing.

    Raises:
        CommandError: There is none, or it cannot be deployed; says which there are.
    """
    chosen = version or versions.newest_release(_known(aws, name, built))
    found = _found(aws, name, chosen) if chosen else None
    if not chosen or not found:
        known = _known(aws, name, built)
        there_are = f"There are: {', '.join(known[-5:])}." if known else "There is no version of it at all."
        which = f"{name} {chosen}" if chosen else name
        if name.startswith(AMAZONS):
            where = f"among Amazon's components in region {aws.region}"
            remedy = "Their names: aws greengrassv2 list-components --scope PUBLIC"
        else:
            where = f"in account {aws.account}, region {aws.region}"
            remedy = "`scripts/edge publish` publishes what was built."
        raise CommandError(f"There is no {which} {where}. {there_are} {remedy}")
    if found.state != "DEPLOYABLE":
        because = f": {found.reason}" if found.reason else ""
        raise CommandError(f"{name} {chosen} cannot be deployed, it is {found.state}{because}.")
    return chosen


def recipe(aws: Aws, name: str, version: str) -> bytes | None:
    """The recipe of a version as AWS has it, in JSON; None when the version is gone."""
    for owner in _owners(aws, name):
        arn = version_arn(aws, name, version, owner)
        try:
            answer = aws.call("greengrassv2", "get_component", arn=arn, recipeOutputFormat="JSON")
        except AwsError as error:
            if _is_absent(error, name, owner):
                continue
            raise
        return bytes(answer["recipe"])
    return None


def _known(aws: Aws, name: str, built: str | None) -> list[str]:
    """Its versions, whoever's it is, and the one that was built where AWS has that; oldest first."""
    listed = (published_versions(aws, name, owner) for owner in _owners(aws, name))
    known = next(filter(None, listed), [])
    if built and built not in known and find(aws, name, built):
        known = versions.ordered([*known, built])
    return known


def _found(aws: Aws, name: str, version: str) -> Published | None:
    """One version, whoever's it is."""
    return next((one for owner in _owners(aws, name) if (one := find(aws, name, version, owner))), None)


def _owners(aws: Aws, name: str) -> tuple[str, str]:
    """Whose a component may be, the likelier one first.

    A name does not tell: components of AWS Labs (aws.greengrass.labs.) are published in one's own account,
    and some of Amazon's public ones have other names.
    """
    return (_AMAZON, aws.account) if name.startswith(AMAZONS) else (aws.account, _AMAZON)


def _is_absent(error: AwsError, name: str, owner: str | None) -> bool:
    """There is no such thing; or it was only a guess that it is Amazon's, and those may not be read."""
    is_guess = owner == _AMAZON and not name.startswith(AMAZONS)
    return error.is_absent or (is_guess and error.code == "AccessDeniedException")


def _reason(status: dict[str, Any]) -> str:
    errors = "; ".join(f"{where}: {what}" for where, what in sorted(status.get("errors", {}).items()))
    message = status.get("message", "")
    return "; ".join(part for part in ("" if message == "NONE" else message, errors) if part)
