"""The digests that lie beside an artifact, in the form that `sha256sum -c` takes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from edge_cli.errors import CommandError

SUFFIX = ".sha256"


def manifest(files: Mapping[str, bytes]) -> bytes:
    """The text of a manifest.

    Args:
        files: Name in the manifest's own folder -> body.
    """
    return "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items()).encode()


def verify(folder: Path) -> None:
    """Check every file that a manifest in a folder names.

    Args:
        folder: `artifacts/NAME/VERSION` of a build.

    Raises:
        CommandError: There is no manifest, an artifact is in none, or a file is not the one that was built.
    """
    named: set[str] = set()
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        for line in path.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            file = folder / name
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                raise CommandError(
                    f"{file} is not what was built: its SHA-256 is not the one in {path.name}. "
                    "Build it again: scripts/edge build"
                )
            named.add(name)
    unnamed = sorted({file.name for file in folder.glob("*.zip")} - named)
    if unnamed or not named:
        raise CommandError(
            f"{folder} has no SHA-256 for {', '.join(unnamed) or 'any artifact'}. "
            "Build it again: scripts/edge build"
        )
