"""Rules of DefaultConfiguration, held against the component's configuration model."""

from collections.abc import Iterator

from edge_cli import settings_check
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, items, walk
from local_core.model.recipe_document import Value

_SETTINGS = f"/{settings_check.SETTINGS}"


def _typed(recipe: RecipeFile) -> Iterator[Remark]:
    for key, value in walk(recipe.default_configuration):
        if not isinstance(value.content, bool | int | float):
            continue
        is_bool = isinstance(value.content, bool)
        written = str(value.content).lower() if is_bool else str(value.content)
        classic = "hands it over as a truth value" if is_bool else "may hand it over as a float"
        yield Remark(
            recipe.spot(value),
            f"{key} is the bare value {written}: the classic nucleus {classic}, Lite as text. "
            f'Write "{written}", the same on both; the component reads it as what it is.',
        )


def _refused(recipe: RecipeFile) -> Iterator[Remark]:
    if recipe.component is None or recipe.settings is None:
        return
    settings = recipe.settings.plain()
    for fault in settings_check.refused(recipe.component, settings):
        pointer, _, why = fault.partition(": ")
        if settings_check.is_left_to_deployment(recipe.component, pointer, settings):
            continue
        where = recipe.spot(_at(recipe.settings, pointer))
        yield Remark(where, f"the component does not start with this: {pointer}: {why}")


def _unlisted(recipe: RecipeFile) -> Iterator[Remark]:
    if recipe.component is None:
        return
    for name in settings_check.model_of(recipe.component).model_fields:
        if recipe.settings is not None and child(recipe.settings, name) is None:
            yield Remark(
                recipe.spot(recipe.settings),
                f"the setting {name!r} of {recipe.component.package} is not here: a reader of the recipe "
                "does not see it. Add it with the model's default.",
            )


def _at(settings: Value, pointer: str) -> Value:
    """The deepest value on the way of `pointer`."""
    found = settings
    for step in pointer.removeprefix(_SETTINGS).strip("/").split("/"):
        below = entries(found).get(step)
        if below is None and step.isdecimal() and int(step) < len(items(found)):
            below = items(found)[int(step)]
        if below is None:
            return found
        found = below
    return found


RULES = (
    Rule("bare-value", Severity.ERROR, "a number or truth value in DefaultConfiguration", _typed),
    Rule("settings-refused", Severity.ERROR, "settings that the component's model refuses", _refused),
    Rule("setting-unlisted", Severity.ERROR, "a setting of the model that the recipe leaves out", _unlisted),
)
