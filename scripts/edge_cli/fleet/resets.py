"""Which RESETs a deployment needs beside those that are asked for, and which of the base's it does once more.

`configuration` says what a RESET does on a device. Asks for recipes, and reads which components are the
project's.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_cli import settings_check
from edge_cli.fleet import configuration, difference
from edge_cli.fleet.catalogue import RecipeOf
from edge_cli.fleet.specification import JsonObject
from edge_cli.fleet.standing import Standing


def withdrawn(running: JsonObject, after: JsonObject) -> dict[str, list[str]]:
    """Component -> what the deployment that devices may run merges and the new one does not.

    It would stay on the devices: only a RESET takes it away. That happens when one goes back
    to an earlier deployment.
    """
    found = {}
    for name, old in running["components"].items():
        new = after["components"].get(name)
        if new and new.get("configurationUpdate") != old.get("configurationUpdate"):
            found[name] = _no_longer_set(_merged(old), _merged(new))
    return found


def other_grants(recipe_of: RecipeOf, running: JsonObject, after: JsonObject) -> dict[str, list[str]]:
    """Component -> its grants, where the recipe's are not those of the version that devices may run now.

    The classic nucleus keeps what was granted first until it is reset.
    """
    return {
        name: [configuration.GRANTS]
        for name, old in running["components"].items()
        if (new := after["components"].get(name))
        and _grants_differ(recipe_of, name, old["componentVersion"], new["componentVersion"])
    }


def by_owner(
    found: Mapping[str, list[str]], build_folder: Path
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Pointers of this project's components, and of others'.

    What a device holds of other components may come from others than deployments: the installer writes
    `iotRoleAlias` and more into the nucleus's configuration, and a RESET would take that away.
    """
    ours = {name for name in found if settings_check.of_project(name, build_folder)}
    return (
        {name: pointers for name, pointers in found.items() if name in ours},
        {name: pointers for name, pointers in found.items() if pointers and name not in ours},
    )


def staying_notes(after: JsonObject, staying: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What other components keep on devices though the deployment does not set it; not what it resets."""
    for name, pointers in sorted(staying.items()):
        asked = difference.resets(after["components"].get(name))
        kept = [
            one for one in pointers if not any(one == above or one.startswith(f"{above}/") for above in asked)
        ]
        if kept:
            yield f"{name}: {_pointers(kept)} stays on devices; to take it away name the RESET."


def notes(now: Standing, base: JsonObject, after: JsonObject, *, again: bool) -> Iterator[str]:
    """Which RESETs of the base are done once more, and which are not."""
    components: dict[str, list[str]] = {}
    for name, wanted in sorted(after["components"].items()):
        old, new = difference.resets(base["components"].get(name)), difference.resets(wanted)
        if repeated := [pointer for pointer in old if pointer in new]:
            if repeated == [configuration.GRANTS]:
                why = "a device that was away when they changed keeps old grants otherwise"
            elif again or not now.base_is_done:
                why = "not all devices are through with the deployment that asked for it"
            else:
                why = "it is asked for again"
            note = f"{_pointers(repeated)} goes back to the recipe's once more: {why}."
            components.setdefault(note, []).append(name)
        if done := [pointer for pointer in old if pointer not in new]:
            note = (
                f"{_pointers(done)} went back to the recipe's with the deployment before, not once more. "
                "For a device that was away: name the RESET again."
            )
            components.setdefault(note, []).append(name)
    for note, names in components.items():
        yield f"{', '.join(names)}: {note}"


def _no_longer_set(old: JsonObject, new: JsonObject) -> list[str]:
    """Pointers of values that are not set any more, nor replaced by what stands above them."""
    after = configuration.leaves(new)
    return sorted(
        pointer
        for pointer, value in configuration.leaves(old).items()
        if value != {} and not any(pointer == one or pointer.startswith(f"{one}/") for one in after)
    )


def _merged(wanted: Mapping[str, Any]) -> JsonObject:
    return configuration.merged_values(wanted.get("configurationUpdate"))


def _grants_differ(recipe_of: RecipeOf, name: str, before: str, after: str) -> bool:
    if before == after:
        return False
    old, new = recipe_of(name, before), recipe_of(name, after)
    # A recipe that is gone says nothing; a RESET would take away what somebody granted by configuration.
    return old is not None and new is not None and _grants(old) != _grants(new)


def _grants(recipe: bytes) -> Any:
    document = json.loads(recipe)
    defaults = (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    return defaults.get(configuration.GRANTS.removeprefix("/"))


def _pointers(pointers: Sequence[str]) -> str:
    return ", ".join(pointer or "everything" for pointer in pointers)
