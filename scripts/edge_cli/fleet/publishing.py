"""`edge publish`: every component is checked, then artifacts are uploaded, then versions are created.

A kill in the middle leaves objects that nothing refers to, or some versions published and others not: the
same command again goes on where it was.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge_cli.errors import CommandError
from edge_cli.fleet import bucket as buckets
from edge_cli.fleet import catalogue, registry, release, versions
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.builds import Build
from edge_cli.fleet.catalogue import Published
from edge_cli.fleet.release import Release

NEXT = "next"
_DEADLINE_S = 180.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 4.0

Progress = Callable[[str], None]


class Outcome(StrEnum):
    """What became of a component."""

    PUBLISHED = "published"
    ALREADY_PUBLISHED = "already_published"
    WOULD_PUBLISH = "would_publish"


@dataclass(frozen=True, slots=True)
class PublishedArtifact:
    """One artifact in the bucket.

    Attributes:
        uri: Where it is.
        sha256: In hex.
        size_bytes: Of it.
    """

    uri: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PublishedComponent:
    """One component version.

    Attributes:
        component: Greengrass name.
        version: Of it.
        arn: Of the version.
        outcome: Whether it was there before.
        artifacts: Of it.
    """

    component: str
    version: str
    arn: str
    outcome: Outcome
    artifacts: tuple[PublishedArtifact, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be published.

    Attributes:
        builds: Of what.
        bucket: Where artifacts go; None means what `gdk-config.json` names.
        version: None means that of each build; `next` means that, or the one after the latest published.
        adopts: A component that another publisher's name stands on is taken over.
    """

    builds: Sequence[Build]
    bucket: str | None = None
    version: str | None = None
    adopts: bool = False


def plan(aws: Aws, order: Order) -> list[Release]:
    """Check everything, of all components; changes nothing.

    Raises:
        CommandError: Something cannot be published; names every reason.
    """
    releases, faults = [], []
    for build in order.builds:
        try:
            releases.append(_checked(aws, build, order))
        except AwsError:
            raise  # it would be the same for the others
        except CommandError as error:
            faults.append(str(error))
    for bucket in sorted({one.bucket for one in releases if one.uploads}):
        try:
            buckets.check(aws, bucket)
        except CommandError as error:
            faults.append(str(error))
    if faults:
        raise CommandError("\n".join([*faults, "Nothing was published."]) if len(faults) > 1 else faults[0])
    return releases


def publish(aws: Aws, releases: Sequence[Release], progress: Progress) -> list[PublishedComponent]:
    """Do what `plan` has checked.

    Args:
        aws: Where.
        releases: What.
        progress: Told before anything that may take long.

    Raises:
        CommandError: A component could not be published; says which ones were.
    """
    done: list[PublishedComponent] = []
    try:
        there = {one.name: catalogue.find(aws, one.name, one.version) for one in releases}
        for one in (one for one in releases if not there[one.name]):
            for upload in one.uploads:
                progress(f"Uploading {upload.file.name}")
                buckets.put(aws, one.bucket, upload)
        for one in releases:
            published = there[one.name] or _create(aws, one)
            _await_deployable(aws, one, published, progress)
            outcome = Outcome.ALREADY_PUBLISHED if there[one.name] else Outcome.PUBLISHED
            done.append(described(aws, one, outcome))
    except CommandError as error:
        if fresh := [one.component for one in done if one.outcome is Outcome.PUBLISHED]:
            raise CommandError(f"{error} Before that, {', '.join(fresh)} could be published.") from None
        raise
    return done


def foreseen(aws: Aws, releases: Sequence[Release]) -> list[PublishedComponent]:
    """What `publish` would do; changes nothing."""
    return [
        described(
            aws,
            one,
            Outcome.ALREADY_PUBLISHED
            if catalogue.find(aws, one.name, one.version)
            else Outcome.WOULD_PUBLISH,
        )
        for one in releases
    ]


def described(aws: Aws, one: Release, outcome: Outcome) -> PublishedComponent:
    """A release as its outcome is reported."""
    artifacts = tuple(
        PublishedArtifact(f"s3://{one.bucket}/{upload.key}", upload.sha256, upload.size_bytes)
        for upload in one.uploads
    )
    arn = catalogue.version_arn(aws, one.name, one.version)
    return PublishedComponent(one.name, one.version, arn, outcome, artifacts)


def _checked(aws: Aws, build: Build, order: Order) -> Release:
    """One component as it would be published; its version is free, or has the same content already."""
    bucket = order.bucket or registry.bucket(build.name, aws.region, aws.account)
    content = release.content_of(build)
    taken = catalogue.published_versions(aws, build.name)
    latest = catalogue.find(aws, build.name, taken[-1]) if taken else None
    if latest and not order.adopts:
        _refuse_anothers(build, latest)
    version = _version(build, order.version, taken, latest, content)
    prepared = release.prepared(build, version, bucket)
    if version in taken:
        found = latest if latest and latest.version == version else catalogue.find(aws, build.name, version)
        if found:
            _refuse_other_content(prepared, found, versions.next_version(version, taken))
    return prepared


def _version(
    build: Build, wanted: str | None, taken: Sequence[str], latest: Published | None, content: str
) -> str:
    if wanted != NEXT:
        return wanted or build.version
    if latest and latest.content == content and latest.state != "FAILED":
        return latest.version
    return versions.next_version(build.version, taken)


def _refuse_anothers(build: Build, latest: Published) -> None:
    ours = release.prepared(build, build.version, "any-bucket").publisher
    if latest.publisher and latest.publisher != ours:
        raise CommandError(
            f"The name {build.name} is taken: {latest.publisher} has published {latest.version} under it, "
            f"this build is by {ours or 'nobody'}. Take a name of your own: scripts/edge build --namespace "
            "com.yours; or, if it is the same component, take it over: --adopt"
        )


def _refuse_other_content(prepared: Release, found: Published, free: str) -> None:
    offer = f"Publish this as the next version: --version {free}"
    what = f"{found.name} {found.version}"
    if found.state == "FAILED":
        raise CommandError(f"{what} is there, but it FAILED: {found.reason or 'no reason given'}. {offer}")
    if found.content is None:
        raise CommandError(
            f"{what} was published by another program: nothing tells whether with the same content. {offer}"
        )
    if found.content != prepared.content:
        raise CommandError(f"{what} is published, with other content; versions never change. {offer}")


def _create(aws: Aws, one: Release) -> Published:
    try:
        aws.call(
            "greengrassv2",
            "create_component_version",
            inlineRecipe=one.recipe,
            tags={catalogue.CONTENT_TAG: one.content},
        )
    except AwsError as error:
        if error.code != "ConflictException":
            raise
        # Somebody was quicker since it was checked; or it was this very call, its answer lost.
        if found := catalogue.find(aws, one.name, one.version):
            taken = catalogue.published_versions(aws, one.name)
            _refuse_other_content(one, found, versions.next_version(one.version, taken))
            return found
        raise CommandError(
            f"{one.name} {one.version} cannot be created: {error} "
            f"Is something else being done with that name now? Try again, or: --version {NEXT}"
        ) from None
    return catalogue.find(aws, one.name, one.version) or _requested(aws, one)


def _requested(aws: Aws, one: Release) -> Published:
    """What was just created, where AWS does not list it yet."""
    arn = catalogue.version_arn(aws, one.name, one.version)
    return Published(one.name, one.version, arn, "REQUESTED", "", one.publisher, one.content)


def _await_deployable(aws: Aws, one: Release, seen: Published, progress: Progress) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    pause_s = _FIRST_PAUSE_S
    while seen.state != "DEPLOYABLE":
        if seen.state in {"FAILED", "DEPRECATED"}:
            raise CommandError(
                f"AWS could not make {one.name} {one.version}: {seen.reason or 'it gives no reason'} "
                f"({seen.state}). Repair that, then publish it as another version: --version {NEXT}"
            )
        if time.monotonic() > deadline:
            raise CommandError(
                f"{one.name} {one.version} is still {seen.state} after {_DEADLINE_S:g} s. The same command "
                "again waits on."
            )
        progress(f"{one.name} {one.version} is {seen.state}")
        threading.Event().wait(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        seen = catalogue.find(aws, one.name, one.version) or seen
