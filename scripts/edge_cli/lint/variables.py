"""Rules of `{…}` in what a nucleus interpolates: scripts, Setenv and Skipif.

The classic nucleus leaves what it does not know as it stands and logs an error; Lite cuts the text off there
and runs the rest, and says nothing.
"""

import re
from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import interpolated, lifecycles, nearest
from local_core.model.json_pointer import JsonPointerError, look_up
from local_core.model.recipe_document import Value

# KernelConfigResolver.java of the classic nucleus; `configuration` is resolved by pointer.
_SYSTEM = ("artifacts:path", "artifacts:decompressedPath", "work:path", "kernel:rootPath", "iot:thingName")
_CONFIGURATION = "configuration"
_SHELL = re.compile(r"\$\{[^}\s]*\}?")
# As the classic nucleus matches them: its own variables, and those of another component with a third part.
_OWN = re.compile(r"\{([.\w-]+):([^:{}]*)\}", re.ASCII)
_FOREIGN = re.compile(r"\{([.\w-]+):([.\w-]+):([^:{}]*)\}", re.ASCII)
_BRACES = re.compile(r"\{[^{}\n]{0,30}\}?")
_LITE_CUTS = "Lite cuts the text off there, and runs what is left of it"


def _texts(recipe: RecipeFile) -> Iterator[tuple[Value, str]]:
    for lifecycle in lifecycles(recipe.root):
        for value in interpolated(lifecycle):
            yield value, str(value.content)


def _without(pattern: re.Pattern[str], text: str) -> str:
    """`text` with as many characters that mean nothing where `pattern` matches."""
    return pattern.sub(lambda found: "\0" * len(found[0]), text)


def _shell_variables(recipe: RecipeFile) -> Iterator[Remark]:
    for value, text in _texts(recipe):
        for found in _SHELL.finditer(text):
            name = found[0].strip("${}").partition(":")[0] or "NAME"
            yield Remark(
                recipe.spot_in(value, found.start()),
                f"{found[0]}: {_LITE_CUTS}. Write ${name}, without braces.",
            )


def _other_braces(recipe: RecipeFile) -> Iterator[Remark]:
    for value, text in _texts(recipe):
        rest = _without(_OWN, _without(_FOREIGN, _without(_SHELL, text)))
        told = -1
        for found in _BRACES.finditer(rest):
            line = rest.count("\n", 0, found.start())
            if line == told:
                continue  # the first of a line is the one that cuts it off
            told = line
            yield Remark(
                recipe.spot_in(value, found.start()),
                f"the braces of `{found[0].replace(chr(0), '…')}` are no recipe variable: {_LITE_CUTS}. "
                "Keep functions, JSON and awk in a file of the artifact.",
            )


def _unknown(recipe: RecipeFile) -> Iterator[Remark]:
    for value, text in _texts(recipe):
        for found in _OWN.finditer(_without(_SHELL, text)):
            name = f"{found[1]}:{found[2]}"
            if name not in _SYSTEM and found[1] != _CONFIGURATION:
                yield Remark(
                    recipe.spot_in(value, found.start()),
                    f"no nucleus knows {found[0]}: the classic one leaves it as it stands, and {_LITE_CUTS}; "
                    f"{nearest(name, (*_SYSTEM, _CONFIGURATION + ':/'))}",
                )


def _foreign(recipe: RecipeFile) -> Iterator[Remark]:
    for value, text in _texts(recipe):
        for found in _FOREIGN.finditer(text):
            yield Remark(
                recipe.spot_in(value, found.start()),
                f"{found[0]} is of another component: {_LITE_CUTS}. Hand the value over in this component's "
                "own configuration.",
            )


def _configuration(recipe: RecipeFile) -> Iterator[Remark]:
    defaults = recipe.default_configuration
    plain = defaults.plain() if defaults else {}
    for value, text in _texts(recipe):
        for found in _OWN.finditer(text):
            if found[1] != _CONFIGURATION:
                continue
            try:
                look_up(plain, found[2])
            except JsonPointerError:
                there = [f"/{key}" for key in plain] if isinstance(plain, dict) else []
                yield Remark(
                    recipe.spot_in(value, found.start()),
                    f"DefaultConfiguration has nothing at {found[2] or 'that pointer'}: {found[0]} stays as "
                    f"it is, and no nucleus fails; "
                    f"{nearest(found[2], there, 'write a pointer, e.g. /settings')}",
                )


RULES = (
    Rule("shell-braces", Severity.ERROR, "${VAR}, at which Lite cuts a script off", _shell_variables),
    Rule("braces", Severity.ERROR, "other braces at which Lite cuts a script off", _other_braces),
    Rule("unknown-variable", Severity.ERROR, "a recipe variable that does not exist", _unknown),
    Rule("foreign-variable", Severity.ERROR, "a variable of another component: not on Lite", _foreign),
    Rule(
        "empty-variable",
        Severity.ERROR,
        "{configuration:…} that points at nothing in DefaultConfiguration",
        _configuration,
    ),
)
