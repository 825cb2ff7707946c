"""How publications, plans and deployments look to a person: rich renderables; no I/O."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from edge_cli.fleet import difference_view
from edge_cli.fleet.history import History, PastDeployment
from edge_cli.fleet.planning import Plan
from edge_cli.fleet.publishing import Outcome, PublishedComponent
from edge_cli.fleet.rollout import DeviceResult
from edge_cli.screen import views

_OUTCOMES = {
    Outcome.PUBLISHED: ("published", "green"),
    Outcome.ALREADY_PUBLISHED: ("already published", "dim"),
    Outcome.WOULD_PUBLISH: ("would be published", "yellow"),
}
_UNTOUCHED_SHOWN = 12
_GOOD_SHOWN = 20


def published(components: Sequence[PublishedComponent]) -> RenderableType:
    """What was published, and where its artifacts are."""
    table = views.listing("Component", "Version", "", "For", "Artifact", "Size", right=("Size",))
    for one in components:
        words, style = _OUTCOMES[one.outcome]
        machines = f"{', '.join(one.architectures)}; Python {one.python}"
        head = (one.component, one.version, Text(words, style), machines)
        for artifact in one.artifacts:
            table.add_row(*head, artifact.uri, views.size(artifact.size_bytes))
            head = ("", "", Text(), "")
        if not one.artifacts:
            table.add_row(*head, "-", "-")
    return table


def plan(made: Plan) -> RenderableType:
    """What a deployment changes, and what it leaves alone."""
    parts: list[RenderableType] = [*difference_view.lines(made.differences)]
    if not made.differences:
        parts.append(Text("The same once more." if made.is_due else "Nothing to change."))
    if made.untouched:
        shown = ", ".join(made.untouched[:_UNTOUCHED_SHOWN])
        more = len(made.untouched) - _UNTOUCHED_SHOWN
        parts.append(Text(f"stay as they are: {shown}{f' and {more} more' if more > 0 else ''}", "dim"))
    parts += [Text(f"note: {note}", "yellow") for note in made.notes]
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
    """What became of a deployment on each device, and why; of many only those that need a look."""
    table = views.listing("Device", "Status", "Why")
    in_order = sorted(results, key=lambda result: (result.is_good, result.device))
    good = [one for one in in_order if one.is_good]
    unnamed = len(good) if len(good) > _GOOD_SHOWN else 0
    for one in in_order[: len(in_order) - unnamed]:
        style = "green" if one.is_good else ("red" if one.is_final else "yellow")
        table.add_row(one.device, Text(one.status, style), why(one))
    if unnamed:
        table.add_row(f"{unnamed} devices", Text("SUCCEEDED", "green"), "")
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
            _holds(one),
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


def _holds(one: PastDeployment) -> Text:
    if not one.is_latest:
        return Text()
    if one.status == "CANCELED":
        return Text("the latest; it is not known which devices run it", "yellow")
    return Text("this one holds", "green")
