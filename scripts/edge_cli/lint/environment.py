"""Rules of what a component of this project finds in its environment."""

from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import environment, lifecycle, manifests, text
from edge_common.config import CONFIG_VARIABLE

SETTINGS = "{configuration:/settings}"


def _settings_not_handed_over(recipe: RecipeFile) -> Iterator[Remark]:
    if recipe.component is None:
        return
    for manifest in manifests(recipe.root):
        steps = lifecycle(recipe.root, manifest)
        given = {name: value for name, value in environment(steps) if name == CONFIG_VARIABLE}
        handed = given.get(CONFIG_VARIABLE)
        if text(handed) != SETTINGS:
            said = f"{CONFIG_VARIABLE} is {text(handed)!r}" if handed else f"Setenv has no {CONFIG_VARIABLE}"
            yield Remark(
                recipe.spot(handed or steps or manifest),
                f"{said}: the component would run with its defaults, whatever a deployment says, and not be "
                f'restarted when that changes. Write {CONFIG_VARIABLE}: "{SETTINGS}".',
            )


RULES = (
    Rule(
        "settings-not-handed-over",
        Severity.ERROR,
        f"a component of this project without {CONFIG_VARIABLE} in its Setenv",
        _settings_not_handed_over,
    ),
)
