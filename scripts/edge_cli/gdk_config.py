"""`gdk-config.json`: what GDK asks of it, and what the project's says of publishing. Reads that file only.

The project's has an entry for every component; GDK's own, in a staged project, has one. `edge lint` makes
findings of what is here, `edge build --gdk` refusals. Sources: `config_schema.json` and
`ComponentPublishConfiguration.py` of aws-greengrass-gdk-cli 1.6.2; the S3 user guide, "Naming rules".
"""

import json
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.project import PROJECT

FILE_NAME = "gdk-config.json"
REGISTRY = PROJECT / FILE_NAME
NEXT_PATCH = "NEXT_PATCH"  # GDK asks the cloud for the version when it publishes
BUILD_SYSTEM = "custom"  # GDK's own ways cannot reach edge_common
COMMAND = "../../../scripts/edge"  # as seen from a staged project, build/gdk/NAME
DEMANDED = (("author",), ("version",), ("build",), ("publish", "bucket"), ("publish", "region"))
"""The keys that every entry must have."""

_RELEASE = re.compile(r"\d+\.\d+\.\d+", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9]([a-z0-9-]|\.(?!\.))*")
_MAX_BUCKET, _ACCOUNT_DIGITS = 63, 12


def build_command(package: str) -> list[str]:
    """How `custom_build_command` must begin; --arch and --python may follow.

    >>> build_command("mqtt_publisher")
    ['../../../scripts/edge', 'build', 'mqtt_publisher', '--gdk-project', '.']
    """
    return [COMMAND, "build", package, "--gdk-project", "."]


def is_release(version: str) -> bool:
    """Whether GDK takes it as `gdk_version`."""
    return _RELEASE.fullmatch(version) is not None


@cache
def regions() -> frozenset[str]:
    """The regions that AWS's SDK knows."""
    written = (resources.files("botocore") / "data" / "partitions.json").read_text(encoding="utf-8")
    return frozenset(
        region for partition in json.loads(written)["partitions"] for region in partition["regions"]
    )


def longest_bucket(region: str) -> int:
    """How many characters a bucket's name may have, because GDK puts -REGION-ACCOUNT behind it."""
    return _MAX_BUCKET - len(f"-{region}-") - _ACCOUNT_DIGITS


def is_bucket(name: str, longest: int = _MAX_BUCKET) -> bool:
    """Whether a bucket's name may begin so.

    >>> [is_bucket(name) for name in ("my.artifacts", "my..artifacts", "My-artifacts")]
    [True, False, False]
    """
    return _BUCKET.fullmatch(name) is not None and len(name) <= longest


def read(path: Path) -> dict[str, Any]:
    """Read one.

    Raises:
        CommandError: It cannot be read, or has no mapping `component`.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("component"), dict):
        raise CommandError(f"{path} has no mapping 'component'.")
    return document


def bucket(component: str, region: str, account: str, registry: Path = REGISTRY) -> str:
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


def default_region(registry: Path = REGISTRY) -> str | None:
    """The region that all entries of the registry agree on; None where they do not, or there is none."""
    try:
        sections = _publish_sections(registry)
    except CommandError:
        return None  # only a default: a command that needs the registry says what is wrong with it
    named = {publish.get("region") for publish in sections.values()}
    region = named.pop() if len(named) == 1 else None
    return region if isinstance(region, str) else None


def _publish_sections(registry: Path) -> dict[str, dict[str, Any]]:
    try:
        return {name: dict(entry["publish"]) for name, entry in read(registry)["component"].items()}
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{registry} is no GDK configuration: {error!r}.") from None
