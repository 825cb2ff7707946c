"""Rules of scripts: what a nucleus runs with `sh -c`, as the component's user, at every start."""

import re
from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import environment, lifecycles, scripts, walk
from local_core.model.recipe_document import Value

_INSTALLS = re.compile(r"\b(?:pip3?(?:\.\d+)?\s[^\n;&|]*\binstall|apt(?:-get)?\s[^\n;&|]*\binstall)\b")
# A python without its minor version as a command; $PYTHON and python3.11 are none.
_UNPINNED = re.compile(r"(?<![\w.$-])python3?(?![\w.=/-])")
_UNPINNED_VALUE = re.compile(r"(?:.*/)?python3?")
_BACKGROUND = re.compile(r"(?<![&>\\])&(?![&>\d])")
_CONFIGURATION = re.compile(r"\{(?:[\w.-]+:)?configuration:[^{}]*\}")


def _all_scripts(recipe: RecipeFile) -> Iterator[tuple[str, Value, str]]:
    for lifecycle in lifecycles(recipe.root):
        for phase, value in scripts(lifecycle):
            yield phase, value, str(value.content)


def _installs(recipe: RecipeFile) -> Iterator[Remark]:
    for phase, value, script in _all_scripts(recipe):
        if found := _INSTALLS.search(script):
            refused = (
                "is refused by Debian's Python (PEP 668)" if found[0].startswith("pip") else "needs root"
            )
            yield Remark(
                recipe.spot(value, found[0].split()[0]),
                f"the step {phase} has `{found[0]}`, which {refused}, and is repeated at every start, "
                "network or not. Put the packages into the artifact, as `edge build` does.",
            )


def _privileged(recipe: RecipeFile) -> Iterator[Remark]:
    for lifecycle in lifecycles(recipe.root):
        for key, value in walk(lifecycle):
            if key.lower() == "requiresprivilege" and str(value.content).lower() == "true":
                yield Remark(
                    recipe.spot(value),
                    "RequiresPrivilege is true: the step runs as root, and a fault in it is root's. "
                    "Remove the key; what needs root belongs into the device's own set-up.",
                )


def _unpinned(recipe: RecipeFile) -> Iterator[Remark]:
    advice = (
        "the libraries in the artifact are for one minor version, and on another one they fail with "
        "'undefined symbol'. Name it, e.g. python3.11."
    )
    for _, value, script in _all_scripts(recipe):
        if found := _UNPINNED.search(script):
            yield Remark(recipe.spot(value, found[0]), f"runs {found[0]}, whatever that is there: {advice}")
    for lifecycle in lifecycles(recipe.root):
        for name, value in environment(lifecycle):
            if isinstance(value.content, str) and _UNPINNED_VALUE.fullmatch(value.content):
                yield Remark(
                    recipe.spot(value), f"{name} is {value.content}, whatever that is there: {advice}"
                )


def _without_exec(recipe: RecipeFile) -> Iterator[Remark]:
    for phase, value, script in _all_scripts(recipe):
        lines = [line.strip() for line in script.splitlines()]
        commands = [line for line in lines if line and not line.startswith("#")]
        if phase == "run" and commands and not re.search(r"(?:^|[;&|]\s*)exec\s", commands[-1]):
            yield Remark(
                recipe.spot(value, commands[-1]),
                "run leaves a shell between the nucleus and the program: SIGTERM then reaches the shell "
                "first, and SIGKILL follows 5 s later. Begin the last command with `exec`.",
            )


def _in_background(recipe: RecipeFile) -> Iterator[Remark]:
    for phase, value, script in _all_scripts(recipe):
        if _BACKGROUND.search(script):
            yield Remark(
                recipe.spot(value, "&"),
                f"{phase} starts something with & and does not wait for it: when that crashes, the nucleus "
                "does not see it and never starts it anew. Make it a component of its own.",
            )


def _configuration_in_script(recipe: RecipeFile) -> Iterator[Remark]:
    for phase, value, script in _all_scripts(recipe):
        if found := _CONFIGURATION.search(script):
            yield Remark(
                recipe.spot(value, found[0]),
                f"{phase} has {found[0]} in its text: the value becomes shell code, quotes and $ included, "
                "and a deployment could run anything. Hand it over in Setenv, which no shell reads.",
            )


RULES = (
    Rule("installs-packages", Severity.ERROR, "pip or apt install in a script", _installs),
    Rule("privilege", Severity.ERROR, "RequiresPrivilege: true", _privileged),
    Rule("python-unpinned", Severity.ERROR, "python3 without its minor version", _unpinned),
    Rule("no-exec", Severity.WARNING, "a run script that does not end in `exec`", _without_exec),
    Rule("background", Severity.ERROR, "a script that leaves something behind with &", _in_background),
    Rule(
        "configuration-in-script",
        Severity.ERROR,
        "{configuration:…} in a script: shell injection",
        _configuration_in_script,
    ),
)
