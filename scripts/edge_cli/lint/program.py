"""Rules of the program that a component is: whether it is started at all, and found."""

import re
from collections.abc import Iterator, Sequence

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.programs import python_module, replaces_the_shell, running
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.shell import Command
from edge_cli.lint.steps import Step, steps_of
from edge_cli.lint.values import child, entries, environment, lifecycle, lifecycles, manifests, nearest, text
from local_core.model.recipe_document import Value
from local_core.model.recipe_model import PHASES

_SEARCHED = "PYTHONPATH"
_UNPACKED = "{artifacts:decompressedPath}"
_STARTING = ("run", "startup")
_UNPINNED = re.compile(r"(?:.*/)?python3?")
_PINNED = re.compile(r"(?:.*/)?python3\.\d+")
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")


def _unpinned(recipe: RecipeFile) -> Iterator[Remark]:
    advice = (
        "the libraries in the artifact are for one minor version, and on another one they fail with "
        "'undefined symbol'. Name it, e.g. python3.11."
    )
    for step in recipe.steps:
        for words in map(running, step.script.commands):
            if words and _UNPINNED.fullmatch(words[0].text):
                said = f"runs {words[0].text}, whichever version that is on the device: {advice}"
                yield Remark(recipe.spot_in(step.value, words[0].start), said)
    for part in lifecycles(recipe.root):
        for name, value in environment(part):
            if _UNPINNED.fullmatch(text(value)):
                yield Remark(
                    recipe.spot(value),
                    f"{name} is {value.content}, whichever version that is on the device: {advice}",
                )


def _written_out(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps if recipe.component else ():
        if step.phase not in _STARTING:
            continue
        for words in map(running, step.script.commands):
            if words and _PINNED.fullmatch(words[0].text) and python_module(words):
                yield Remark(
                    recipe.spot_in(step.value, words[0].start),
                    f"{step.phase} names {words[0].text}: `edge build --python` puts another one into "
                    "Setenv.PYTHON alone, and this one would get its libraries. Write $PYTHON.",
                )


def _without_exec(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps:
        ended = [command for command in step.script.commands if command.words and not command.nested]
        in_background = any(command.after == "&" for command in ended)  # a fault of its own
        if step.phase != "run" or not ended or in_background or _leaves_no_shell(ended):
            continue
        yield Remark(
            recipe.spot_in(step.value, ended[-1].words[0].start),
            "run leaves a shell between the nucleus and the program: SIGTERM then reaches the shell "
            "first, and SIGKILL follows 5 s later. Begin the last command with `exec`.",
        )


def _leaves_no_shell(commands: Sequence[Command]) -> bool:
    """Whether the last command takes the shell's place, or one before it does whatever happens."""
    always = [command for command in commands if command.before in ("", ";", "\n")]
    return any(map(replaces_the_shell, (commands[-1], *always)))


def _starts_nothing(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root):
        part = lifecycle(recipe.root, manifest)
        for step in steps_of(part):
            if step.phase in _STARTING and not step.script.commands:
                yield Remark(
                    recipe.spot(step.value),
                    f"{step.phase} has no command in it: the component is FINISHED immediately, and the "
                    "deployment succeeds. Write the command.",
                )
        keys = [key.lower() for key in entries(part)]
        if recipe.component and not any(key in _STARTING or key not in (*PHASES, "setenv") for key in keys):
            yield Remark(
                recipe.spot(part or manifest),
                "there is no run: the component is FINISHED immediately, and the deployment succeeds. Add "
                f"run: {{Script: exec $PYTHON -u -m {recipe.component.package}}}.",
            )


def _started(recipe: RecipeFile) -> Iterator[tuple[Value, Step, Command]]:
    """Every command of a run or startup of ours, with its lifecycle, when that has a Setenv at all."""
    for manifest in manifests(recipe.root) if recipe.component else ():
        part = lifecycle(recipe.root, manifest)
        for step in steps_of(part):
            for command in step.script.commands if part and step.phase in _STARTING else ():
                if part is not None and command.words and child(part, "Setenv"):
                    yield part, step, command


def _other_module(recipe: RecipeFile) -> Iterator[Remark]:
    package = recipe.component.package if recipe.component else ""
    for _, step, command in _started(recipe):
        module = python_module(running(command))
        is_last = command is step.script.commands[-1] or replaces_the_shell(command)
        if module and is_last and module.text.partition(".")[0] != package:
            yield Remark(
                recipe.spot_in(step.value, module.start),
                f"-m {module.text} is not in the artifact of {package}: 'No module named' on every device, "
                f"three times, and the component is BROKEN. Write -m {package}.",
            )


def _not_found(recipe: RecipeFile) -> Iterator[Remark]:
    package = recipe.component.package if recipe.component else ""
    for part, step, command in _started(recipe):
        module = python_module(running(command))
        given = dict(environment(part))
        searched = given.get(_SEARCHED)
        if module is None or f"{_UNPACKED}/" in step.text or f"{_SEARCHED}=" in step.text:
            continue
        wanted = f'{_SEARCHED}: "{_UNPACKED}/{package}"'
        if searched is None:
            close = nearest(_SEARCHED, [name for name in given if name != "PYTHON"], otherwise=" ")
            like = close if close.strip() else ""
            yield Remark(
                recipe.spot(given[like.split("'")[1]] if like else part),
                f"Setenv has no {_SEARCHED}: Python looks for {module.text} in the work folder, where it is "
                f"not, and the component is BROKEN on every device. Write {wanted}.",
            )
        elif text(searched).rstrip("/") == _UNPACKED:
            yield Remark(
                recipe.spot(searched),
                f"{_SEARCHED} is the folder in which each archive has a folder of its own: Python does not "
                f"find {module.text} there, on no device. Write {wanted}.",
            )


def _unset(recipe: RecipeFile) -> Iterator[Remark]:
    for part, step, command in _started(recipe):
        words = running(command)
        variable = _VARIABLE.fullmatch(words[0].text) if words else None
        name = (variable[1] or variable[2]) if variable else ""
        if name and name not in dict(environment(part)) and not re.search(rf"\b{name}=", step.text):
            yield Remark(
                recipe.spot_in(step.value, words[0].start),
                f"{step.phase} runs ${name}, which neither Setenv nor the script sets: it is replaced by "
                f"nothing, and the next word is taken for the program. Add {name} to Setenv.",
            )


RULES = (
    Rule("python-unpinned", Severity.ERROR, "python3 without its minor version", _unpinned),
    Rule(
        "python-literal", Severity.WARNING, "python3.N in a script of ours instead of $PYTHON", _written_out
    ),
    Rule("no-exec", Severity.WARNING, "a run script that does not end in `exec`", _without_exec),
    Rule("starts-nothing", Severity.ERROR, "no run in a recipe of ours, or an empty one", _starts_nothing),
    Rule("module-misnamed", Severity.ERROR, "-m with what is not the component's package", _other_module),
    Rule("python-path", Severity.ERROR, "a PYTHONPATH that does not lead to the package", _not_found),
    Rule("program-unset", Severity.ERROR, "a program named by a variable that nothing sets", _unset),
)
