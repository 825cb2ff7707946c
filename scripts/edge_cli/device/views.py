"""How a local deployment looks to a person: rich renderables; no I/O."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from edge_cli.device.nucleus import SUCCEEDED
from edge_cli.device.planning import Plan
from edge_cli.device.report import Report
from edge_cli.fleet import difference_view
from edge_cli.screen import views


def plan(wanted: Report, made: Plan) -> RenderableType:
    """What would change on the board, and what would not."""
    parts: list[RenderableType] = [*difference_view.lines(made.differences)]
    if made.same:
        parts.append(Text(f"there already, unchanged: {', '.join(made.same)}", "dim"))
    parts += [Text(f"{name} has failed there.", "red") for name in made.broken]
    parts += [Text(f"note: {warning}", "yellow") for warning in made.warnings]
    policy = made.failure_policy or "its failure policy is not known"
    parts.append(Text(f"on {wanted.board} ({wanted.nucleus}); {policy}", "dim"))
    return Group(*parts)


def report(made: Report) -> RenderableType:
    """What came of it, and why it failed where it has."""
    if made.deployment_id is None:
        return Text("Nothing was changed.", "bold")
    line = Text(f"Deployment {made.deployment_id} on {made.board} ({made.nucleus}): ")
    line.append(made.status or "handed over", "green" if made.status == SUCCEEDED else "bold red")
    parts: list[RenderableType] = [line]
    table = views.listing("Component", "Version", "State")
    for component in made.components:
        table.add_row(component.name, component.version, views.state(component.state))
    for name in made.removed:
        table.add_row(name, "", Text("removed" if made.status == SUCCEEDED else "to be removed", "red"))
    parts.append(Padding(table, (0, 0, 0, 2), expand=False))
    parts += [
        Text(f"  {name}: its grants differed; they are reset to those of the recipe.", "yellow")
        for name in made.grants_reset
    ]
    parts += [Text(f"  {reason}", "red") for reason in made.reasons]
    for end in made.logs:
        parts.append(Text(f"\nThe end of {end.log}.log:", "bold"))
        parts += [Padding(views.log_record(one, 0), (0, 0, 0, 2)) for one in end.records]
        if not end.records:
            parts.append(Text("  nothing since this deployment, or it takes root to read it"))
    return Group(*parts)
