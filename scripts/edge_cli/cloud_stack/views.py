"""How changes of a stack, its outputs and its end look to a person: rich renderables; no I/O."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from edge_cli.cloud_stack.change_set import Change, Setting
from edge_cli.cloud_stack.stack import Resource
from edge_cli.cloud_stack.template import DEPLOYMENT
from edge_cli.project import PROJECT
from edge_cli.screen import views

# ChangeAction of the API -> a word and its colour.
_ACTIONS = {
    "Add": ("added", "green"),
    "Modify": ("changed", "yellow"),
    "Remove": ("removed", "red"),
    "Import": ("adopted", "cyan"),
    "Dynamic": ("may change", "yellow"),
    "SyncWithActual": ("noted", "dim"),
}
_REPLACEMENTS = {"True": "is replaced by a new one", "Conditional": "may be replaced by a new one"}
_LONGEST_VALUE = 200  # a policy is longer than anybody reads in a difference


def changes(name: str, found: Sequence[Change]) -> RenderableType:
    """What a change set would do."""
    parts: list[RenderableType] = []
    for one in found:
        word, style = _ACTIONS.get(one.action, (one.action.lower(), "yellow"))
        line = Text(f"{word:10}", style)
        line.append(f" {one.logical_id}", "bold").append(f"  {one.kind}")
        line.append(f"  {one.physical_id}" if one.physical_id else "", "dim")
        parts.append(line)
        if one.replacement in _REPLACEMENTS:
            stays = "; the old one stays" if one.kept else ""
            parts.append(Text(f"             {_REPLACEMENTS[one.replacement]}{stays}", "yellow"))
        elif one.kept and one.action == "Remove":
            parts.append(Text("             stays, but belongs to the stack no longer", "yellow"))
        parts += [Text(f"             {_setting(setting)}") for setting in one.settings]
    if not found:
        parts.append(Text(f"Stack {name} matches the template. Nothing to change."))
    return Group(*parts)


def outputs(values: Mapping[str, str]) -> RenderableType:
    """What other tools need to know of the stack, and what to do next."""
    file = DEPLOYMENT.relative_to(PROJECT)
    bucket = values.get("DataBucketName", "NAME")
    merge = f'{{"com.example.S3BatchUploader": {{"MERGE": {{"settings": {{"bucket": "{bucket}"}}}}}}}}'
    return Group(
        views.facts([(name, Text(value)) for name, value in sorted(values.items())]),
        Text("\nNext: scripts/cloud/README.md tells a core of the role alias and its policies; then", "dim"),
        Text("  scripts/edge publish"),
        Text(f"  scripts/edge deploy --group GROUP s3_batch_uploader --configuration '{merge}'"),
        Text(
            "  scripts/edge deploy --group GROUP aws.greengrass.LogManager aws.greengrass.StreamManager "
            f"--configuration {file}"
        ),
    )


def removal(name: str, held: Sequence[Resource]) -> RenderableType:
    """What the removal of a stack would do."""
    parts: list[RenderableType] = [Text(f"Stack {name}:")]
    for one in sorted(held, key=lambda resource: resource.is_kept):
        word, style = ("stays", "green") if one.is_kept else ("removed", "red")
        line = Text(f"{word:10}", style)
        parts.append(line.append(f" {one.logical_id}", "bold").append(f"  {one.kind}  {one.physical_id}"))
    parts.append(
        Text(
            "Cores lose their role and their policies, and cannot reach AWS until there are new ones.",
            "yellow",
        )
    )
    return Group(*parts)


def removed(name: str, held: Sequence[Resource]) -> RenderableType:
    """What is left of a stack that is gone."""
    kept = [one.physical_id for one in held if one.is_kept and one.physical_id]
    parts = [Text(f"Stack {name} is gone.")]
    if kept:
        parts.append(Text(f"These buckets stay, with all that is in them: {', '.join(kept)}"))
        parts.append(Text("scripts/edge cloud up adopts them again.", "dim"))
    return Group(*parts)


def _setting(one: Setting) -> str:
    if one.before is None and one.after is None:
        return one.path
    return f"{one.path}: {_shortened(one.before)} -> {_shortened(one.after)}"


def _shortened(value: str | None) -> str:
    if value is None:
        return "-"
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
