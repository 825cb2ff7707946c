"""One GDK project for each component: GDK takes a single one, with its recipe where it is called.

`stage` makes the projects; in each an unmodified `gdk component build` calls
`edge build COMPONENT --gdk-project .`, which is `build` here. Name and version are those of the day of
staging, the code is today's: a project whose recipe or entry has changed since is refused, because GDK would
publish the new code as the old version. Sources of what GDK wants: `BuildCommand.py`, `GDKProject.py` and
`config_schema.json` of aws-greengrass-gdk-cli 1.6.2.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_cli import gdk_config, recipes
from edge_cli.building import gdk_entry
from edge_cli.building.component import BuildRequest, Built
from edge_cli.building.component import build as build_component
from edge_cli.building.libraries import Progress
from edge_cli.building.names import checked_version, in_namespace, namespace_of, renaming
from edge_cli.building.recipe import renamed
from edge_cli.errors import CommandError
from edge_cli.gdk_config import NEXT_PATCH, REGISTRY
from edge_cli.project import PROJECT, Component, components
from edge_cli.targets import Target

RECIPE = "recipe.yaml"  # `recipe.yml` is not found
OUTPUT = "greengrass-build"
STAGE = PROJECT / "build" / "gdk"
_RECORD = ".staged-from.json"


def stage(
    chosen: Sequence[Component],
    *,
    namespace: str | None = None,
    version: str | None = None,
    registry: Path = REGISTRY,
    folder: Path = STAGE,
) -> list[Path]:
    """Make a GDK project for each component, with its entry of the project's `gdk-config.json`.

    What was staged of a component before, under any name, is replaced.

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
        CommandError: GDK could not build or publish with what the registry says; names all faults. Nothing
            has been staged then.
    """
    document = gdk_config.read(registry)
    faults = [fault for one in chosen for fault in gdk_entry.faults_of(document, one.name, one.package)]
    if faults:
        listed = "".join(f"\n  {fault}" for fault in dict.fromkeys(faults))
        raise CommandError(f"{registry} is not what `gdk component build` and `publish` need:{listed}")
    if version not in (None, NEXT_PATCH):
        checked_version(version)
    rename = renaming({one.name for one in (*components(), *chosen)}, namespace)
    projects = []
    for component in chosen:
        entry = document["component"][component.name]
        staged_version = version or entry["version"]
        recipe = renamed(recipes.read_document(component.recipe), rename)
        if staged_version != NEXT_PATCH:
            recipe["ComponentVersion"] = staged_version
        name = in_namespace(component.name, namespace)
        staged = {**document, "component": {name: {**entry, "version": staged_version}}}
        project = folder / name
        _make_empty(project, component)
        (project / RECIPE).write_text(recipes.as_text(recipe), encoding="utf-8")
        (project / _RECORD).write_text(json.dumps(_record(component, entry, project)), encoding="utf-8")
        (project / gdk_config.FILE_NAME).write_text(json.dumps(staged, indent=2) + "\n", encoding="utf-8")
        projects.append(project)
    return projects


def build(
    component: Component,
    project: Path,
    *,
    targets: Sequence[Target],
    progress: Progress,
    registry: Path = REGISTRY,
) -> Built:
    """What `gdk component build` calls in a staged project; its `gdk-config.json` has name and version.

    Raises:
        CommandError: The project is of another component or of another day, or it cannot be built.
    """
    path = project / gdk_config.FILE_NAME
    entries = list(gdk_config.read(path)["component"].items())
    if len(entries) != 1 or not isinstance(entries[0][1], dict):
        raise CommandError(
            f"{path} must have one component, as GDK demands. `{_edge()} build --gdk` makes one."
        )
    name, entry = entries[0]
    version = entry.get("version", "")
    is_next_patch = version == NEXT_PATCH
    if not is_next_patch:
        checked_version(version)
    namespace = namespace_of(name, component.name)
    _refuse_outdated(component, project, registry, f"{name} {version}", namespace)
    request = BuildRequest(
        targets=tuple(targets),
        namespace=namespace,
        version=None if is_next_patch else version,
        recipe_name=RECIPE,
        version_folder=NEXT_PATCH if is_next_patch else None,
    )
    return build_component(component, project / OUTPUT, request, progress=progress)


def _record(component: Component, entry: object, project: Path) -> dict[str, str]:
    """What a project was staged from, and its recipe, as digests."""
    recipe = project / RECIPE
    return {
        "component": component.name,
        "recipe": _digest(component.recipe.read_bytes()),
        "entry": _digest(json.dumps(entry, sort_keys=True).encode()),
        "copy": _digest(recipe.read_bytes()) if recipe.is_file() else "",
    }


def _refuse_outdated(
    component: Component, project: Path, registry: Path, what: str, namespace: str | None
) -> None:
    former = _read_record(project)
    now = _record(component, gdk_config.read(registry)["component"].get(component.name), project)
    if former == now:
        return
    if former.get("component") != component.name:
        why = "nothing says what it was staged from"
    elif former.get("copy") != now["copy"]:
        why = f"its {RECIPE} has been changed, but it is only a copy. Change {component.recipe} instead"
    else:
        why = (
            f"{component.recipe.name} or its entry in {registry.name} has changed since it was staged, "
            "and GDK would publish today's code under the old version"
        )
    words = f"{_edge()} build {component.package} --gdk" + (f" --namespace {namespace}" if namespace else "")
    raise CommandError(f"The GDK project of {what} is not built: {why}. Stage it again: {words}")


def _edge() -> str:
    """The laptop's command, as it is called from here."""
    return os.path.relpath(PROJECT / "scripts" / "edge")


def _make_empty(project: Path, component: Component) -> None:
    """Have an empty folder for a component's project, and none of the same component under another name.

    The folder itself stays: somebody may be in it with a shell.
    """
    for record in project.parent.glob(f"*/{_RECORD}"):
        if record.parent != project and _read_record(record.parent).get("component") == component.name:
            shutil.rmtree(record.parent)
    project.mkdir(parents=True, exist_ok=True)
    for path in project.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _read_record(project: Path) -> Mapping[str, Any]:
    try:
        record = json.loads((project / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
