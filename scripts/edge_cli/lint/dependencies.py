"""Rules of ComponentDependencies, held against what the code needs."""

from collections.abc import Iterator

from edge_cli.lint.amazon import COMPONENTS, LIKENESS_OF_OURS, misspelt
from edge_cli.lint.code import CREDENTIALS
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, text
from edge_cli.lint.workspace import Workspace


def _missing(recipe: RecipeFile) -> Iterator[Remark]:
    needed = recipe.code.dependencies if recipe.code else {}
    for name, where in needed.items():
        written = entries(child(recipe.root, "ComponentDependencies"))
        if name not in written and not any(misspelt(each, (name,)) for each in written):
            yield Remark(
                recipe.key_spot("ComponentDependencies"),
                f"{where} needs {name}, which is not a dependency: the nucleus does not start it, and "
                "what the "
                "code asks of it is missing. Add it, HARD, with a VersionRequirement.",
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


def _misspelt(recipe: RecipeFile) -> Iterator[Remark]:
    for name, dependency in entries(child(recipe.root, "ComponentDependencies")).items():
        if known := misspelt(name, COMPONENTS):
            yield Remark(recipe.spot(dependency), _said(name, known))


def _misspelt_ours(project: Workspace) -> Iterator[Remark]:
    ours = [recipe.name for recipe in project.recipes]
    for recipe in project.recipes:
        for name, dependency in entries(child(recipe.root, "ComponentDependencies")).items():
            if known := misspelt(name, ours, LIKENESS_OF_OURS):
                yield Remark(recipe.spot(dependency), _said(name, known))


def _said(name: str, known: str) -> str:
    return f"there is no {name}: every deployment fails, because no version of it exists. Write {known}."


def _package(recipe: RecipeFile) -> str:
    return recipe.component.package if recipe.component else recipe.name


RULES = (
    Rule("dependency-missing", Severity.ERROR, "a dependency that the code needs is not there", _missing),
    Rule("dependency-unneeded", Severity.ERROR, "TokenExchangeService without a use of it", _unneeded),
    Rule("dependency-soft", Severity.ERROR, "TokenExchangeService that is not HARD", _soft),
    Rule("dependency-misspelt", Severity.ERROR, "a misspelt component of Amazon's", _misspelt),
)
RULES_OF_PROJECT = (
    Rule("dependency-of-nobody", Severity.ERROR, "a misspelt component of this project", _misspelt_ours),
)
