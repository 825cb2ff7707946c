"""Rules of what was meant to be filled in, and nobody does: it reaches the device as it stands."""

import re
from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.grants import THING_NAME
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, environment, lifecycles, text, walk
from local_core.model.recipe_document import Value

# GDK's; it replaces those of the name, the version and the author by key, and only in builds of its own.
_OF_GDK = r"\{COMPONENT_(?:NAME|VERSION|AUTHOR)\}"
# A variable with a colon in settings is the component's own fault, told by its model.
_NO_THING_NAME = r"\{(?!iot:thingName\})[^{}:]*thing[^{}:]*\}"
_TEMPLATES = r"@[A-Z][A-Z0-9_]+@|<[A-Z][A-Z0-9_-]+>"
_WHOLE = r"^(?:BUCKET_NAME|COMPONENT_NAME|COMPONENT_VERSION|(?:CHANGE|REPLACE)[_-]?(?:ME|THIS))$"
_FIELDS = ("ComponentPublisher", "ComponentDescription")
IN_A_FIELD = re.compile(_OF_GDK)
_IN_A_SCRIPT = re.compile(r"@[A-Z][A-Z0-9_]+@")
_IN_SETENV = re.compile(f"{_TEMPLATES}|{_WHOLE}")  # braces are told there for what Lite makes of them
_IN_SETTINGS = re.compile(rf"{_OF_GDK}|{_TEMPLATES}|{_WHOLE}|\{{\{{[^{{}}]*\}}\}}")
_SOME_THING_NAME = re.compile(_NO_THING_NAME, re.IGNORECASE)


def _left(recipe: RecipeFile) -> Iterator[Remark]:
    for value, pattern in _texts(recipe):
        if found := pattern.search(text(value)):
            yield Remark(
                recipe.spot_in(value, found.start()),
                f"{found[0]} is a placeholder that no step of ours replaces: the device gets it as it "
                "stands. Write the value.",
            )


def _thing_names(recipe: RecipeFile) -> Iterator[Remark]:
    for _, value in walk(recipe.settings if recipe.component else None):
        if found := _SOME_THING_NAME.search(text(value)):
            yield Remark(
                recipe.spot_in(value, found.start()),
                f"{found[0]} is filled in by nobody, and becomes a part of the topic or name as it stands. "
                f"Write {THING_NAME}.",
            )


def _texts(recipe: RecipeFile) -> Iterator[tuple[Value, re.Pattern[str]]]:
    for key in _FIELDS if recipe.component else ():
        if value := child(recipe.root, key):
            yield value, IN_A_FIELD
    for key, value in walk(recipe.default_configuration):
        if key != "policyDescription":
            yield value, _IN_SETTINGS
    for part in lifecycles(recipe.root):
        for _, value in environment(part):
            yield value, _IN_SETENV
    for step in recipe.steps:
        yield step.value, _IN_A_SCRIPT


RULES = (
    Rule("placeholder", Severity.ERROR, "@NAME@, <NAME>, BUCKET_NAME: left for nobody to fill in", _left),
    Rule("thing-name", Severity.ERROR, "{thingName} and its like instead of {iot:thingName}", _thing_names),
)
