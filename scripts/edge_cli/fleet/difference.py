"""By how much two specifications differ, for a person to judge before anything happens. Pure; no I/O.

Values of configurations whose name says that they are secret are not shown, nor are texts that hold a secret:
an address with a user's name or password in it, a JSON document or a connection string with a member so
named, a private key. Others are.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edge_cli.fleet.configuration import leaves, merged_values

_SECRET = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|private|api_?key|access_?key|auth$", re.IGNORECASE
)
_SECRET_INSIDE = re.compile(
    r"://\S*@"  # scheme://user:PASSWORD@host; a password may hold / and @ though it should not
    rf"|({_SECRET.pattern.removesuffix('$')})[\w-]*\\*[\"']?\s*[:=]"  # "password": …, password=…
    r"|-----BEGIN ",
    re.IGNORECASE,
)
_HIDDEN = "(hidden)"
_LONGEST_VALUE = 60


class Kind(StrEnum):
    """What happens to a component."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a deployment sets: None is one that it does not set. Hidden where it may be a secret."""

    pointer: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What happens to one component.

    Attributes:
        component: Greengrass name.
        kind: What.
        before: Version; None where it is added.
        after: Version; None where it is removed.
        settings: Values that the deployment sets otherwise than before.
        reset: JSON pointers that are reset now and were not before.
    """

    component: str
    kind: Kind
    before: str | None
    after: str | None
    settings: tuple[Setting, ...] = ()
    reset: tuple[str, ...] = ()


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs between the components of two specifications, by name; a RESET that is over does not."""
    old, new = before["components"], after["components"]
    return [
        _difference(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if _is_changed(old.get(name), new.get(name))
    ]


def resets(wanted: Mapping[str, Any] | None) -> list[str]:
    """The JSON pointers that a deployment resets of a component."""
    return list(((wanted or {}).get("configurationUpdate") or {}).get("reset") or [])


def described(one: Difference) -> str:
    """A difference in a few words."""
    match one.kind:
        case Kind.ADDED:
            return f"{one.component} {one.after} added"
        case Kind.REMOVED:
            return f"{one.component} {one.before} removed"
        case Kind.CHANGED if one.before != one.after:
            return f"{one.component} {one.before} -> {one.after}"
    return f"{one.component} with other settings"


def _is_changed(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    if not {*resets(new)} <= {*resets(old)}:
        return True
    return _without_resets(old) != _without_resets(new)


def _without_resets(wanted: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if wanted is None:
        return None
    update = {
        key: value for key, value in (wanted.get("configurationUpdate") or {}).items() if key != "reset"
    }
    return {**wanted, "configurationUpdate": update}


def _difference(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Difference:
    if new is None:
        return Difference(name, Kind.REMOVED, (old or {})["componentVersion"], None)
    before = (old or {}).get("configurationUpdate") or {}
    after = new.get("configurationUpdate") or {}
    return Difference(
        component=name,
        kind=Kind.CHANGED if old else Kind.ADDED,
        before=(old or {}).get("componentVersion"),
        after=new["componentVersion"],
        settings=_settings(leaves(merged_values(before)), leaves(merged_values(after))),
        reset=tuple(one for one in resets(new) if one not in resets(old)),
    )


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Setting, ...]:
    return tuple(
        Setting(pointer, _shown(pointer, old), _shown(pointer, new))
        for pointer in sorted({*old, *new})
        if old.get(pointer, _HIDDEN) != new.get(pointer, _HIDDEN) or (pointer in old) != (pointer in new)
    )


def _shown(pointer: str, values: Mapping[str, Any]) -> str | None:
    if pointer not in values:
        return None
    value = values[pointer]
    # What is inside a list has no pointer of its own: a name in there may say that it is secret, too.
    text = json.dumps(value, ensure_ascii=False)
    if _SECRET.search(pointer) or (isinstance(value, list) and _SECRET.search(text)):
        return _HIDDEN
    if _SECRET_INSIDE.search(value if isinstance(value, str) else text):
        return _HIDDEN
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
