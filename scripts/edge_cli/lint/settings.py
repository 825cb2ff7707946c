"""Rules of DefaultConfiguration, held against the component's configuration model."""

import json
from collections.abc import Iterator

from edge_cli.errors import CommandError
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, items, text, walk
from edge_cli.project import Component
from edge_cli.readme_tables import config_model
from edge_common.config import CONFIG_VARIABLE, THING_VARIABLE, ComponentConfig, load_config, settings_table
from edge_common.errors import ConfigError
from local_core.model.recipe_document import Value

_SETTINGS = "/settings"
_SOME_THING = "thing"


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
    required = _required(recipe.component)
    for fault in _faults(recipe.component, recipe.settings):
        pointer, _, why = fault.partition(": ")
        deepest = _at(recipe.settings, pointer)
        if pointer.removeprefix(f"{_SETTINGS}/") in required and text(deepest) == "":
            continue  # only a deployment can say it
        yield Remark(recipe.spot(deepest), f"the component does not start with this: {pointer}: {why}")


def _unlisted(recipe: RecipeFile) -> Iterator[Remark]:
    if recipe.component is None:
        return
    for name in _model(recipe.component).model_fields:
        if recipe.settings is not None and child(recipe.settings, name) is None:
            yield Remark(
                recipe.spot(recipe.settings),
                f"the setting {name!r} of {recipe.component.package} is not here: nobody who reads the "
                "recipe learns of it. Add it with the model's default.",
            )


def _model(component: Component) -> type[ComponentConfig]:
    try:
        return config_model(component)
    except (ImportError, AttributeError) as error:
        raise CommandError(
            f"{component.package} has no configuration model that can be imported: {error}. "
            "Its settings cannot be checked: give it one, as `NameConfig` in config.py."
        ) from None


def _required(component: Component) -> set[str]:
    return {row.key for row in settings_table(_model(component)) if not row.default}


def _faults(component: Component, settings: Value) -> Iterator[str]:
    environment = {CONFIG_VARIABLE: json.dumps(settings.plain()), THING_VARIABLE: _SOME_THING}
    try:
        load_config(_model(component), environment)
    except ConfigError as error:
        yield from error.faults


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
