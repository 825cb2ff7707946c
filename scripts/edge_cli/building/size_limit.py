"""How large an artifact may be, and, when it is larger, what has grown. Reads files; writes none."""

import io
import zipfile
from collections import Counter
from pathlib import Path

from edge_cli.building.lock import read_pyproject
from edge_cli.errors import CommandError
from edge_cli.project import Component
from edge_cli.targets import Target

_DEFAULT_LIMIT_MB = 15.0  # what a board with a slow link and a small card fetches at once
_MEGABYTE = 1_000_000
_NAMED = 5  # parts in a message
_SMALLEST_GROWTH = 10_000  # bytes; less is no reason


def limit_bytes(component: Component) -> int:
    """How large an artifact may be: `artifact_limit_mb` in `[tool.edge]` of the component's `pyproject.toml`.

    Raises:
        CommandError: The file cannot be read, or the limit is no number above 0.
    """
    path = _pyproject(component)
    limit = read_pyproject(path).get("tool", {}).get("edge", {}).get("artifact_limit_mb", _DEFAULT_LIMIT_MB)
    if not isinstance(limit, int | float) or limit <= 0:
        raise CommandError(f"{path}: tool.edge.artifact_limit_mb must be a number of megabytes above 0.")
    return int(limit * _MEGABYTE)


def refuse_oversized(component: Component, target: Target, artifact: bytes, former: Path | None) -> None:
    """Refuse an artifact above its limit.

    Args:
        component: Whose.
        target: What it is for.
        artifact: The ZIP file.
        former: The ZIP file of the build before, to compare with; None where there is none.

    Raises:
        CommandError: It is too large; says which of its parts have grown, or which are the largest.
    """
    limit = limit_bytes(component)
    if len(artifact) <= limit:
        return
    raise CommandError(
        f"The artifact of {component.name} for {target} has {_mb(len(artifact))}, its limit is {_mb(limit)}. "
        f"{_what_has_grown(artifact, former)}. Import less, leave modules out in "
        f"{Path(__file__).with_name('libraries.toml')}, or raise artifact_limit_mb in [tool.edge] of "
        f"{_pyproject(component)}."
    )


def _what_has_grown(artifact: bytes, former: Path | None) -> str:
    parts = _parts(artifact)
    if former is not None and zipfile.is_zipfile(former):
        growth = Counter(parts)
        growth.subtract(_parts(former.read_bytes()))
        if grown := [(name, more) for name, more in growth.most_common(_NAMED) if more >= _SMALLEST_GROWTH]:
            listed = ", ".join(f"{name} +{_mb(more)}" for name, more in grown)
            return f"Since {former} of {_mb(former.stat().st_size)}: {listed}"
    return "Largest in it: " + ", ".join(f"{name} {_mb(size)}" for name, size in parts.most_common(_NAMED))


def _parts(artifact: bytes) -> Counter[str]:
    """Top-level package or module -> the bytes that it takes in the ZIP file."""
    parts: Counter[str] = Counter()
    with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
        for entry in archive.infolist():
            parts[entry.filename.partition("/")[0]] += entry.compress_size
    return parts


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / _MEGABYTE:.2f} MB"


def _pyproject(component: Component) -> Path:
    return component.sources.parent / "pyproject.toml"
