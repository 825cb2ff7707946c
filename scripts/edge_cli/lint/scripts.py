"""Rules of scripts: what a nucleus runs with `sh -c`, as the component's user, at every start."""

import re
from collections.abc import Iterator, Sequence

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.programs import base_name, python_module, running
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.shell import Word
from edge_cli.lint.steps import Step
from edge_cli.lint.values import lifecycles, walk

_PIP = re.compile(r"pip3?(?:\.\d+)?|pipx|easy_install(?:-\d\S*)?")
# Program -> those of its subcommands that fetch or change packages.
_INSTALLERS = {
    "apt": ("install", "update", "upgrade"), "apt-get": ("install", "update", "upgrade", "dist-upgrade"),
    "dpkg": ("-i", "--install"), "apk": ("add",), "dnf": ("install",), "yum": ("install",),
    "snap": ("install",), "npm": ("install", "ci"), "conda": ("install", "create"),
    "poetry": ("install", "add"), "pdm": ("install", "sync"), "uv": ("pip", "sync", "add", "run"),
}  # fmt: skip
_OF_PYTHON = ("poetry", "pdm", "uv", "conda")
_MODULES = ("ensurepip", "pipx", "uv", "poetry")
_FETCHERS = ("curl", "wget")
_INTERPRETERS = re.compile(r"(?:ba|da)?sh|python[\d.]*|\$PYTHON\d*")
_WORDS_OF_BASH = frozenset(
    {"[[", "source", "function", "pushd", "popd", "declare", "typeset", "shopt", "let", "select"}
)
_CONFIGURATION = re.compile(r"\{(?:[\w.-]+:)?configuration:[^{}]*\}")


def _installs(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps:
        for command in step.script.commands:
            words = running(command)
            if (said := _installation(words)) is None:
                continue
            first, shown = said
            is_python = shown.startswith(("pip", "easy_install")) or shown.split()[0] in (
                *_OF_PYTHON,
                *_MODULES,
            )
            refused = "is refused by Debian's Python (PEP 668)" if is_python else "needs root"
            yield Remark(
                recipe.spot_in(step.value, first.start),
                f"the step {step.phase} has `{shown}`, which {refused}, and is repeated at every start, "
                "network or not. Put the packages into the artifact, as `edge build` does.",
            )


def _installation(words: Sequence[Word]) -> tuple[Word, str] | None:
    """Where an installation begins, and what it is called; None when `words` are none."""
    module = python_module(words)
    if module is not None:
        words = words[words.index(module) :]
    if not words:
        return None
    name, texts = base_name(words[0]), [word.text for word in words[1:]]
    if module is not None and name in _MODULES:
        return words[0], " ".join([name, *texts[:1]])
    if _PIP.fullmatch(name):
        wanted: Sequence[str] = ("install", "download", "wheel") if name.startswith("pip") else texts
    else:
        wanted = _INSTALLERS.get(name, ())
    found = next((text for text in texts if text in wanted), None)
    return (words[0], f"{name} {found}") if found else None


def _runs_what_it_fetches(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps:
        for command, following in zip(step.script.commands, step.script.commands[1:], strict=False):
            words, after = running(command), running(following)
            if command.after in ("|", "|&") and words and after and base_name(words[0]) in _FETCHERS:
                if not _INTERPRETERS.fullmatch(base_name(after[0])):
                    continue
                yield Remark(
                    recipe.spot_in(step.value, words[0].start),
                    f"{step.phase} runs whatever `{base_name(words[0])}` brings, unseen, at every start, and "
                    "nothing when the network is down. Put it into the artifact.",
                )


def _privileged(recipe: RecipeFile) -> Iterator[Remark]:
    for lifecycle in lifecycles(recipe.root):
        for key, value in walk(lifecycle):
            if key.lower() == "requiresprivilege" and str(value.content).lower() == "true":
                yield Remark(
                    recipe.spot(value),
                    "RequiresPrivilege is true: the step runs as root, and a fault in it has root's rights. "
                    "Remove the key; do what needs root when the device is set up.",
                )


def _in_background(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps:
        for command in step.script.commands:
            if command.after == "&":
                yield Remark(
                    recipe.spot_in(step.value, command.end),
                    f"{step.phase} starts something with & and does not wait for it: when that crashes, the "
                    "nucleus does not see it and never starts it anew. Make it a component of its own.",
                )


def _of_bash(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps:
        for word in (*step.script.of_bash, *_words_of_bash(step)):
            yield Remark(
                recipe.spot_in(step.value, word.start),
                f"{step.phase} has `{word.text}`, which is bash's: the nucleus runs scripts with `sh`, which "
                "on Debian is dash and fails there, or does something else. Write what sh knows.",
            )


def _words_of_bash(step: Step) -> Iterator[Word]:
    for command in step.script.commands:
        words = running(command)
        texts = [word.text for word in words]
        if words and words[0].text in _WORDS_OF_BASH and not words[0].quoted:
            yield words[0]
        elif texts[:1] == ["set"] and "pipefail" in texts:
            yield words[texts.index("pipefail")]
        elif texts[:1] in (["["], ["test"]) and "==" in texts:
            yield words[texts.index("==")]


def _configuration_in_script(recipe: RecipeFile) -> Iterator[Remark]:
    for step in recipe.steps:
        if found := _CONFIGURATION.search(step.text):
            yield Remark(
                recipe.spot_in(step.value, found.start()),
                f"{step.phase} has {found[0]} in its text: the value becomes shell code, quotes and $ "
                "included, and a deployment could run anything. Hand it over in Setenv: no shell reads that.",
            )


RULES = (
    Rule("installs-packages", Severity.ERROR, "pip, apt and their like in a script", _installs),
    Rule("runs-download", Severity.ERROR, "curl … | sh in a script", _runs_what_it_fetches),
    Rule("privilege", Severity.ERROR, "RequiresPrivilege: true", _privileged),
    Rule("background", Severity.ERROR, "a script that leaves something behind with &", _in_background),
    Rule("bash", Severity.ERROR, "what only bash knows, in a script for sh: [[, source, &>", _of_bash),
    Rule(
        "configuration-in-script",
        Severity.ERROR,
        "{configuration:…} in a script: shell injection",
        _configuration_in_script,
    ),
)
