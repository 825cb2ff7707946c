"""`edge publish`, after everything was checked: artifacts are uploaded, then versions are created.

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
from edge_cli.fleet import catalogue
from edge_cli.fleet.admission import NEXT, Admitted, refuse_other_content
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.catalogue import Published
from edge_cli.fleet.release import Release

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
        architectures: The processors that it is for, in the words of `uname -m`.
        python: Of the machines that it is for, e.g. 3.11.
        artifacts: What was, or would be, uploaded for it.
    """

    component: str
    version: str
    arn: str
    outcome: Outcome
    architectures: tuple[str, ...]
    python: str
    artifacts: tuple[PublishedArtifact, ...]


def foreseen(aws: Aws, admitted: Sequence[Admitted]) -> list[PublishedComponent]:
    """What `publish` would do; changes nothing."""
    return [_described(aws, one, Outcome.WOULD_PUBLISH) for one in admitted]


def publish(aws: Aws, admitted: Sequence[Admitted], progress: Progress) -> list[PublishedComponent]:
    """Publish what may be published.

    Args:
        aws: Where.
        admitted: What.
        progress: Told before anything that may take long.

    Raises:
        CommandError: A component could not be published; says which ones were.
    """
    done: list[PublishedComponent] = []
    try:
        for wanted in (one.release for one in admitted if not one.published):
            for upload in wanted.uploads:
                progress(f"Uploading {upload.file.name}")
                buckets.put(aws, wanted.bucket, upload)
        for one in admitted:
            seen = one.published or _create(aws, one.release)
            _await_deployable(aws, one.release, seen, progress)
            done.append(_described(aws, one, Outcome.PUBLISHED))
    except CommandError as error:
        if fresh := [one.component for one in done if one.outcome is Outcome.PUBLISHED]:
            raise CommandError(f"{error}\nBefore that, {', '.join(fresh)} could be published.") from None
        raise
    return done


def _described(aws: Aws, one: Admitted, outcome: Outcome) -> PublishedComponent:
    wanted = one.release
    arn = catalogue.version_arn(aws, wanted.name, wanted.version)
    artifacts = tuple(
        PublishedArtifact(f"s3://{wanted.bucket}/{upload.key}", upload.sha256, upload.size_bytes)
        for upload in wanted.uploads
    )
    return PublishedComponent(
        component=wanted.name,
        version=wanted.version,
        arn=arn,
        outcome=Outcome.ALREADY_PUBLISHED if one.published else outcome,
        architectures=tuple(target.architecture.value for target in wanted.targets),
        python=wanted.targets[0].python.value,
        artifacts=() if one.published else artifacts,
    )


def _create(aws: Aws, wanted: Release) -> Published:
    try:
        aws.call(
            "greengrassv2",
            "create_component_version",
            inlineRecipe=wanted.recipe,
            tags={catalogue.CONTENT_TAG: wanted.content},
        )
    except AwsError as error:
        if error.code != "ConflictException":
            raise
        # Somebody was quicker since it was checked; or it was this very call, its answer lost.
        if found := catalogue.find(aws, wanted.name, wanted.version):
            refuse_other_content(wanted, found)
            return found
        raise CommandError(
            f"{wanted.name} {wanted.version} cannot be created: {error} Is somebody else using that "
            f"name now? Try again, or take another version: --version {NEXT}"
        ) from None
    arn = catalogue.version_arn(aws, wanted.name, wanted.version)
    return Published(wanted.name, wanted.version, arn, "REQUESTED", "", wanted.publisher, wanted.content)


def _await_deployable(aws: Aws, wanted: Release, seen: Published, progress: Progress) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    pause_s = _FIRST_PAUSE_S
    what = f"{wanted.name} {wanted.version}"
    while seen.state != "DEPLOYABLE":
        if seen.state in {"FAILED", "DEPRECATED"}:
            raise CommandError(
                f"AWS could not make {what}: {seen.reason or 'it gives no reason'} ({seen.state}). "
                f"Repair that, then publish it as another version: --version {NEXT}"
            )
        if time.monotonic() > deadline:
            raise CommandError(
                f"{what} is still {seen.state} after {_DEADLINE_S:g} s. Run the same command again to "
                "continue waiting."
            )
        progress(f"{what} is {seen.state}")
        threading.Event().wait(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        seen = catalogue.find(aws, wanted.name, wanted.version) or seen
