"""A component's settings as rows, for the table in its README. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_common.config.model import ComponentConfig
from edge_common.config.schema import SchemaNode


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting, every column a text ready to be shown.

    Attributes:
        key: Path from `settings`, with / between sections and [] for the items of a list.
        type: Such as "whole number" or "list of text".
        default: As JSON; "" when the setting must be given.
        unit: "" for none.
        range: Bounds or choices; "" when every value of the type will do.
        description: What it does.
    """

    key: str
    type: str
    default: str
    unit: str
    range: str
    description: str


def settings_table(model: type[ComponentConfig]) -> list[SettingRow]:
    """The settings of `model` in the order they are declared, those of sections below one another."""
    schema = model.model_json_schema()
    return list(_rows("", SchemaNode(schema, schema)))


def _rows(prefix: str, section: SchemaNode) -> Iterator[SettingRow]:
    for name, node in section.properties.items():
        key = f"{prefix}{name}"
        if node.properties:
            yield from _rows(f"{key}/", node)
            continue
        yield SettingRow(key, node.kind, node.default, node.unit, node.range, node.description)
        if node.inner is not None and node.inner.properties:
            yield from _rows(f"{key}[]/", node.inner)
