"""Rules of version ranges: whether any version is in one, and whether the project's own is."""

import re
from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, text
from edge_cli.lint.workspace import Workspace
from local_core.model.recipe_document import Value
from local_core.model.versions import Requirement, VersionError, parse_requirement

_BOUNDED = re.compile(r"<|(?:^|\s)=?\d|\^|~")
_VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[\w.-]+)?")


def _requirements(recipe: RecipeFile) -> Iterator[tuple[str, Value, Requirement]]:
    """Dependency, value and meaning of each requirement that can be read."""
    for name, dependency in entries(child(recipe.root, "ComponentDependencies")).items():
        written = child(dependency, "VersionRequirement")
        if written is not None and text(written):
            try:
                yield name, written, parse_requirement(text(written))
            except VersionError:
                continue  # the reader's fault


def _open_ended(recipe: RecipeFile) -> Iterator[Remark]:
    for name, written, _ in _requirements(recipe):
        if not _BOUNDED.search(text(written)) and text(written).startswith(">"):
            yield Remark(
                recipe.spot(written),
                f"{name} may be of any later version, the next major one too: a deployment takes the newest. "
                "Add a bound, e.g. '>=2.0.0 <3.0.0'.",
            )


def _empty(recipe: RecipeFile) -> Iterator[Remark]:
    for name, written, requirement in _requirements(recipe):
        if not any(map(requirement.allows, _around_bounds(text(written)))):
            yield Remark(
                recipe.spot(written),
                f"no version of {name} is in {text(written)}: every deployment fails. Correct the bounds.",
            )


def _around_bounds(requirement: str) -> Iterator[str]:
    """Versions of which one is in `requirement` when any is: its bounds, and the next ones after each."""
    yield "0.0.0"
    for found in _VERSION.finditer(requirement):
        major, minor, patch = (int(number or 0) for number in found.groups()[:3])
        yield f"{major}.{minor}.{patch}{found[4] or ''}"
        yield from (f"{major}.{minor}.{patch + 1}", f"{major}.{minor + 1}.0", f"{major + 1}.0.0")
        yield f"{major}.{minor}.{patch}"


def _without_ours(project: Workspace) -> Iterator[Remark]:
    versions = {recipe.name: recipe.version for recipe in project.recipes}
    for recipe in project.recipes:
        for name, written, requirement in _requirements(recipe):
            try:
                is_met = name not in versions or requirement.allows(versions[name])
            except VersionError:
                continue  # the other recipe's fault
            if not is_met:
                yield Remark(
                    recipe.spot(written),
                    f"{name} is {versions[name]} in this project, which {text(written)} leaves out: what is "
                    "built here cannot be deployed together. Correct the range.",
                )


RULES = (
    Rule("open-range", Severity.WARNING, "a version range without an upper bound", _open_ended),
    Rule("empty-range", Severity.ERROR, "a version range that no version is in", _empty),
)
RULES_OF_PROJECT = (
    Rule("range-without-ours", Severity.ERROR, "a range that leaves out the project's own", _without_ours),
)
