"""Which program a command of a script runs, and Python's among them. Pure functions."""

import re
from collections.abc import Sequence
from itertools import pairwise

from edge_cli.lint.shell import Command, Word

# Programs that run the one named after them, each with its options that take a word of their own.
_WRAPPERS = {
    "exec": ("-a",), "command": (), "env": ("-u", "-C"), "nohup": (), "setsid": (), "time": (),
    "nice": ("-n",), "ionice": ("-c", "-n"), "timeout": ("-k", "-s"), "stdbuf": ("-i", "-o", "-e"),
    "sudo": ("-u", "-g", "-h", "-p"), "xargs": ("-n", "-I", "-P", "-L"),
}  # fmt: skip
_DURATION = re.compile(r"\d+(?:\.\d+)?[smhd]?")
_NO_WRAPPER = {("command", "-v"), ("command", "-V")}  # they tell where a program is
_PYTHON = re.compile(r"(?:.*/)?python(?:3(?:\.\d+)?)?|\$PYTHON\d*|\$\{PYTHON\d*\}")


def running(command: Command) -> Sequence[Word]:
    """The program that `command` comes to, with its arguments; what hands over to it is left out."""
    words: Sequence[Word] = command.words
    while words and (options := _WRAPPERS.get(base_name(words[0]))) is not None:
        if tuple(word.text for word in words[:2]) in _NO_WRAPPER:
            return words
        words = _without_options(words[1:], options)
    return words


def replaces_the_shell(command: Command) -> bool:
    """Whether it is an `exec` of a program, which leaves no shell behind."""
    is_exec = bool(command.words) and command.words[0].text == "exec" and len(command.words) > 1
    return is_exec and "|" not in (command.before, command.after) and not command.nested


def base_name(word: Word) -> str:
    """The program's name without its folder."""
    return word.text.rpartition("/")[2]


def python_module(words: Sequence[Word]) -> Word | None:
    """What follows `-m` when `words` run Python; None when they run anything else, or a file."""
    if not words or not _PYTHON.fullmatch(words[0].text):
        return None
    for option, argument in pairwise(words[1:]):
        if option.text == "-m" or re.fullmatch(r"-[bBdEhiIOqsSuvx]+m", option.text):
            return argument
        if not option.text.startswith("-"):
            return None
    return None


def _without_options(words: Sequence[Word], with_argument: Sequence[str]) -> Sequence[Word]:
    rest = list(words)
    while rest:
        text = rest[0].text
        if text in with_argument:
            del rest[:2]
        elif text.startswith("-") or "=" in text or _DURATION.fullmatch(text):
            del rest[0]
        else:
            break
    return rest
