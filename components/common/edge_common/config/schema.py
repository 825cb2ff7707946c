"""What a setting may be, read out of a model's JSON schema, in the words of a person.

Shared by the faults and the table, so that both say the same. Pure.
"""

import json
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list",
}
_PLURALS = {"text": "texts", "whole number": "whole numbers", "number": "numbers", "object": "objects"}
_BOUNDS = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
_COUNTS = {
    "minLength": (">=", "characters"),
    "maxLength": ("<=", "characters"),
    "minItems": (">=", "items"),
    "maxItems": ("<=", "items"),
}


class SchemaNode:
    """One setting or section of a model.

    Args:
        schema: Its part of the model's JSON schema.
        root: The whole schema, for its `$defs`.
        unit: Of the list or object it stands in.

    Attributes:
        unit: Of its number; "" for none.
        secret: Whether its value must not be shown.
        description: What it does.
    """

    def __init__(self, schema: Schema, root: Schema, unit: str = "") -> None:
        self._root = root
        self._schema = self._resolved(schema)
        self._options = [
            self._resolved(option) for option in self._schema.get("anyOf", ()) if option.get("type") != "null"
        ]
        self._nullable = len(self._options) < len(self._schema.get("anyOf", ()))
        if len(self._options) == 1:  # something or null: take it as the something
            self._schema = {**self._options.pop(), **self._schema}
        self.unit = str(self._schema.get("unit", unit))
        self.secret = bool(self._schema.get("secret"))
        self.description = str(self._schema.get("description", ""))

    @property
    def properties(self) -> dict[str, "SchemaNode"]:
        """The settings inside of a section; empty for anything else."""
        return {
            key: self._node(schema)
            for part in (self._schema, *self._options)
            for key, schema in part.get("properties", {}).items()
        }

    @property
    def inner(self) -> "SchemaNode | None":
        """What a list, or an object with free keys, holds; None for anything else."""
        schema = self._schema.get("items", self._schema.get("additionalProperties"))
        return self._node(schema) if isinstance(schema, Mapping) else None

    def child(self, key: str | int) -> "SchemaNode | None":
        """What stands under `key`; None when that is no part of the structure."""
        return (self.properties.get(key) if isinstance(key, str) else None) or self.inner

    @property
    def default(self) -> str:
        """The default as JSON; "" when the setting must be given."""
        if "default" not in self._schema:
            return ""
        return '"***"' if self.secret else json.dumps(self._schema["default"], ensure_ascii=False)

    @property
    def kind(self) -> str:
        """Such as "whole number", "list of texts" or "number or null"."""
        return f"{self._kind} or null" if self._nullable else self._kind

    @property
    def range(self) -> str:
        """Bounds or choices without the unit; "" when every value of the kind will do."""
        if choices := self._choices:
            return ", ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
        schema = self._schema
        counts = [f"{sign} {schema[key]} {of}" for key, (sign, of) in _COUNTS.items() if key in schema]
        bounds = [f"{sign} {_plain(schema[key])}" for key, sign in _BOUNDS.items() if key in schema]
        inner = [self.inner.range] if self.inner else []
        return " and ".join(filter(None, [*counts, *inner, *bounds]))

    @property
    def allowed(self) -> str:
        """Kind, range and unit in one phrase, such as "number > 0 and <= 3600 s"; choices need no kind."""
        parts = [self.range] if self._choices else [self._kind, self.range, self.unit]
        return " ".join(filter(None, parts)) + (", or null" if self._nullable else "")

    @property
    def _kind(self) -> str:
        kinds = [_KINDS.get(part.get("type", ""), "") for part in self._options or [self._schema]]
        if self.inner is not None:
            kinds = [f"{kinds[0]} of {_PLURALS.get(self.inner.kind, self.inner.kind)}"]
        return " or ".join(dict.fromkeys(filter(None, kinds))) or "anything"

    @property
    def _choices(self) -> list[Any]:
        return list(self._schema.get("enum", [self._schema["const"]] if "const" in self._schema else []))

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return {**self._root["$defs"][reference.rpartition("/")[2]], **schema} if reference else schema

    def _node(self, schema: Schema) -> "SchemaNode":
        return SchemaNode(schema, self._root, self.unit)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)
