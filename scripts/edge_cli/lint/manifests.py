"""Rules of manifests: the first one that matches a machine is taken, and the others never are."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.platforms import meant
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, manifests, text
from edge_cli.lint.workspace import Workspace
from edge_cli.targets import Architecture
from local_core.model.platforms import (
    ANYTHING,
    ARCHITECTURE,
    ARCHITECTURES,
    LITE_RUNTIME,
    RUNTIME,
    as_regex,
    matches,
)
from local_core.model.recipe_document import Value
from local_core.settings import Flavor

_ANY_OF_OLD = ("all", "any")
_KNOWN = (None, ANYTHING, *_ANY_OF_OLD, *ARCHITECTURES)


def _platform(manifest: Value) -> Mapping[str, str]:
    written = entries(child(manifest, "Platform"))
    return {key.lower(): str(value.content) for key, value in written.items()}


def _takes(wanted: str | None, machine: str) -> bool:
    if wanted is None:
        return True
    try:
        return matches({ARCHITECTURE: wanted}, {ARCHITECTURE: machine}, Flavor.CLASSIC)
    except re.error:
        return True  # the reader's fault


def _without_the_device(project: Workspace) -> Iterator[Remark]:
    device = Architecture.AARCH64.in_recipes
    for recipe in project.recipes:
        platforms = [_platform(manifest) for manifest in manifests(recipe.root)]
        wanted = [platform.get(ARCHITECTURE) for platform in platforms]
        taken = [platform for platform in platforms if _takes(platform.get(ARCHITECTURE), device)]
        if any(architecture not in _KNOWN and not as_regex(architecture or "") for architecture in wanted):
            continue  # the reader's fault
        if wanted and not taken:
            yield Remark(
                recipe.key_spot("Manifests"),
                f"no manifest is for {device}, and a deployment to a board fails; they are for "
                f"{', '.join(str(architecture) for architecture in wanted)}. Add one.",
            )
        elif taken and all(platform.get(RUNTIME) == LITE_RUNTIME for platform in taken):
            yield Remark(
                recipe.key_spot("Manifests"),
                f"no manifest is for the classic nucleus on {device}, which defines no runtime: a deployment "
                f"to such a board fails. Write {RUNTIME}: '{ANYTHING}'.",
            )


def _for_no_one_architecture(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root) if recipe.component else ():
        platform = child(manifest, "Platform")
        architecture = child(platform, ARCHITECTURE)
        misspelt = any(meant(key) == ARCHITECTURE for key in entries(platform))
        if misspelt or as_regex(text(architecture)) is not None:
            continue  # told as such
        if text(architecture) in ("", ANYTHING, *_ANY_OF_OLD):
            yield Remark(
                recipe.spot(architecture or platform or manifest),
                "the manifest is for no one architecture, but its artifact is: `edge build` refuses it. "
                "Write a manifest with architecture: aarch64 and one with amd64.",
            )


def _never_taken(recipe: RecipeFile) -> Iterator[Remark]:
    hidden: set[int] = set()
    for first, second in combinations(manifests(recipe.root), 2):
        before, after = _platform(first), _platform(second)
        if second.place.line in hidden:
            continue
        if all(value in (ANYTHING, *_ANY_OF_OLD, after.get(key)) for key, value in before.items()):
            hidden.add(second.place.line)
            yield Remark(
                recipe.spot(second),
                f"never taken: the manifest in line {first.place.line} matches every machine that this one "
                "does, and the first that matches counts. Correct its Platform, or remove one.",
            )


RULES = (
    Rule("manifest-unreachable", Severity.ERROR, "a manifest behind one for all its machines", _never_taken),
    Rule(
        "no-architecture",
        Severity.ERROR,
        "a manifest of ours for no one architecture",
        _for_no_one_architecture,
    ),
)
RULES_OF_PROJECT = (
    Rule(
        "no-aarch64", Severity.ERROR, "a recipe of ours without a manifest for aarch64", _without_the_device
    ),
)
