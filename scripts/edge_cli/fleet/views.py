"""How publications, plans and deployments look to a person: rich renderables; no I/O."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from edge_cli.fleet import difference_view
from edge_cli.fleet.history import History, PastDeployment
from edge_cli.fleet.planning import Plan
from edge_cli.fleet.publishing import Outcome, PublishedComponent
from edge_cli.fleet.rollout import EXPLAINED_MAX, DeviceResult
from edge_cli.screen import views

_OUTCOMES = {
    Outcome.PUBLISHED: ("published", "green"),
    Outcome.ALREADY_PUBLISHED: ("already published", "dim"),
    Outcome.WOULD_PUBLISH: ("would be published", "yellow"),
}
_UNTOUCHED_SHOWN = 12
_GOOD_SHOWN = 20


def published(components: Sequence[PublishedComponent]) -> RenderableType:
    """What was published, and for which machines; where its artifacts are is in the JSON."""
    parts: list[RenderableType] = []
    for one in components:
        words, style = _OUTCOMES[one.outcome]
        parts.append(Text(f"{one.component} {one.version}  ").append(words, style))
        line = f"  for {', '.join(one.architectures)}; Python {one.python}"
        for artifact in one.artifacts:
            line += f"\n  {artifact.uri.rpartition('/')[2]}, {views.size(artifact.size_bytes)}"
        parts.append(Text(line, "dim"))
    return Group(*parts)


def plan(made: Plan) -> RenderableType:
    """What a deployment changes, and what it leaves alone."""
    devices = views.plural(len(made.devices), "core device")
    parts: list[RenderableType] = [*difference_view.lines(made.differences)]
    if not made.differences:
        what = "what was there before the cancelled deployment" if made.from_cancelled else "the same again"
        parts.append(Text(f"Deploys {what}, to {devices}." if made.is_due else "Nothing to change."))
    if made.from_cancelled:
        parts.append(Text("On devices that took the cancelled deployment:"))
        parts += difference_view.lines(made.from_cancelled)
    if made.untouched:
        shown = ", ".join(made.untouched[:_UNTOUCHED_SHOWN])
        more = len(made.untouched) - _UNTOUCHED_SHOWN
        parts.append(Text(f"Unchanged: {shown}{f' and {more} more' if more > 0 else ''}", "dim"))
    parts += [Text(f"note: {note}", "yellow") for note in made.notes]
    if made.is_due:
        policies = made.specification["deploymentPolicies"]
        update = policies["componentUpdatePolicy"]
        parts.append(
            Text(
                f"Deploys to {made.target} ({devices}). On failure: {policies['failureHandlingPolicy']}. "
                f"Before an update: {update.get('action')}, {update.get('timeoutInSeconds', '-')} s.",
                "dim",
            )
        )
        if manner := " ".join(_manner(made.specification)):
            parts.append(Text(manner, "dim"))
    return Group(*parts)


def _manner(specification: Mapping[str, Any]) -> Iterator[str]:
    """What an IoT job's configuration comes to, a sentence each; nothing where there is none."""
    job = specification.get("iotJobConfiguration") or {}
    rollout = job.get("jobExecutionsRolloutConfig") or {}
    if (most := rollout.get("maximumPerMinute")) is not None:
        yield f"Rollout: at most {most} devices a minute."
    if growing := rollout.get("exponentialRate"):
        yield (
            f"Rollout: first {growing['baseRatePerMinute']} devices a minute, growing by "
            f"{growing['incrementFactor']}."
        )
    for one in (job.get("abortConfig") or {}).get("criteriaList", ()):
        yield (
            f"Cancelled when more than {one['thresholdPercentage']} % of at least "
            f"{one['minNumberOfExecutedThings']} devices end with {one['failureType']}."
        )
    if (minutes := (job.get("timeoutConfig") or {}).get("inProgressTimeoutInMinutes")) is not None:
        yield f"A device has {minutes} min."
    if parent := specification.get("parentTargetArn"):
        yield f"Parent: {parent}."


def devices(results: Sequence[DeviceResult]) -> RenderableType:
    """What became of a deployment on each device, and why; of many only those that need a look."""
    table = views.listing("Device", "Status", "Why")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True  # names that people copy
    in_order = sorted(results, key=lambda result: (result.is_good, result.device))
    good = [one for one in in_order if one.is_good]
    unnamed = len(good) if len(good) > _GOOD_SHOWN else 0
    for one in in_order[: len(in_order) - unnamed]:
        style = "green" if one.is_good else ("red" if one.is_final else "yellow")
        table.add_row(one.device, Text(one.status, style), why(one))
    if unnamed:
        table.add_row(f"{unnamed} devices", Text("SUCCEEDED", "green"), "")
    failed = [one.device for one in results if one.has_failed]
    if len(failed) <= EXPLAINED_MAX:
        return table
    more = (
        f"{len(failed) - EXPLAINED_MAX} more devices failed: AWS was asked why of {EXPLAINED_MAX} of "
        f"{len(failed)} only."
    )
    return Group(table, Text(more, "dim"))


def why(result: DeviceResult) -> str:
    """What a device says of its failure: the reason, then the codes, the special one last."""
    codes = " > ".join(result.error_stack)
    kinds = f"[{', '.join(result.error_types)}]" if result.error_types else ""
    return " ".join(part for part in (result.reason, codes, kinds) if part)


def history(found: History) -> RenderableType:
    """The deployments of a target, newest first, and its devices."""
    parts: list[RenderableType] = []
    for one in found.deployments:
        parts.append(Text(one.deployment_id).append(f"  {one.status}", "bold"))
        parts.append(Text(f"  created {one.created_at}").append_text(_holds(one)))
        parts.append(_held(one.components))
    if not found.deployments:
        itself = " itself" if found.through_groups else ""
        parts.append(Text(f"Nothing was deployed to {found.name}{itself} yet."))
    for through in found.through_groups:
        parts.append(Text(f"{through.deployment_id}  ").append(through.status, "bold"))
        parts.append(Text(f"  through group {through.group}"))
        parts.append(_held(through.components))
    if found.devices:
        parts += [Text(), devices(found.devices)]
    return Group(*parts)


def _held(components: Mapping[str, str]) -> Text:
    """A component on each line, so that no name is broken."""
    lines = [f"    {name} {version}" for name, version in sorted(components.items())]
    return Text("\n".join(lines) or "    no components", "dim")


def _holds(one: PastDeployment) -> Text:
    if not one.is_latest:
        return Text()
    if one.status == "CANCELED":
        return Text("; the latest, but cancelled: it is not known which devices run it", "yellow")
    return Text("; in effect", "green")
