"""Rules of gdk-config.json's form: what GDK asks of each entry when it reads a staged project.

Nobody else checks the registry against GDK's schema, and GDK itself reads it only in a staged project.
What it asks, `edge_cli.gdk_config` knows.
"""

import json
from collections import Counter
from collections.abc import Iterator

from edge_cli.gdk_config import (
    BUILD_SYSTEM,
    COMMAND,
    DEMANDED,
    build_command,
    is_bucket,
    is_release,
    longest_bucket,
    regions,
)
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.gdk_config import pairs
from edge_cli.lint.values import child, items, nearest, text
from edge_cli.lint.workspace import Workspace
from local_core.model.recipe_document import Value


def _missing(project: Workspace) -> Iterator[Remark]:
    if project.registry is None:
        return
    if not project.registry.components:
        yield Remark(
            project.registry.spot(None),
            "there is no entry under `component`: nothing is staged, and GDK publishes nothing. Add one "
            "for each component.",
        )
    if not is_release(text(child(project.registry.root, "gdk_version"))):
        yield Remark(
            project.registry.source.spot(project.registry.root),
            "gdk_version is missing, or no release: GDK refuses every project that is staged from here. Add "
            'the version of GDK that it is for, e.g. "gdk_version": "1.6.2".',
        )
    for registry, entry, _ in pairs(project):
        for keys in DEMANDED:
            if child(entry, *keys) is None:
                yield Remark(
                    registry.spot(entry),
                    f"{'.'.join(keys)} is missing: GDK refuses the project. Copy it from another entry.",
                )


def _commands(project: Workspace) -> Iterator[Remark]:
    for registry, entry, recipe in pairs(project):
        build = child(entry, "build")
        if build is None or recipe.component is None:
            continue
        system, command = child(build, "build_system"), child(build, "custom_build_command")
        said = _said_of_system(system) or _said_of_command(command, recipe.component.package)
        if said:
            where = system if _said_of_system(system) else command
            yield Remark(registry.spot(where or build), said)


def _said_of_system(system: Value | None) -> str:
    if text(system) == BUILD_SYSTEM:
        return ""
    return (
        f"build_system is {text(system) or 'missing'!r}: GDK would pack the staged folder, in which there is "
        f"not code. Write {BUILD_SYSTEM!r}."
    )


def _said_of_command(command: Value | None, package: str) -> str:
    if command is None:
        return "custom_build_command is missing: GDK refuses the project. Copy it from another entry."
    if command.items is None:
        return (
            "custom_build_command is one text, which GDK takes for the name of a program, spaces included. "
            "Write a list."
        )
    words = [text(item) for item in items(command)]
    if words[:1] != [COMMAND]:
        return (
            f"custom_build_command begins with {''.join(words[:1])!r}, which does not lead from "
            f"build/gdk/NAME to scripts/edge. Write {COMMAND!r}."
        )
    if package not in words:
        return (
            f"custom_build_command does not name {package}: GDK would build another component under this "
            "name. Name it."
        )
    wanted = build_command(package)
    if words[: len(wanted)] != wanted:
        return (
            "custom_build_command does not begin with `build … --gdk-project .`: what it builds does not "
            f"lie where GDK looks. Write {json.dumps(wanted)}; options may follow."
        )
    return ""


def _destinations(project: Workspace) -> Iterator[Remark]:
    for registry, entry, _ in pairs(project):
        region, bucket = child(entry, "publish", "region"), child(entry, "publish", "bucket")
        if region and text(region) not in regions():
            hint = nearest(text(region), regions(), "write one, e.g. eu-central-1")
            yield Remark(registry.spot(region), f"there is no region {text(region)!r}; {hint}")
        longest = longest_bucket(text(region))
        if bucket and not is_bucket(text(bucket), longest):
            yield Remark(
                registry.spot(bucket),
                f"{text(bucket)!r} cannot begin the name of a bucket, which GDK makes by adding region and "
                f"account: use a-z, 0-9, '-' and '.', at most {longest} of them.",
            )


def _different(project: Workspace) -> Iterator[Remark]:
    for key, is_possible in (("bucket", is_bucket), ("region", regions().__contains__)):
        written = [(registry, child(entry, "publish", key)) for registry, entry, _ in pairs(project)]
        possible = [(registry, value) for registry, value in written if value and is_possible(text(value))]
        usual = Counter(text(value) for _, value in possible).most_common(1)
        for registry, value in possible:
            if text(value) != usual[0][0]:
                yield Remark(
                    registry.spot(value),
                    f"{key} is {text(value)!r} here and {usual[0][0]!r} in other entries: a core may fetch "
                    "artifacts from one bucket, in its own region. Make them agree.",
                )


RULES_OF_PROJECT = (
    Rule("gdk-form", Severity.ERROR, "a key that GDK demands and gdk-config.json lacks", _missing),
    Rule("build-command", Severity.ERROR, "a build command that GDK runs in vain", _commands),
    Rule("publish", Severity.ERROR, "a bucket or region that cannot be", _destinations),
    Rule("publish-differs", Severity.WARNING, "components published to different places", _different),
)
