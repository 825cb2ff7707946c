"""Components -> `recipes/` and `artifacts/`, as greengrass-cli and `edge deployment create` take them."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli import recipes
from edge_cli.building import artifact, checksums
from edge_cli.building.artifact import Artifact, Sources
from edge_cli.building.cache import CACHE
from edge_cli.building.libraries import Progress
from edge_cli.building.names import checked_version, in_namespace
from edge_cli.building.recipe import artifact_stem, rendered
from edge_cli.building.sbom import bill_of_materials
from edge_cli.errors import CommandError
from edge_cli.project import COMPONENTS, LOCK, Component, components
from edge_cli.targets import Target, this_machine

PROJECT_SOURCES = Sources(shared=COMPONENTS / "common", lock=LOCK, cache=CACHE)


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
class Order:
    """What is to be built of a component.

    Attributes:
        targets: What for; empty means this machine alone, with the Python that runs this.
        namespace: What stands before the last part of the component's name; None means as in the recipe.
        version: None means the recipe's.
        recipe_name: File name of the recipe; None means NAME-VERSION.yaml.
        version_folder: Folder of the artifacts below `artifacts/NAME`; None means the version.
    """

    targets: tuple[Target, ...] = ()
    namespace: str | None = None
    version: str | None = None
    recipe_name: str | None = None
    version_folder: str | None = None


def build(
    component: Component,
    output: Path,
    order: Order = Order(),
    *,
    sources: Sources = PROJECT_SOURCES,
    progress: Progress = lambda _: None,
) -> Built:
    """Build one component; what `output` held of it before, of any version, is replaced.

    Args:
        component: What to build.
        output: Folder that gets `recipes/` and `artifacts/`.
        order: What of it.
        sources: Where `edge_common`, the lock and the cache are.
        progress: Told before anything that may take long.

    Raises:
        CommandError: It cannot be built; names every reason. What was there before is left alone.
        OSError: The output cannot be written.
    """
    started = time.monotonic()
    for folder in (component.sources, sources.shared / "edge_common"):
        if not folder.is_dir():
            raise CommandError(f"{component.name} cannot be built: {folder} is not there.")
    targets = order.targets or (this_machine(),)
    name, version, recipe = _named(component, order, targets)
    limit = artifact.limit_bytes(component)
    (output / "recipes").mkdir(parents=True, exist_ok=True)  # what is in the way is told before the work
    made = {target: artifact.make(component, target, sources, progress) for target in targets}
    _refuse_oversized(component, {target: len(one.body) for target, one in made.items()}, limit)

    folder = _emptied(output, name, order.version_folder or version)
    written = []
    for target, one in made.items():
        stem = folder / artifact_stem(component.package, target)
        _write(stem, one, bill_of_materials(name, version, target, one.sha256, one.materials))
        written.append(
            BuiltArtifact(
                path=stem.with_suffix(".zip"),
                architecture=target.architecture.value,
                python=target.python.value,
                size_bytes=len(one.body),
                limit_bytes=limit,
                sha256=one.sha256,
            )
        )
    path = output / "recipes" / (order.recipe_name or f"{name}-{version}.yaml")
    path.write_text(recipe, encoding="utf-8")
    return Built(name, version, path, tuple(written), time.monotonic() - started)


def _named(component: Component, order: Order, targets: Sequence[Target]) -> tuple[str, str, str]:
    """Name, version and recipe of what is built."""
    facts = recipes.read_facts(component.recipe)
    if facts.name != component.name:
        raise CommandError(
            f"The recipe {component.recipe} is of {facts.name}, its file name says {component.name}: "
            f"rename one of them."
        )
    name = in_namespace(component.name, order.namespace)
    version = checked_version(facts.version if order.version is None else order.version)
    recipe = rendered(
        recipes.read_document(component.recipe),
        package=component.package,
        version=version,
        targets=targets,
        rename=_renaming(component, order.namespace),
    )
    return name, version, recipes.as_text(recipe)


def _write(stem: Path, made: Artifact, materials: bytes) -> None:
    """The artifact, and beside it what it is made of and the digests of both."""
    files = {f"{stem.name}.zip": made.body, f"{stem.name}.cdx.json": materials}
    for file_name, body in (files | {f"{stem.name}{checksums.SUFFIX}": checksums.manifest(files)}).items():
        (stem.parent / file_name).write_bytes(body)


def _renaming(component: Component, namespace: str | None) -> Callable[[str], str]:
    """Puts every name of a component of this project into the namespace, wherever it stands in a text."""
    names = {one.name for one in components()} | {component.name}
    renamed = {name: in_namespace(name, namespace) for name in sorted(names, key=len, reverse=True)}

    def rename(text: str) -> str:
        for old, new in renamed.items():
            text = text.replace(old, new)
        return text

    return rename


def _refuse_oversized(component: Component, size_by_target: dict[Target, int], limit: int) -> None:
    for target, size in size_by_target.items():
        if size > limit:
            raise CommandError(
                f"The artifact of {component.name} for {target} has {size / 1e6:.1f} MB, its limit is "
                f"{limit / 1e6:.1f} MB. Import less, leave modules out in libraries.toml, or raise "
                f"artifact_limit_mb in [tool.edge] of {component.sources.parent / 'pyproject.toml'}."
            )


def _emptied(output: Path, name: str, version_folder: str) -> Path:
    """The folder of a version's artifacts, made; nothing of the component is left from before."""
    for outdated in (output / "recipes").glob(f"{name}-[0-9]*.yaml"):
        outdated.unlink()
    of_component = output / "artifacts" / name
    shutil.rmtree(of_component, ignore_errors=True)
    folder = of_component / version_folder
    folder.mkdir(parents=True)
    return folder
