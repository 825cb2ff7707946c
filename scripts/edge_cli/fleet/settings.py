"""Would components start with the settings that a deployment leaves them with? Reads the project and builds.

What a device holds is known only in part: it keeps what earlier deployments merged and what was set on it
locally, until that is reset. What the cloud knows is the recipe's DefaultConfiguration of the version that is
deployed, and what the deployment merges. The recipe counts only where it says something on the device.

Refused, for it cannot go well on a device that has nothing else:
    a fault that the present deployment does not have: a component that is added, a value that is merged now,
    one that is reset now, a setting that a new version demands.
Only noted:
    a fault that is there already in a component that the target runs: devices may have a value of their own,
    or they suffer already, and a deployment that repairs something else must not be kept from them;
    any fault of a version that is not the one here, or has other settings: its model is another one;
    any fault of what comes from --base: it ran, and whoever goes back must not be kept from it;
    any fault at all, where a person says --unchecked; and that a model cannot be read.
Not looked at: components that the deployment does not change, and those of others.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli import recipes, settings_check
from edge_cli.configuration_option import Change
from edge_cli.errors import CommandError
from edge_cli.fleet.catalogue import RecipeOf
from edge_cli.fleet.configuration import deeply_merged, leaves, merged_values
from edge_cli.fleet.difference import Difference, resets
from edge_cli.project import Component

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with the settings of components.

    Attributes:
        refusals: What must not be deployed.
        notes: What a person must know.
    """

    refusals: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks to change, and where that may have been set before.

    Attributes:
        changes: Component -> change.
        running: Specifications that devices may run; what they merge or reset is known there.
        build_folder: Where the components of other namespaces that are the project's were built.
        from_base: Components of a deployment that a person named to start from.
        is_unchecked: Everything is only noted.
    """

    changes: Mapping[str, Change]
    running: Sequence[Mapping[str, Any]]
    build_folder: Path
    from_base: Collection[str]
    is_unchecked: bool


def judged(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    differences: Sequence[Difference],
    recipe_of: RecipeOf,
    asked: Asked,
) -> Verdict:
    """Hold the settings that a deployment leaves against the models of the components that it changes.

    Args:
        before: The specification that the target has.
        after: The one that it is to have.
        differences: Between the two.
        recipe_of: Name and version -> recipe in JSON; None where it is gone.
        asked: What of it a person asked for: members that the component does not have are refused.
    """
    refusals: list[str] = []
    notes: list[str] = []
    for one in differences:
        component = settings_check.of_project(one.component, asked.build_folder)
        if one.after is None or component is None:
            continue
        new = (recipe_of(one.component, one.after), after["components"][one.component])
        old = None
        if one.before is not None:
            old = (recipe_of(one.component, one.before), before["components"][one.component])
        try:
            verdict = _judged(component, one, old, new, asked)
        except CommandError as error:  # the project here may be half edited
            notes.append(f"{one.component}: its settings were not checked. {error}")
            continue
        refusals += verdict.refusals
        notes += verdict.notes
    if asked.is_unchecked:
        return Verdict((), (*refusals, *notes))
    if refusals:
        refusals.append("To deploy it all the same: --unchecked")
    return Verdict(tuple(refusals), tuple(notes))


_Wanted = tuple[bytes | None, Mapping[str, Any]]  # a recipe, and what a deployment says of its component


def _judged(
    component: Component, one: Difference, old: _Wanted | None, new: _Wanted, asked: Asked
) -> Verdict:
    recipe, wanted = new
    refusals: list[str] = []
    notes: list[str] = []
    is_here = _is_here(component, one, asked)
    unknown = _unknown(one.component, recipe, asked)
    (refusals if is_here else notes).extend(f"{one.component}: {line}" for line in unknown)
    named = {_pointer(line) for line in unknown}
    faults = [
        fault for fault in _faults(one.component, recipe, wanted, asked) if _pointer(fault) not in named
    ]
    if not faults:
        return Verdict(tuple(refusals), tuple(notes))
    here = recipes.read_facts(component.recipe).settings
    is_this_model = {*leaves(_default_settings(recipe))} == {*leaves(here)}
    known = _faults(one.component, *old, asked) if old else []
    for fault in faults:
        text = f"{one.component} {one.after} would not start: {fault}"
        if not is_this_model:
            notes.append(f"{text} (So says the version here; the one that is deployed has other settings.)")
        elif fault in known:
            notes.append(f"{text} (It was so before: does the device have a value of its own?)")
        elif not is_here:
            notes.append(f"{text} (So says the version here; this one may take it.)")
        else:
            refusals.append(text)
    return Verdict(tuple(refusals), tuple(notes))


def _is_here(component: Component, one: Difference, asked: Asked) -> bool:
    """Whether the version of this project, or of a build, is deployed, and nothing of it is the base's."""
    if one.component in asked.from_base:
        return False
    built = asked.build_folder / "recipes" / f"{one.component}-{one.after}.yaml"
    return built.is_file() or one.after == recipes.read_facts(component.recipe).version


def _unknown(name: str, recipe: bytes | None, asked: Asked) -> list[str]:
    if name not in asked.changes:
        return []
    held = {*leaves(_defaults(recipe))}
    for specification in asked.running:
        wanted = specification["components"].get(name)
        held |= {*leaves(merged_values((wanted or {}).get("configurationUpdate"))), *resets(wanted)}
    return settings_check.unknown_members(name, asked.changes[name], held, asked.build_folder)


def _pointer(fault: str) -> str:
    return fault.partition(": ")[0]


def _faults(name: str, recipe: bytes | None, wanted: Mapping[str, Any], asked: Asked) -> list[str]:
    if recipe is None:
        return []
    defaults = {settings_check.SETTINGS: _default_settings(recipe)}
    held = deeply_merged(defaults, merged_values(wanted.get("configurationUpdate")))
    return settings_check.faults(name, held[settings_check.SETTINGS], asked.build_folder)


def _default_settings(recipe: bytes | None) -> JsonObject:
    return dict(_defaults(recipe).get(settings_check.SETTINGS) or {})


def _defaults(recipe: bytes | None) -> JsonObject:
    document = json.loads(recipe or b"{}")
    return dict((document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {})
