"""Which RESETs a deployment needs beside those that are asked for, and which of the base's it does once more.

`configuration` says what a RESET does on a device. Pure but for the recipes that it asks for.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
    old = recipe_of(name, before)
    # Where the old recipe is gone nothing says that the grants are the same.
    return old is None or _grants(old) != _grants(recipe_of(name, after) or b"{}")


def _grants(recipe: bytes) -> Any:
    document = json.loads(recipe)
    defaults = (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    return defaults.get(configuration.GRANTS.removeprefix("/"))


def _pointers(pointers: Sequence[str]) -> str:
    return ", ".join(pointer or "everything" for pointer in pointers)
