"""Would a component of this project start with these settings? Asked before anything is deployed.

The one place that holds settings against a component's configuration model, for lint, for boards and for
fleets. Imports the component's `config` module and no other; changes nothing. Main thread only.
"""

import contextlib
import difflib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from edge_cli import project, recipes
from edge_cli.configuration_option import Change
from edge_cli.errors import CommandError
from edge_cli.fleet.configuration import GRANTS, leaves
from edge_cli.project import Component
from edge_cli.readme.tables import config_model
from edge_common.config import CONFIG_VARIABLE, THING_VARIABLE, ComponentConfig, load_config, settings_table
from edge_common.errors import ConfigError

SETTINGS = "settings"  # where components of this project keep theirs in their configuration
_SOME_THING = "thing"


def faults(component: str, settings: object, build_folder: Path | None = None) -> list[str]:
    """What a component would complain of at its start, all at once.

    Args:
        component: Greengrass name.
        settings: What the nucleus would hand over, `/settings` of its configuration: an object; anything
            else is a fault of its own.
        build_folder: As `of_project` takes it.

    Returns:
        A line for each fault, as the component prints it: pointer, value, what is allowed. Where a value
        is missing that only a deployment can give, it also says how. Empty when the component would start,
        and for a component that is not of this project.

    Raises:
        CommandError: The component's configuration model cannot be imported.
    """
    known = of_project(component, build_folder)
    if known is None:
        return []
    return [_with_remedy(component, known, fault, settings) for fault in refused(known, settings)]


def unknown_members(
    component: str, change: Change, held: Iterable[str] = (), build_folder: Path | None = None
) -> list[str]:
    """What a MERGE sets or a RESET names that means nothing to a component: it would change nothing.

    Args:
        component: Greengrass name.
        change: MERGE and RESET.
        held: JSON pointers that are there besides: in another version's recipe, or merged earlier, so that
            a misspelt one can be taken back.
        build_folder: As `of_project` takes it.

    Returns:
        A line for each: pointer, colon, what is wrong, what may be meant. Empty for a component that is not
        of this project.

    Raises:
        CommandError: The component's configuration model cannot be imported, or its recipe cannot be read.
    """
    known = of_project(component, build_folder)
    if known is None:
        return []
    pointers = {*_pointers_of(known), *held} - {""}
    return [
        f"{pointer}: not in this component's configuration. {_suggested(pointer, pointers)}"
        for pointer in dict.fromkeys([*leaves(change.merge), *change.reset])
        if pointer and not any(_is_within(pointer, one) or _is_within(one, pointer) for one in pointers)
    ]


def of_project(component: str, build_folder: Path | None = None) -> Component | None:
    """The project's component of a Greengrass name.

    Args:
        component: Its whole name.
        build_folder: Output of `edge build`: a name in another namespace is the project's only where it was
            built there. Others may call theirs the same. None means the usual folder.

    Returns:
        None when it is not of this project.
    """
    last = component.rpartition(".")[2]
    found = next((one for one in project.components() if one.name.rpartition(".")[2] == last), None)
    if found is None or component == found.name:
        return found
    recipes_built = (build_folder or project.BUILD_OUTPUT) / "recipes"
    return found if any(recipes_built.glob(f"{component}-[0-9]*.yaml")) else None


def model_of(component: Component) -> type[ComponentConfig]:
    """The configuration model of a component.

    Raises:
        CommandError: It has none that can be imported.
    """
    try:
        return config_model(component)
    except Exception as error:  # noqa: BLE001  whatever the module does: it may be half edited
        raise CommandError(
            f"{component.package} has no configuration model that can be imported: {error}. "
            "Its settings cannot be checked: give it one, as `NameConfig` in config.py."
        ) from None


def refused(component: Component, settings: object) -> list[str]:
    """The faults as the component itself prints them, each beginning with its pointer and a colon.

    Args:
        component: Whose settings.
        settings: As `faults` takes them.

    Raises:
        CommandError: As `model_of`.
    """
    model = model_of(component)
    environment = {CONFIG_VARIABLE: json.dumps(settings, default=str), THING_VARIABLE: _SOME_THING}
    # Relative folders lie in the component's work folder on the device, never in the one where this runs.
    with contextlib.chdir(os.sep):
        try:
            load_config(model, environment)
        except ConfigError as error:
            return list(error.faults)
    return []


def is_left_to_deployment(component: Component, pointer: str, settings: object) -> bool:
    """Whether a setting must be given, and is not, or is empty: only a deployment can say it.

    Args:
        component: Whose setting.
        pointer: Of a fault, e.g. `/settings/bucket`.
        settings: What it was found in.
    """
    keys = pointer.removeprefix(f"/{SETTINGS}/")
    found = settings
    for key in keys.split("/"):
        found = found.get(key, "") if isinstance(found, Mapping) else ""
    return found == "" and keys in {row.key for row in settings_table(model_of(component)) if not row.default}


def _pointers_of(component: Component) -> set[str]:
    """What its recipe and its model know; the grants' own members are the nucleus's business."""
    document = recipes.read_document(component.recipe)
    defaults = (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    rows = settings_table(model_of(component))
    return {
        GRANTS,
        *(pointer for pointer in leaves(defaults) if not _is_within(pointer, GRANTS)),
        *(f"/{SETTINGS}/{row.key.partition('[]')[0]}" for row in rows),
    }


def _is_within(pointer: str, above: str) -> bool:
    return pointer == above or pointer.startswith(f"{above}/")


def _suggested(pointer: str, known: Iterable[str]) -> str:
    """Most often the level `settings` is missing, so that comes first, then a near miss."""
    known = sorted(known)
    below = pointer if _is_within(pointer, f"/{SETTINGS}") else f"/{SETTINGS}{pointer}"
    close = [one for one in known if _is_within(below, one) or _is_within(one, below)]
    close = [below] if close else difflib.get_close_matches(below, known, n=1, cutoff=0.8)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Settings are under /{SETTINGS}, for example {known[-1]}."


def _with_remedy(name: str, component: Component, fault: str, settings: object) -> str:
    pointer = fault.partition(": ")[0]
    if not is_left_to_deployment(component, pointer, settings):
        return fault
    value: object = "…"
    for key in reversed(pointer.strip("/").split("/")):
        value = {key: value}
    change = json.dumps({name: {"MERGE": value}}, ensure_ascii=False)
    return f"{fault} Give it: --configuration '{change}'"
