"""How publications, plans and deployments look to a person: rich renderables; no I/O."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from edge_cli import views
from edge_cli.fleet.difference import Difference, Kind, Setting
from edge_cli.fleet.history import History
from edge_cli.fleet.planning import Plan
from edge_cli.fleet.publishing import Outcome, PublishedComponent
from edge_cli.fleet.rollout import DeviceResult

_KIND_STYLES = {Kind.ADDED: "green", Kind.REMOVED: "red", Kind.CHANGED: "yellow"}
_OUTCOMES = {
    Outcome.PUBLISHED: ("published", "green"),
    Outcome.ALREADY_PUBLISHED: ("already published", "dim"),
    Outcome.WOULD_PUBLISH: ("would be published", "yellow"),
}
_UNTOUCHED_SHOWN = 12


def published(components: Sequence[PublishedComponent]) -> RenderableType:
    """What was published, and where its artifacts are."""
    table = views.listing("Component", "Version", "", "Artifact", "Size", right=("Size",))
    for one in components:
        words, style = _OUTCOMES[one.outcome]
        head = (one.component, one.version, Text(words, style))
        for artifact in one.artifacts:
            table.add_row(*head, artifact.uri, views.size(artifact.size_bytes))
            head = ("", "", Text())
        if not one.artifacts:
            table.add_row(*head, "-", "-")
    return table


def plan(made: Plan) -> RenderableType:
    """What a deployment changes, and what it leaves alone."""
    parts: list[RenderableType] = []
    for one in made.differences:
        line = Text(f"{one.kind:8}", _KIND_STYLES[one.kind])
        line.append(f" {one.component} ", "bold").append(_versions(one))
        parts.append(line)
        parts += [Text(f"           {_setting(setting)}") for setting in one.settings]
        parts += [
            Text(f"           {pointer or 'everything'} goes back to the recipe's") for pointer in one.reset
        ]
    if not made.differences:
        parts.append(Text("Nothing to change."))
    if made.untouched:
        shown = ", ".join(made.untouched[:_UNTOUCHED_SHOWN])
        more = len(made.untouched) - _UNTOUCHED_SHOWN
        parts.append(Text(f"stay as they are: {shown}{f' and {more} more' if more > 0 else ''}", "dim"))
    policies = made.specification["deploymentPolicies"]
    update = policies["componentUpdatePolicy"]
    devices = views.plural(len(made.devices), "core device")
    parts.append(
        Text(
            f"on {made.target} ({devices}); {policies['failureHandlingPolicy']}, "
            f"{update.get('action')} {update.get('timeoutInSeconds', '-')} s",
            "dim",
        )
    )
    return Group(*parts)


def devices(results: Sequence[DeviceResult]) -> RenderableType:
    """What became of a deployment on each device; why, where it failed."""
    table = views.listing("Device", "Status", "Why")
    for one in sorted(results, key=lambda result: (result.is_good, result.device)):
        style = "green" if one.is_good else ("red" if one.is_final else "yellow")
        table.add_row(one.device, Text(one.status, style), why(one))
    return table


def why(result: DeviceResult) -> str:
    """What a device says of its failure: the reason, then the codes, the special one last."""
    codes = " > ".join(result.error_stack)
    kinds = f"[{', '.join(result.error_types)}]" if result.error_types else ""
    return " ".join(part for part in (result.reason, codes, kinds) if part)


def history(found: History) -> RenderableType:
    """The deployments of a target, newest first, and its devices."""
    if not found.deployments:
        return Text(f"Nothing was deployed to {found.target} yet.", "dim")
    table = views.listing("Created (UTC)", "Deployment", "Name", "Status", "")
    for one in found.deployments:
        table.add_row(
            one.created_at,
            one.deployment_id,
            one.name or "-",
            one.status,
            Text("this one holds" if one.is_latest else "", "green"),
        )
    parts: list[RenderableType] = [table]
    latest = next((one for one in found.deployments if one.components), None)
    if latest:
        held = views.listing("Component", "Version")
        for name, version in sorted(latest.components.items()):
            held.add_row(name, version)
        parts += [Text(), held]
    if found.devices:
        parts += [Text(), devices(found.devices)]
    return Group(*parts)


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
