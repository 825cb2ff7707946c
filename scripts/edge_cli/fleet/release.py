"""One build as it is published: its recipe with the addresses filled in, and its uploads. Reads files only.

Objects are named `NAME/VERSION/<sha256[:16]>/FILE`: a name never stands for two contents, so that a
publication that was interrupted, or somebody else's, can never change what a device that installs later gets.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli import recipes
from edge_cli.building import checksums
from edge_cli.errors import CommandError
from edge_cli.fleet.builds import Build

_TO_BE_FILLED = re.compile(r"s3://BUCKET_NAME/(?:.*/)?([^/]+)")
_PLACEHOLDERS = ("BUCKET_NAME", "COMPONENT_NAME", "COMPONENT_VERSION", "{COMPONENT_AUTHOR}")
_MAX_RECIPE_BYTES = 16_000  # quota "Maximum size of component recipe", AWS General Reference
_AMAZONS = "aws."


@dataclass(frozen=True, slots=True)
class Upload:
    """One artifact.

    Attributes:
        file: Where it lies.
        key: In the bucket.
        sha256: In hex.
        size_bytes: Of the file.
    """

    file: Path
    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Release:
    """One component version, ready to be published.

    Attributes:
        name: Greengrass name.
        version: What it is published as.
        publisher: ComponentPublisher of the recipe; empty where there is none.
        bucket: Where its artifacts go.
        recipe: The recipe that AWS gets.
        uploads: Its artifacts.
        content: Identifies what it does: the same for the same build under another version, in any bucket.
    """

    name: str
    version: str
    publisher: str
    bucket: str
    recipe: bytes
    uploads: tuple[Upload, ...]
    content: str


def prepared(build: Build, version: str, bucket: str) -> Release:
    """A build, checked, as it would be published.

    Raises:
        CommandError: An artifact is not what was built or is missing, or the recipe is none that AWS takes.
    """
    document = recipes.read_document(build.recipe)
    if build.name.startswith(_AMAZONS):
        raise CommandError(f"{build.name} cannot be published: names that begin with aws. are Amazon's own.")
    uploads: dict[str, Upload] = {}
    if _addresses(document):
        checksums.verify(build.artifacts)
    for uri in _addresses(document):
        if matched := _TO_BE_FILLED.fullmatch(uri):
            file = matched[1]
            uploads.setdefault(file, _upload(build, version, file))
    content = _digest(document, {file: upload.sha256 for file, upload in uploads.items()})
    for manifest in document["Manifests"]:
        for artifact in manifest.get("Artifacts") or []:
            if matched := _TO_BE_FILLED.fullmatch(artifact["Uri"]):
                artifact["Uri"] = f"s3://{bucket}/{uploads[matched[1]].key}"
    document["ComponentVersion"] = version
    text = recipes.as_text(document)
    _refuse_unusable(build, text)
    return Release(
        name=build.name,
        version=version,
        publisher=str(document.get("ComponentPublisher") or ""),
        bucket=bucket,
        recipe=text.encode(),
        uploads=tuple(uploads.values()),
        content=content,
    )


def _addresses(document: dict[str, Any]) -> list[str]:
    try:
        return [
            str(artifact["Uri"])
            for manifest in document["Manifests"]
            for artifact in manifest.get("Artifacts") or []
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise CommandError(
            f"The recipe of {document['ComponentName']} is broken: Manifests or Artifacts lack {error}. "
            "Build it again: scripts/edge build"
        ) from None


def _upload(build: Build, version: str, file_name: str) -> Upload:
    file = build.artifacts / file_name
    if not file.is_file():
        raise CommandError(
            f"{build.recipe} names {file_name}, but {build.artifacts} has no such file. "
            "Build it again: scripts/edge build"
        )
    body = file.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    return Upload(file, f"{build.name}/{version}/{sha256[:16]}/{file_name}", sha256, len(body))


def _digest(document: dict[str, Any], digests: dict[str, str]) -> str:
    recipe = {key: value for key, value in document.items() if key != "ComponentVersion"}
    text = json.dumps([recipe, digests], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_unusable(build: Build, text: str) -> None:
    if left := [word for word in _PLACEHOLDERS if word in text]:
        raise CommandError(
            f"{build.recipe} still has {', '.join(left)} in it where nothing fills it in. "
            "Addresses must be s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/FILE."
        )
    if len(text.encode()) > _MAX_RECIPE_BYTES:
        raise CommandError(
            f"{build.recipe} has {len(text.encode())} bytes; AWS takes {_MAX_RECIPE_BYTES} at most."
        )
