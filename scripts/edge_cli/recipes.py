"""What the command reads out of a recipe, and what a build changes in it. The only user of PyYAML here.

The rules of recipes are the core's business; here a recipe is a document of which a few members matter.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edge_cli.errors import CommandError

_LONGEST_LINE = 4096  # nothing is folded


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """What the command needs to know of a recipe.

    Attributes:
        name: ComponentName.
        version: ComponentVersion.
        settings: DefaultConfiguration.settings; {} where there is none.
    """

    name: str
    version: str
    settings: dict[str, Any]


def read_facts(path: Path) -> RecipeFacts:
    """Read one recipe.

    Raises:
        CommandError: It cannot be read, is not YAML, or lacks its name or version.
    """
    document = read_document(path)
    for key in ("ComponentName", "ComponentVersion"):
        if not isinstance(document.get(key), str):
            raise CommandError(f"The recipe {path} lacks {key} (a string). See recipes/ for complete ones.")
    defaults = (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    settings = defaults.get("settings") or {}
    if not isinstance(settings, dict):
        raise CommandError(f"The recipe {path}: DefaultConfiguration.settings must be a mapping.")
    return RecipeFacts(document["ComponentName"], document["ComponentVersion"], settings)


def read_document(path: Path) -> dict[str, Any]:
    """All of a recipe.

    Raises:
        CommandError: It cannot be read, is not YAML, or no mapping.
    """
    try:
        return read_mapping(path)
    except OSError as error:
        raise CommandError(f"The recipe {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise CommandError(f"The recipe {path}: {error}. A recipe begins with RecipeFormatVersion.") from None


def read_mapping(path: Path) -> dict[str, Any]:
    """Any file of YAML that holds a mapping.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not YAML, or no mapping; the text says which.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise ValueError("it is empty" if document is None else "it holds no mapping")  # noqa: TRY004  content
    return document


def is_readable(path: Path) -> bool:
    """Whether a file holds something, and it is JSON or YAML by its name; of any number of documents."""
    content = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        if path.suffix.lower() == ".json":
            json.loads(content)
            return True
        return any(isinstance(event, yaml.DocumentStartEvent) for event in [*yaml.parse(content)])
    except (ValueError, RecursionError, yaml.YAMLError):
        return False


def as_text(document: Mapping[str, Any]) -> str:
    """A recipe as YAML, in its own order, without anchors: not every nucleus knows those."""
    return yaml.dump(
        dict(document), Dumper=_WithoutAnchors, sort_keys=False, allow_unicode=True, width=_LONGEST_LINE
    )


class _WithoutAnchors(yaml.SafeDumper):
    """Writes what stands twice twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  the base class's signature
        return True
