"""Components -> `recipes/` and `artifacts/`, as greengrass-cli and `edge deployment create` take them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli import recipes
from edge_cli.building import artifact, build_folder, checksums, size_limit
from edge_cli.building.artifact import PROJECT_SOURCES, Artifact, Sources
from edge_cli.building.libraries import Progress
from edge_cli.building.names import checked_version, in_namespace, renaming
from edge_cli.building.recipe import artifact_stem, rendered
from edge_cli.building.sbom import bill_of_materials
from edge_cli.errors import CommandError
from edge_cli.project import Component, components
from edge_cli.targets import Target, this_machine


@dataclass(frozen=True, slots=True)
class BuiltArtifact:
    """One artifact that was written.

    Attributes:
        path: The ZIP file; beside it lie `.cdx.json`, its bill of materials, and `.sha256`.
        architecture: What it is for.
        python: What it is for.
        size_bytes: Of the ZIP file.
        limit_bytes: What that may be.
        sha256: Of the ZIP file, in hex.
    """

    path: Path
    architecture: str
    python: str
    size_bytes: int
    limit_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Built:
    """One component, built.

    Attributes:
        component: Its Greengrass name.
        version: Of it.
        recipe: The recipe that was written.
        artifacts: One for each target.
        seconds: What it took.
    """

    component: str
    version: str
    recipe: Path
    artifacts: tuple[BuiltArtifact, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What is to be built of a component.

    Attributes:
        targets: What for; empty means this machine alone, with the Python that runs this.
        namespace: What stands before the last part of the component's name; None means as in the recipe.
        version: None means the recipe's.
        recipe_name: File name of the recipe; None means NAME-VERSION.yaml.
        version_folder: Folder of the artifacts below `artifacts/NAME`, where nobody knows the version yet;
            None means the version.
    """

    targets: tuple[Target, ...] = ()
    namespace: str | None = None
    version: str | None = None
    recipe_name: str | None = None
    version_folder: str | None = None


def build(
    component: Component,
    output: Path,
    request: BuildRequest = BuildRequest(),
    *,
    sources: Sources = PROJECT_SOURCES,
    progress: Progress = lambda _: None,
) -> Built:
    """Build one component; what `output` held of it before, of any version, is replaced.

    Args:
        component: What to build.
        output: Folder that gets `recipes/` and `artifacts/`.
        request: What of it.
        sources: Where `edge_common`, the lock and the cache are.
        progress: Told before anything that may take long.

    Raises:
        CommandError: It cannot be built; names every reason. What was there before is left alone.
        OSError: A file cannot be written; the same.
    """
    started = time.monotonic()
    for folder in (component.sources, sources.shared / "edge_common"):
        if not folder.is_dir():
            raise CommandError(f"{component.name} cannot be built: {folder} is not there.")
    targets = request.targets or (this_machine(),)
    name, version, recipe = _named(component, request, targets)
    limit = size_limit.limit_bytes(component)
    build_folder.make(output)
    files: dict[str, bytes] = {}
    made: list[tuple[str, Target, Artifact]] = []
    known_version = None if request.version_folder else version
    for target in targets:
        stem = artifact_stem(component.package, target)
        one = artifact.make(component, target, sources, progress)
        former = next(build_folder.artifacts_of(output, name).glob(f"*/{stem}.zip"), None)
        size_limit.refuse_oversized(component, target, one.body, former)
        files |= _with_proofs(
            stem, one, bill_of_materials(name, known_version, target, one.sha256, one.materials)
        )
        made.append((f"{stem}.zip", target, one))
    folder, recipe_path = build_folder.replace(
        output,
        name,
        version_folder=request.version_folder or version,
        artifacts=files,
        recipe=(request.recipe_name or f"{name}-{version}.yaml", recipe),
    )
    written = tuple(
        BuiltArtifact(
            path=folder / file_name,
            architecture=target.architecture.value,
            python=target.python.value,
            size_bytes=len(one.body),
            limit_bytes=limit,
            sha256=one.sha256,
        )
        for file_name, target, one in made
    )
    return Built(name, version, recipe_path, written, time.monotonic() - started)


def _named(component: Component, request: BuildRequest, targets: Sequence[Target]) -> tuple[str, str, str]:
    """Name, version and recipe of what is built."""
    facts = recipes.read_facts(component.recipe)
    if facts.name != component.name:
        raise CommandError(
            f"The recipe {component.recipe} is of {facts.name}, its file name says {component.name}: "
            f"rename one of them."
        )
    name = in_namespace(component.name, request.namespace)
    version = checked_version(facts.version if request.version is None else request.version)
    recipe = rendered(
        recipes.read_document(component.recipe),
        package=component.package,
        version=version,
        targets=targets,
        rename=renaming({one.name for one in (*components(), component)}, request.namespace),
    )
    return name, version, recipes.as_text(recipe)


def _with_proofs(stem: str, made: Artifact, materials: bytes) -> dict[str, bytes]:
    """File name -> body: the artifact, and beside it what it is made of and the digests of both."""
    files = {f"{stem}.zip": made.body, f"{stem}.cdx.json": materials}
    return files | {f"{stem}{checksums.SUFFIX}": checksums.manifest(files)}
