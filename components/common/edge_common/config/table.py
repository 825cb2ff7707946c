"""A component's settings as rows, for the table in its README. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

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
        if node.kinds:
            yield from _rows_of_kinds(f"{key}/", node)
            continue
        if node.properties:
            yield from _rows(f"{key}/", node)
            continue
        yield _row(key, node)
        if node.inner is not None and node.inner.properties:
            yield from _rows(f"{key}[]/", node.inner)


def _rows_of_kinds(prefix: str, section: SchemaNode) -> Iterator[SettingRow]:
    """First the setting that chooses the kind, then those of each kind, which say what they belong to."""
    choice_key = f"{prefix}{section.chooser}"
    yield _row(choice_key, section.properties[section.chooser])
    words: dict[SettingRow, list[str]] = {}  # a setting that several kinds have alike gets one row
    for word, kind in section.kinds.items():
        for row in _rows(prefix, kind):
            words.setdefault(row, []).append(f"`{word}`")
    for row, of in words.items():
        if row.key != choice_key:
            yield replace(row, description=f"With {', '.join(of)}: {row.description}")


def _row(key: str, node: SchemaNode) -> SettingRow:
    return SettingRow(key, node.kind, node.default, node.unit, node.range, node.description)
