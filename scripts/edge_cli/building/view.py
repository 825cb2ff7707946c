"""What a person sees of a build."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from edge_cli.building.component import Built
from edge_cli.gdk_config import NEXT_PATCH
from edge_cli.screen import views

_NEARLY_FULL = 0.9  # of the limit: time to look at what goes in


def built(items: Sequence[Built], output: Path) -> RenderableType:
    """What was made, how large it is, and how to deploy it."""
    where = _short(output)
    deploy = (
        f"Written to {where}. To deploy, for example:\n"
        f"  scripts/edge deployment create \\\n"
        f"    -r {where}/recipes \\\n"
        f"    -a {where}/artifacts \\\n"
        f"    -m {items[0].component}={items[0].version} --wait"
    )
    return _table([(item, item.version) for item in items], deploy)


def built_for_gdk(item: Built) -> RenderableType:
    """What was made in a GDK project, under the version that GDK has for it, and what is next there."""
    version = item.artifacts[0].path.parent.name
    publish = "`gdk component publish` uploads this."
    if version != NEXT_PATCH:
        publish += (
            f"\nIt does so before it asks whether {version} is taken: where that may be, raise the version."
        )
    return _table([(item, version)], publish)


def _table(items: Sequence[tuple[Built, str]], closing: str) -> RenderableType:
    """Each artifact, with the version that it goes by, and what can be done next."""
    table = views.listing("Component", "Version", "For", "Artifact", "Size", right=("Size",))
    warnings: list[Text] = []
    for item, version in items:
        for artifact in item.artifacts:
            size, limit = views.size(artifact.size_bytes), views.size(artifact.limit_bytes)
            is_nearly_full = artifact.size_bytes > artifact.limit_bytes * _NEARLY_FULL
            if is_nearly_full:
                warnings.append(Text(f"{artifact.path.name} has {size} of at most {limit}.", "yellow"))
            table.add_row(
                views.short_name(item.component),
                version,
                f"{artifact.architecture}, Python {artifact.python}",
                artifact.path.name,
                Text(size, "yellow" if is_nearly_full else ""),
            )
    return Group(table, *warnings, Text(""), Text(closing, "dim"))


def staged(projects: Sequence[Path]) -> str:
    """Which GDK projects there are now."""
    listed = "".join(f"\n  {_short(project)}" for project in projects)
    return f"In each of these `gdk component build` and `gdk component publish` work:{listed}"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
