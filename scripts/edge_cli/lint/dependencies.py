"""Rules of ComponentDependencies, held against what the code needs."""

import re
from collections.abc import Iterator

from edge_cli.lint.code import CREDENTIALS
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, text

_BOUNDED = re.compile(r"<|(?:^|\s)=?\d|\^|~")


def _missing(recipe: RecipeFile) -> Iterator[Remark]:
    needed = recipe.code.dependencies if recipe.code else {}
    for name, where in needed.items():
        if child(recipe.root, "ComponentDependencies", name) is None:
            yield Remark(
                recipe.key_spot("ComponentDependencies"),
                f"{where} needs {name}, which is no dependency: nobody starts it then, and what the code "
                "asks of it is not there. Add it, HARD, with a VersionRequirement.",
            )


def _unneeded(recipe: RecipeFile) -> Iterator[Remark]:
    unneeded = child(recipe.root, "ComponentDependencies", CREDENTIALS)
    if recipe.code and unneeded and CREDENTIALS not in recipe.code.dependencies:
        yield Remark(
            recipe.spot(unneeded),
            f"nothing in {_package(recipe)} uses AWS credentials: {CREDENTIALS} opens them to this component "
            "and must be installed for it. Remove it.",
        )


def _soft(recipe: RecipeFile) -> Iterator[Remark]:
    credentials = child(recipe.root, "ComponentDependencies", CREDENTIALS)
    kind = child(credentials, "DependencyType")
    if text(kind).upper() == "SOFT":
        yield Remark(
            recipe.spot(kind),
            f"{CREDENTIALS} is a SOFT dependency: the component may start before it, and is then never given "
            "the address of its credentials. Write HARD.",
        )


def _open_ended(recipe: RecipeFile) -> Iterator[Remark]:
    for name, dependency in entries(child(recipe.root, "ComponentDependencies")).items():
        requirement = child(dependency, "VersionRequirement")
        if requirement and not _BOUNDED.search(text(requirement)) and text(requirement).startswith(">"):
            yield Remark(
                recipe.spot(requirement),
                f"{name} may be of any later version, the next major one too: a deployment takes the newest. "
                "Add a bound, e.g. '>=2.0.0 <3.0.0'.",
            )


def _package(recipe: RecipeFile) -> str:
    return recipe.component.package if recipe.component else recipe.name


RULES = (
    Rule("dependency-missing", Severity.ERROR, "a dependency that the code needs is not there", _missing),
    Rule("dependency-unneeded", Severity.ERROR, "TokenExchangeService without a use of it", _unneeded),
    Rule("dependency-soft", Severity.ERROR, "TokenExchangeService that is not HARD", _soft),
    Rule("open-range", Severity.WARNING, "a version range without an upper bound", _open_ended),
)
