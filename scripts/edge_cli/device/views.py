"""How a local deployment looks to a person: rich renderables; no I/O."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from edge_cli import views
from edge_cli.device.commanding import SUCCEEDED
from edge_cli.device.report import Report


def report(made: Report) -> RenderableType:
    """What was, or would be, deployed, and why it failed where it has."""
    parts: list[RenderableType] = [_headline(made)]
    table = views.listing("Component", "Version", "State")
    for component in made.components:
        table.add_row(component.name, component.version, views.state(component.state))
    for name in made.removed:
        table.add_row(name, "", Text("removed" if made.deployment_id else "to be removed", "red"))
    parts.append(Padding(table, (0, 0, 0, 2), expand=False))
    parts += [
        Text(f"  {name}: its grants were others; they go back to those of the recipe.", "yellow")
        for name in made.grants_reset
    ]
    parts += [Text(f"  {reason}", "red") for reason in made.reasons]
    for end in made.logs:
        parts.append(Text(f"\nThe end of {end.log}.log:", "bold"))
        parts += [
            Text(f"  {line}") for line in end.lines or ("it cannot be read, or is empty: that takes root",)
        ]
    return Group(*parts)


def _headline(made: Report) -> Text:
    where = f"{made.board} ({made.nucleus})"
    if made.deployment_id is None:
        return Text(f"To be deployed to {where}; nothing was changed.", "bold")
    line = Text(f"Deployment {made.deployment_id} on {where}: ")
    return line.append(made.status or "handed over", "green" if made.status == SUCCEEDED else "bold red")
