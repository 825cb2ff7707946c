"""All rules, in the order in which `edge lint --rules` shows them."""

from collections.abc import Sequence

from edge_cli.lint import (
    artifacts,
    dependencies,
    environment,
    grants,
    identity,
    manifests,
    operations,
    policies,
    registry,
    resources,
    scripts,
    secrets,
    settings,
    variables,
)
from edge_cli.lint.finding import Rule
from edge_cli.lint.reader import READER_RULES, ReaderRule
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.workspace import Workspace

RECIPE_RULES: tuple[Rule[RecipeFile], ...] = (
    *identity.RULES,
    *manifests.RULES,
    *artifacts.RULES,
    *dependencies.RULES,
    *scripts.RULES,
    *variables.RULES,
    *environment.RULES,
    *policies.RULES,
    *operations.RULES,
    *resources.RULES,
    *grants.RULES,
    *settings.RULES,
    *secrets.RULES,
)
# Rules that need several recipes at once.
RULES_ACROSS: tuple[Rule[Sequence[RecipeFile]], ...] = policies.RULES_ACROSS
PROJECT_RULES: tuple[Rule[Workspace], ...] = (
    *identity.RULES_OF_PROJECT,
    *registry.RULES_OF_PROJECT,
    *manifests.RULES_OF_PROJECT,
)

AnyRule = Rule[RecipeFile] | Rule[Sequence[RecipeFile]] | Rule[Workspace] | ReaderRule
ALL: tuple[AnyRule, ...] = (*READER_RULES, *RECIPE_RULES, *RULES_ACROSS, *PROJECT_RULES)
