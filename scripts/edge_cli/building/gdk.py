"""One GDK project for each component: GDK takes a single one, with its recipe where it is called.

`stage` makes the projects; in each an unmodified `gdk component build` calls
`edge build COMPONENT --gdk-project .`, which is `build` here. Sources of what GDK wants: `BuildCommand.py`,
`GDKProject.py` and `config_schema.json` of aws-greengrass-gdk-cli 1.6.2.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_cli import recipes
from edge_cli.building.component import Built, Order
from edge_cli.building.component import build as build_component
from edge_cli.building.libraries import Progress
from edge_cli.building.names import checked_version, in_namespace, namespace_of
from edge_cli.errors import CommandError
from edge_cli.project import PROJECT, Component
from edge_cli.targets import Target

CONFIG = "gdk-config.json"
RECIPE = "recipe.yaml"  # `recipe.yml` is not found
OUTPUT = "greengrass-build"
STAGE = PROJECT / "build" / "gdk"
_NEXT_PATCH = "NEXT_PATCH"  # GDK asks the cloud for the version when it publishes


def stage(
    chosen: Sequence[Component],
    *,
    namespace: str | None = None,
    version: str | None = None,
    registry: Path = PROJECT / CONFIG,
    folder: Path = STAGE,
) -> list[Path]:
    """Make a GDK project for each component, with its entry of the project's `gdk-config.json`.

    Args:
        chosen: Which components.
        namespace: As for `build`.
        version: A version, or NEXT_PATCH; None means the registry's.
        registry: Holds an entry for every component: more than GDK itself takes.
        folder: Gets one folder for each component; must lie three levels below the project's root, because
            the command in the registry does.

    Returns:
        The projects' folders.

    Raises:
        CommandError: The registry is broken or lacks a component.
    """
    document = _read(registry)
    projects = []
    for component in chosen:
        entry = document["component"].get(component.name)
        if not isinstance(entry, dict):
            raise CommandError(
                f"{registry} has no entry for {component.name}: copy another one's and adapt it."
            )
        name = in_namespace(component.name, namespace)
        staged_version = entry.get("version", "") if version is None else version
        if staged_version != _NEXT_PATCH:
            checked_version(staged_version)
        project = folder / name
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir(parents=True)
        staged = {**document, "component": {name: {**entry, "version": staged_version}}}
        (project / CONFIG).write_text(json.dumps(staged, indent=2) + "\n", encoding="utf-8")
        recipe = {**recipes.read_document(component.recipe), "ComponentName": name}
        (project / RECIPE).write_text(recipes.as_text(recipe), encoding="utf-8")
        projects.append(project)
    return projects


def build(component: Component, project: Path, *, targets: Sequence[Target], progress: Progress) -> Built:
    """What `gdk component build` calls in a staged project; its `gdk-config.json` has name and version.

    Raises:
        CommandError: The project is of another component, or it cannot be built.
    """
    path = project / CONFIG
    entries = list(_read(path)["component"].items())
    if len(entries) != 1 or not isinstance(entries[0][1], dict):
        raise CommandError(
            f"{path} must have one component, as GDK demands. `scripts/edge build --gdk` makes one."
        )
    name, entry = entries[0]
    version = entry.get("version")
    is_next_patch = version == _NEXT_PATCH
    order = Order(
        targets=tuple(targets),
        namespace=namespace_of(name, component.name),
        version=None if is_next_patch else version,
        recipe_name=RECIPE,
        version_folder=_NEXT_PATCH if is_next_patch else None,
    )
    return build_component(component, project / OUTPUT, order, progress=progress)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("component"), dict):
        raise CommandError(f"{path} has no mapping 'component'.")
    return document
