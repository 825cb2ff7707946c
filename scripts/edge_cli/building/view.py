"""What a person sees of a build."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from edge_cli import views
from edge_cli.building.component import Built

_NEARLY_FULL = 0.9  # of the limit: time to look at what goes in


def built(items: Sequence[Built], output: Path) -> RenderableType:
    """What was made, how large it is, and how to deploy it."""
    table = views.listing("Component", "Version", "For", "Artifact", "Size", right=("Size",))
    warnings: list[Text] = []
    for item in items:
        for artifact in item.artifacts:
            size, limit = views.size(artifact.size_bytes), views.size(artifact.limit_bytes)
            is_nearly_full = artifact.size_bytes > artifact.limit_bytes * _NEARLY_FULL
            if is_nearly_full:
                warnings.append(Text(f"{artifact.path.name} has {size} of at most {limit}.", "yellow"))
            table.add_row(
                views.short_name(item.component),
                item.version,
                f"{artifact.architecture}, Python {artifact.python}",
                artifact.path.name,
                Text(size, "yellow" if is_nearly_full else ""),
            )
    where = _short(output)
    deploy = (
        f"In {where}. Deploy, for example:\n"
        f"  scripts/edge deployment create \\\n"
        f"    -r {where}/recipes -a {where}/artifacts \\\n"
        f"    -m {items[0].component}={items[0].version} --wait"
    )
    return Group(table, *warnings, Text(""), Text(deploy, "dim"))


def staged(projects: Sequence[Path]) -> str:
    """Which GDK projects there are now."""
    listed = "".join(f"\n  {_short(project)}" for project in projects)
    return f"In each of these `gdk component build` and `gdk component publish` work:{listed}"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
