"""All rules, in the order in which `edge lint --rules` shows them."""

from collections.abc import Sequence

from edge_cli.lint import (
    artifacts,
    cloud_access,
    dependencies,
    deployment_file,
    environment,
    gdk_config,
    gdk_form,
    grants,
    identity,
    manifests,
    operations,
    placeholders,
    platforms,
    policies,
    program,
    resources,
    scripts,
    secrets,
    settings,
    variables,
    version_ranges,
)
from edge_cli.lint.finding import Rule
from edge_cli.lint.reader import READER_RULES, ReaderRule
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.workspace import Workspace

RECIPE_RULES: tuple[Rule[RecipeFile], ...] = (
    *identity.RULES,
    *platforms.RULES,
    *manifests.RULES,
    *artifacts.RULES,
    *dependencies.RULES,
    *version_ranges.RULES,
    *program.RULES,
    *scripts.RULES,
    *variables.RULES,
    *environment.RULES,
    *policies.RULES,
    *operations.RULES,
    *resources.RULES,
    *grants.RULES,
    *settings.RULES,
    *placeholders.RULES,
    *secrets.RULES,
)
# Rules that need several recipes at once.
RULES_ACROSS: tuple[Rule[Sequence[RecipeFile]], ...] = policies.RULES_ACROSS
PROJECT_RULES: tuple[Rule[Workspace], ...] = (
    *identity.RULES_OF_PROJECT,
    *gdk_config.RULES_OF_PROJECT,
    *gdk_form.RULES_OF_PROJECT,
    *manifests.RULES_OF_PROJECT,
    *dependencies.RULES_OF_PROJECT,
    *version_ranges.RULES_OF_PROJECT,
    *deployment_file.RULES_OF_PROJECT,
    *cloud_access.RULES_OF_PROJECT,
)

AnyRule = Rule[RecipeFile] | Rule[Sequence[RecipeFile]] | Rule[Workspace] | ReaderRule
ALL: tuple[AnyRule, ...] = (*READER_RULES, *RECIPE_RULES, *RULES_ACROSS, *PROJECT_RULES)
