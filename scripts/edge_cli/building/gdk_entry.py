"""Why GDK could not build and publish a component with its entry in `gdk-config.json`. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from edge_cli.building.names import checked_version
from edge_cli.errors import CommandError
from edge_cli.gdk_config import (
    BUILD_SYSTEM,
    NEXT_PATCH,
    build_command,
    is_bucket,
    is_release,
    longest_bucket,
    regions,
)


def faults_of(document: dict[str, Any], name: str, package: str) -> list[str]:
    """Why GDK could not build and publish a component with its entry; empty when it can.

    Args:
        document: The project's `gdk-config.json`.
        name: Of the component.
        package: Its Python package, which the build command names.
    """
    release = document.get("gdk_version")
    is_good = isinstance(release, str) and is_release(release)
    faults = [] if is_good else ['gdk_version must be such as "1.6.2"']
    entry = document["component"].get(name)
    if not isinstance(entry, dict):
        return [*faults, f"there is no entry for {name}: copy another one's and adapt it"]
    return faults + [f"{name}: {fault}" for fault in _of_entry(entry, package)]


def _of_entry(entry: dict[str, Any], package: str) -> Iterator[str]:
    if not (isinstance(entry.get("author"), str) and entry["author"]):
        yield "author must be a text"
    yield from _of_version(entry.get("version"))
    build = entry.get("build")
    words = build_command(package)
    if not isinstance(build, dict) or build.get("build_system") != BUILD_SYSTEM:
        yield f'build.build_system must be "{BUILD_SYSTEM}": GDK\'s own ways cannot reach edge_common'
    elif not _begins_with(build.get("custom_build_command"), words):
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
    longest = longest_bucket(region)
    if not (isinstance(bucket, str) and is_bucket(bucket, longest)):
        yield (
            f"publish.bucket must be the beginning of a bucket's name, not {json.dumps(bucket)}: lower-case "
            f"letters, digits, - and ., at most {longest}, because GDK puts -REGION-ACCOUNT behind it"
        )


def _begins_with(command: object, words: list[str]) -> bool:
    return isinstance(command, list) and command[: len(words)] == words
