"""May a build be published, and as which version? Asks AWS; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_cli import gdk_config
from edge_cli.building.builds import Build
from edge_cli.errors import CommandError
from edge_cli.fleet import bucket as buckets
from edge_cli.fleet import catalogue, release, versions
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.catalogue import Published
from edge_cli.fleet.release import Release
from edge_cli.targets import Target

NEXT = "next"


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """What is to be published.

    Attributes:
        builds: Of what.
        targets: The machines that it is for.
        bucket: Where artifacts go; None means what `gdk-config.json` names.
        version: None means that of each build; `next` means that, or the one after the latest published.
        adopts: A component that another publisher's name stands on is taken over.
    """

    builds: Sequence[Build]
    targets: Sequence[Target]
    bucket: str | None = None
    version: str | None = None
    adopts: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """A release that may be published.

    Attributes:
        release: What.
        published: The very same content under the very same version, where it is in AWS already.
    """

    release: Release
    published: Published | None


def plan(aws: Aws, request: PublishRequest) -> list[Admitted]:
    """Check everything, of all components.

    Raises:
        CommandError: Something cannot be published; names every reason.
    """
    admitted: list[Admitted] = []
    faults: list[str] = []
    for build in request.builds:
        try:
            admitted.append(_checked(aws, build, request))
        except AwsError:
            raise  # it would be the same for the others
        except CommandError as error:
            faults.append(str(error))
    needed = {one.release.bucket for one in admitted if one.release.uploads and not one.published}
    for bucket in sorted(needed):
        try:
            buckets.check(aws, bucket)
        except CommandError as error:
            faults.append(str(error))
    if faults:
        raise CommandError("\n".join((*faults, "Nothing was changed.")))
    return admitted


def refuse_other_content(wanted: Release, found: Published) -> None:
    """What is published under a version never changes.

    Args:
        wanted: What is to be published.
        found: What is there under the same version.

    Raises:
        CommandError: They are not the same, or it is not known; offers another version.
    """
    offer = (
        "Give it another version: set ComponentVersion in its recipe and build it again, or take the next "
        f"that is free: scripts/edge publish {wanted.name} --version {NEXT}"
    )
    what = f"{found.name} {found.version}"
    if found.state == "FAILED":
        raise CommandError(f"{what} is there, but it FAILED: {found.reason or 'no reason given'}. {offer}")
    if found.content is None:
        raise CommandError(
            f"{what} was published by another program: it is not known whether the content is the same. "
            f"{offer}"
        )
    if found.content != wanted.content:
        raise CommandError(f"{what} is published, with other content; versions never change. {offer}")


def _checked(aws: Aws, build: Build, request: PublishRequest) -> Admitted:
    bucket = request.bucket or gdk_config.bucket(build.name, aws.region, aws.account)
    built = release.prepared(build, build.version, bucket, request.targets)
    taken = catalogue.published_versions(aws, build.name)
    latest = catalogue.find(aws, build.name, taken[-1]) if taken else None
    if latest and latest.publisher not in {"", built.publisher} and not request.adopts:
        raise CommandError(
            f"The name {build.name} is taken: {latest.publisher} has published {latest.version} under it, "
            f"this build is by {built.publisher or 'nobody'}. Take a name of your own: scripts/edge build "
            "--namespace com.yours; or, if it is the same component, take it over: --adopt."
        )
    version = _version(built, request.version, taken, latest)
    wanted = built
    if version != built.version:
        wanted = release.prepared(build, version, bucket, request.targets)
    if version not in taken:
        return Admitted(wanted, None)
    found = latest if latest and latest.version == version else catalogue.find(aws, build.name, version)
    is_other = found is not None and found.content != wanted.content
    if is_other and (later := _published_later(aws, wanted, taken)):
        if request.version:
            raise CommandError(
                f"{build.name} {version} is published, with other content; this one is published as "
                f"{later.version}. Leave out --version."
            )
        return Admitted(release.prepared(build, later.version, bucket, request.targets), later)
    if found:
        refuse_other_content(wanted, found)
    return Admitted(wanted, found)


def _published_later(aws: Aws, wanted: Release, taken: Sequence[str]) -> Published | None:
    """The newest version after the one that is wanted which has the very same content."""
    for version in reversed(taken[taken.index(wanted.version) + 1 :]):
        found = catalogue.find(aws, wanted.name, version)
        if found and found.content == wanted.content and found.state != "FAILED":
            return found
    return None


def _version(built: Release, wanted: str | None, taken: Sequence[str], latest: Published | None) -> str:
    if wanted != NEXT:
        return wanted or built.version
    if latest and latest.content == built.content and latest.state != "FAILED":
        return latest.version
    return versions.next_version(built.version, taken)
