"""Options that take JSON or a file with JSON; above all greengrass-cli's changes of configurations.

Reads the file it is given, nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_cli.errors import CommandError

JsonObject = dict[str, Any]
_SHAPE = '{"COMPONENT": {"MERGE": {…}, "RESET": ["/pointer", …]}}'


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be changed of one component.

    Attributes:
        merge: Values to set.
        reset: JSON pointers of what goes back to the recipe's defaults; "" is everything.
    """

    merge: JsonObject = field(default_factory=dict)
    reset: tuple[str, ...] = ()


def parse(option: str, text: str | None) -> dict[str, Change]:
    """Component -> change, in the words of greengrass-cli's --update-config.

    Args:
        option: What a person calls it, for errors.
        text: JSON, or the path of a file with JSON; None changes nothing.

    >>> parse("--configuration", '{"A": {"MERGE": {"settings": {"x": "1"}}}}')
    {'A': Change(merge={'settings': {'x': '1'}}, reset=())}

    Raises:
        CommandError: It cannot be read or is not of that shape.
    """
    document = json_object(option, text, _SHAPE)
    source = _source(option, text)
    return {name: _change(source, name, value) for name, value in document.items()}


def as_document(changes: Mapping[str, Change]) -> dict[str, JsonObject]:
    """Changes as greengrass-cli and the nucleus take them; what `parse` reads.

    >>> as_document({"A": Change(reset=("/x",))})
    {'A': {'RESET': ['/x']}}
    """
    return {
        name: ({"MERGE": change.merge} if change.merge else {})
        | ({"RESET": list(change.reset)} if change.reset else {})
        for name, change in changes.items()
    }


def json_object(option: str, text: str | None, shape: str) -> JsonObject:
    """A JSON object by component, from an option's value.

    Args:
        option: What a person calls it, for errors.
        text: JSON, or the path of a file with JSON; None is the empty object.
        shape: What is expected, for errors.

    Raises:
        CommandError: It cannot be read, or is no JSON object.
    """
    if text is None:
        return {}
    source = _source(option, text)
    if source != option:
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise CommandError(
                f"{source} is neither JSON nor a file that can be read: {why}. Expected: {shape}"
            ) from None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{source} is not JSON: {error}. Expected: {shape}") from None
    if not isinstance(document, dict):
        raise CommandError(f"{source} must be an object by component: {shape}")
    return document


def _source(option: str, text: str | None) -> str:
    """The option, with its file where it has one."""
    return option if text is None or text.lstrip().startswith(("{", "[")) else f"{option} {text}"


def _change(source: str, name: str, value: Any) -> Change:
    if not isinstance(value, dict) or not value or not set(value) <= {"MERGE", "RESET"}:
        raise CommandError(f"{source}: {name} must have MERGE or RESET or both: {_SHAPE}")
    merge, reset = value.get("MERGE", {}), value.get("RESET", [])
    if not isinstance(merge, dict):
        raise CommandError(f"{source}: MERGE of {name} must be an object: {_SHAPE}")
    if not isinstance(reset, list) or not all(isinstance(one, str) and one[:1] in {"", "/"} for one in reset):
        raise CommandError(f"{source}: RESET of {name} must be a list of JSON pointers: {_SHAPE}")
    return Change(merge, tuple(reset))
