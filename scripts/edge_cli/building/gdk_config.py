"""`gdk-config.json`: the project's, with an entry for every component, and GDK's own, with one. Reads it.

The form is what `config_schema.json` and `ComponentPublishConfiguration.py` of aws-greengrass-gdk-cli 1.6.2
ask for, and what of it a component of this project can be built and published with.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_cli.building.names import checked_version
from edge_cli.errors import CommandError
from edge_cli.lint.gdk_form import regions

FILE_NAME = "gdk-config.json"
NEXT_PATCH = "NEXT_PATCH"  # GDK asks the cloud for the version when it publishes
_EDGE = "../../../scripts/edge"  # as seen from a staged project
# Naming rules of general purpose buckets in the S3 user guide; GDK puts -REGION-ACCOUNT behind the name.
_BUCKET = re.compile(r"[a-z0-9]([a-z0-9-]|\.(?!\.))*")
_MAX_BUCKET, _ACCOUNT_DIGITS = 63, 12


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


def faults_of(document: dict[str, Any], name: str, package: str) -> list[str]:
    """Why GDK could not build and publish a component with its entry; empty when it can.

    Args:
        document: The project's `gdk-config.json`.
        name: Of the component.
        package: Its Python package, which the build command names.
    """
    faults = [] if _is_release(document.get("gdk_version")) else ['gdk_version must be such as "1.6.2"']
    entry = document["component"].get(name)
    if not isinstance(entry, dict):
        return [*faults, f"there is no entry for {name}: copy another one's and adapt it"]
    return faults + [f"{name}: {fault}" for fault in _of_entry(entry, package)]


def _of_entry(entry: dict[str, Any], package: str) -> Iterator[str]:
    if not (isinstance(entry.get("author"), str) and entry["author"]):
        yield "author must be a text"
    yield from _of_version(entry.get("version"))
    build = entry.get("build")
    words = [_EDGE, "build", package, "--gdk-project", "."]
    if not isinstance(build, dict) or build.get("build_system") != "custom":
        yield 'build.build_system must be "custom": GDK\'s own ways cannot reach edge_common'
    elif not _is_command(build.get("custom_build_command"), words):
        yield f"build.custom_build_command must be {json.dumps(words)}; --arch and --python may follow"
    publish = entry.get("publish")
    yield from _of_publish(publish if isinstance(publish, dict) else {})


def _of_version(version: object) -> Iterator[str]:
    if not isinstance(version, str):
        yield f'version must be such as "1.0.0", or "{NEXT_PATCH}"'
    elif version != NEXT_PATCH:
        try:
            checked_version(version)
        except CommandError as error:
            yield f"version {error}"


def _of_publish(publish: dict[str, Any]) -> Iterator[str]:
    region, bucket = publish.get("region"), publish.get("bucket")
    if not (isinstance(region, str) and region in regions()):
        yield f'publish.region must be a region such as "ap-northeast-2", not {json.dumps(region)}'
        region = ""
    longest = _MAX_BUCKET - len(f"-{region}-") - _ACCOUNT_DIGITS
    if not (isinstance(bucket, str) and _BUCKET.fullmatch(bucket) and len(bucket) <= longest):
        yield (
            f"publish.bucket must be the beginning of a bucket's name, not {json.dumps(bucket)}: lower-case "
            f"letters, digits, - and ., at most {longest}, because GDK puts -REGION-ACCOUNT behind it"
        )


def _is_command(command: object, words: list[str]) -> bool:
    return isinstance(command, list) and command[: len(words)] == words


def _is_release(version: object) -> bool:
    return isinstance(version, str) and re.fullmatch(r"\d+\.\d+\.\d+", version, re.ASCII) is not None
