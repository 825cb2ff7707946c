"""One build as it is published: its recipe with the addresses filled in, and its uploads. Reads files only.

Of what was built for several machines only that is taken which is to be published: what a fleet gets must not
depend on the laptop where it was built.

Objects are named `NAME/VERSION/<sha256[:16]>/FILE`: a name never stands for two contents, so that a
publication that was interrupted, or somebody else's, can never change what a device that installs later gets.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli import project, recipes, settings_check
from edge_cli.building import checksums
from edge_cli.building.builds import Build
from edge_cli.building.names import AMAZONS, namespace_of
from edge_cli.errors import CommandError
from edge_cli.targets import Target

_TO_BE_FILLED = re.compile(r"s3://BUCKET_NAME/(?:.*/)?([^/]+)")
_PLACEHOLDERS = ("BUCKET_NAME", "COMPONENT_NAME", "COMPONENT_VERSION", "{COMPONENT_AUTHOR}")
_MAX_RECIPE_BYTES = 16_000  # quota "Maximum size of component recipe", AWS General Reference


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
        targets: The machines that it is for.
        recipe: The recipe that AWS gets.
        uploads: Its artifacts.
        content: Identifies what it does: the same for the same build under another version, in any bucket.
    """

    name: str
    version: str
    publisher: str
    bucket: str
    targets: tuple[Target, ...]
    recipe: bytes
    uploads: tuple[Upload, ...]
    content: str


def prepared(build: Build, version: str, bucket: str, targets: Sequence[Target]) -> Release:
    """A build, checked, as it would be published.

    Args:
        build: Of what.
        version: What it is published as.
        bucket: Where its artifacts go.
        targets: The machines that it is for; what was built for others stays here.

    Raises:
        CommandError: An artifact is not what was built or is missing, the build is not for these machines, or
            the recipe is none that AWS takes.
    """
    document = recipes.read_document(build.recipe)
    if build.name.startswith(AMAZONS):
        raise CommandError(f"{build.name} cannot be published: names that begin with aws. are Amazon's own.")
    _addresses(document)  # before anything else is taken out of it: it must have its shape
    document["Manifests"] = _manifests_for(build, document, targets)
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
        targets=tuple(targets),
        recipe=text.encode(),
        uploads=tuple(uploads.values()),
        content=content,
    )


def _manifests_for(build: Build, document: dict[str, Any], targets: Sequence[Target]) -> list[dict[str, Any]]:
    """The manifests for these machines, in the recipe's order."""
    found = {target: [one for one in document["Manifests"] if _is_for(target, one)] for target in targets}
    if missing := [str(target) for target, manifests in found.items() if not manifests]:
        raise CommandError(
            f"{build.recipe} has nothing for {' nor for '.join(missing)}. "
            f"This builds it: `{_build_line(build, targets)}`."
        )
    return [one for one in document["Manifests"] if any(one in manifests for manifests in found.values())]


def _is_for(target: Target, manifest: dict[str, Any]) -> bool:
    if (manifest.get("Platform") or {}).get("architecture") != target.architecture.in_recipes:
        return False
    files = [Path(str(artifact["Uri"])).stem for artifact in manifest.get("Artifacts") or []]
    return all(file.endswith(f"-{target.tag}") for file in files)


def _build_line(build: Build, targets: Sequence[Target]) -> str:
    """The command that builds what is missing, and what is there: a build replaces the one before."""
    words = ["scripts/edge build"]
    if component := settings_check.of_project(build.name, build.recipe.parent.parent):
        words.append(component.package)
        if namespace := namespace_of(build.name, component.name):
            words.append(f"--namespace {namespace}")
        if build.version != recipes.read_facts(component.recipe).version:
            words.append(f"--version {build.version}")
    words += [f"--arch {target.architecture}" for target in targets]
    words += dict.fromkeys(f"--python {target.python}" for target in targets)
    folder = build.recipe.parent.parent
    if folder.resolve() != project.BUILD_OUTPUT:
        words.append(f"--out {folder}")
    return " ".join(words)


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
