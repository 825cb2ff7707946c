"""What a deployment changes in a component's configuration, its MERGE and its RESET; and changes to that.

On a device RESET comes first, then the recipe's defaults fill what is not there, then MERGE: each time that a
deployment arrives, whatever the one before had said ("Update component configurations" in the developer
guide; resolveConfigurationToApply in KernelConfigResolver of the classic nucleus). A RESET that stays in
later deployments is therefore done again by each, and undoes what was set on the device in between. A MERGE
that a later deployment lacks stays on the device. Pure.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edge_cli.configuration_option import Change, JsonObject
from edge_cli.errors import CommandError

GRANTS = "/accessControl"


def updated(present: Mapping[str, Any] | None, change: Change) -> JsonObject | None:
    """A `configurationUpdate` of the API after a change.

    What was merged before stays, for a device that missed a deployment gets the latest one only. What is
    reset now is taken out of it. Which earlier resets are to be done again is decided before:
    `specification.without_done_resets`.

    Args:
        present: As the API has it: `merge` is JSON in a string; None for none.
        change: What to change.

    Returns:
        None when nothing is left.

    >>> updated({"merge": '{"a": {"b": 1, "c": 2}}'}, Change({"a": {"d": 3}}, ("/a/b",)))
    {'merge': '{"a": {"c": 2, "d": 3}}', 'reset': ['/a/b']}
    """
    present = present or {}
    if change == Change():
        return dict(present) or None
    merge = merged_values(present)
    for pointer in change.reset:
        merge = _without(merge, _keys(pointer))
    merge = deeply_merged(merge, change.merge)
    reset = list(dict.fromkeys([*present.get("reset", []), *change.reset]))
    result: JsonObject = {}
    if merge:
        result["merge"] = json.dumps(merge, ensure_ascii=False)
    if reset:
        result["reset"] = reset
    return result or None


def merged_values(update: Mapping[str, Any] | None) -> JsonObject:
    """What a `configurationUpdate` of the API merges.

    Raises:
        CommandError: It is no JSON object.
    """
    text = (update or {}).get("merge")
    if not text:
        return {}
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise CommandError(
            "The target's deployment merges a configuration that is no JSON object. Repair it first."
        )
    return document


def deeply_merged(below: JsonObject, above: JsonObject) -> JsonObject:
    """What a MERGE makes of a configuration: objects deep, everything else, lists too, replaced.

    >>> deeply_merged({"a": {"b": 1, "c": [1]}}, {"a": {"c": [2]}})
    {'a': {'b': 1, 'c': [2]}}
    """
    result = dict(below)
    for key, value in above.items():
        present = result.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            result[key] = deeply_merged(present, value)
        else:
            result[key] = value
    return result


def leaves(document: Any, pointer: str = "") -> dict[str, Any]:
    """JSON pointer -> value, of everything that is no object with members.

    >>> leaves({"a": {"b": 1}, "c": [2]})
    {'/a/b': 1, '/c': [2]}
    """
    if not isinstance(document, dict) or not document:
        return {pointer: document} if pointer else {}
    found: dict[str, Any] = {}
    for key, value in document.items():
        found |= leaves(value, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    return found


def _keys(pointer: str) -> list[str]:
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]


def _without(document: JsonObject, keys: Sequence[str]) -> JsonObject:
    if not keys:
        return {}
    key, *rest = keys
    result = dict(document)
    if rest and isinstance(result.get(key), dict):
        result[key] = _without(result[key], rest)
        if result[key]:
            return result
        rest = []
    if not rest:
        result.pop(key, None)
    return result
