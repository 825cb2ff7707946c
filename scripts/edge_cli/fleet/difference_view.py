"""What a deployment changes, line by line, for a fleet and for a board; rich renderables, no I/O."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from edge_cli.fleet.difference import Difference, Kind, Setting

_STYLES = {Kind.ADDED: "green", Kind.REMOVED: "red", Kind.CHANGED: "yellow"}


def lines(differences: Sequence[Difference]) -> Iterator[Text]:
    """A line for each component, then one for each of its settings that changes."""
    for one in differences:
        line = Text(f"{one.kind:8}", _STYLES[one.kind])
        yield line.append(f" {one.component} ", "bold").append(_versions(one))
        yield from (Text(f"           {_setting(setting)}") for setting in one.settings)
        for pointer in one.reset:
            yield Text(f"           {pointer or 'everything'} goes back to the recipe's")


def _versions(one: Difference) -> str:
    if one.before is None or one.after is None:
        return one.before or one.after or ""
    return one.before if one.before == one.after else f"{one.before} -> {one.after}"


def _setting(setting: Setting) -> str:
    if setting.before is None:
        return f"{setting.pointer} = {setting.after}"
    if setting.after is None:
        return f"{setting.pointer} is no longer set (was {setting.before})"
    return f"{setting.pointer}: {setting.before} -> {setting.after}"
