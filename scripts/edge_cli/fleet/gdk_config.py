"""The bucket and the region that `gdk-config.json` names for publishing. Reads that file only."""

import json
from pathlib import Path
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.project import PROJECT

_REGISTRY = PROJECT / "gdk-config.json"


def bucket(component: str, region: str, account: str, registry: Path = _REGISTRY) -> str:
    """The bucket that GDK would take: the name in the registry, the region and the account.

    Args:
        component: Greengrass name, in any namespace.
        region: Where it is.
        account: Whose it is.
        registry: `gdk-config.json`.

    Raises:
        CommandError: The registry names none for the component.
    """
    last = component.rpartition(".")[2]
    for name, publish in _publish_sections(registry).items():
        if name.rpartition(".")[2] == last and isinstance(publish.get("bucket"), str):
            return f"{publish['bucket']}-{region}-{account}"
    raise CommandError(f"{registry} names no bucket for {component}. Name one: --bucket NAME")


def default_region(registry: Path = _REGISTRY) -> str | None:
    """The region that all entries of the registry agree on; None where they do not, or there is none."""
    try:
        sections = _publish_sections(registry)
    except CommandError:
        return None  # only a default: a command that needs the registry says what is wrong with it
    regions = {publish.get("region") for publish in sections.values()}
    region = regions.pop() if len(regions) == 1 else None
    return region if isinstance(region, str) else None


def _publish_sections(registry: Path) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(registry.read_text(encoding="utf-8"))
        return {name: dict(entry["publish"]) for name, entry in document["component"].items()}
    except OSError as error:
        raise CommandError(f"{registry} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{registry} is no GDK configuration: {error!r}.") from None
