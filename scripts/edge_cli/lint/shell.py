"""A script of a recipe as `sh` reads it: its commands, each word with where it stands. Pure functions.

Knows quotes, comments, continued lines, here-documents, substitutions and arithmetic, so that a rule sees
what runs and nothing else. Expands nothing. Source: POSIX.1-2017, "Shell Command Language", 2.2 to 2.10.
Text that no shell takes is read as far as it goes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_BLANK = re.compile(r"(?:[ \t]|\\\n)+")
_OPERATOR = re.compile(r"&&|\|\||;;|\|&?|[&;()\n]")
_REDIRECTION = re.compile(r"\d*(?:<<<|<<-?|>>|[<>]\(|[<>]&|<>|>\||[<>])|&>>?")
_ENDS_A_WORD = " \t\n;&|<>()"
_COMPOUND = frozenset(
    {"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac", "!", "{", "}"}
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_ARITHMETIC = re.compile(r"\$\(\((?:[^()]|\([^()]*\))*\)\)")
_SHELLS = ("sh", "dash")
# What Debian's /bin/sh, dash, does not know, or reads as something else.
_OF_BASH = ("|&", "&>", "&>>", "<<<", "<(", ">(")


@dataclass(frozen=True, slots=True)
class Word:
    """A word without its quotes.

    Attributes:
        text: What it says.
        start: Where it begins in the script.
        quoted: Whether any of it stands in quotes.
    """

    text: str
    start: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command; what makes it part of an `if` or a loop is left out, as are redirections.

    Attributes:
        words: The program and its arguments; empty for assignments alone, and for the end of a group.
        assignments: `NAME=value` before them.
        before: The operator that precedes it; empty at the beginning.
        after: The operator that ends it; empty at the end.
        end: Where that stands.
        nested: It is in a substitution: its output is used.
    """

    words: tuple[Word, ...]
    assignments: tuple[Word, ...] = ()
    before: str = ""
    after: str = ""
    end: int = 0
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """What a script consists of.

    Attributes:
        commands: In the order in which they begin to run.
        of_bash: Operators that only bash has.
    """

    commands: Sequence[Command]
    of_bash: Sequence[Word]


def read_script(text: str) -> Script:
    """The commands of `text`, with those of `sh -c '…'` in it.

    >>> [[word.text for word in command.words] for command in read_script("a 'b & c' && d # e").commands]
    [['a', 'b & c'], ['d']]
    """
    reader = _Reader(text)
    reader.read(0)
    return Script(list(_with_inner(reader.commands, text)), reader.of_bash)


def _with_inner(commands: Sequence[Command], text: str) -> Iterator[Command]:
    for command in commands:
        yield command
        words = [word.text for word in command.words]
        shell = next((index for index, word in enumerate(words) if word.rpartition("/")[2] in _SHELLS), None)
        if shell is None or words[shell + 1 : shell + 2] != ["-c"] or len(words) < shell + 3:
            continue
        inner = command.words[shell + 2]
        offset = inner.start + 1
        if text[offset : offset + len(inner.text)] == inner.text:  # nothing in it is escaped
            yield from (_moved(each, offset) for each in read_script(inner.text).commands)


def _moved(command: Command, offset: int) -> Command:
    words, assignments = (
        tuple(replace(word, start=word.start + offset) for word in group)
        for group in (command.words, command.assignments)
    )
    return replace(command, words=words, assignments=assignments, end=command.end + offset)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._here_documents: list[str] = []
        self.commands: list[Command] = []
        self.of_bash: list[Word] = []

    def read(self, at: int, *, nested: bool = False) -> int:
        """Read commands from `at` to the end, or to the `)` that ends a substitution; where that is."""
        words: list[Word] = []
        before, depth = "", 0
        while at < len(self._text):
            if blank := _BLANK.match(self._text, at):
                at = blank.end()
            elif self._text[at] == "#":
                at = self._end_of_line(at)
            elif redirection := _REDIRECTION.match(self._text, at):
                at = self._redirection(redirection)
            elif operator := _OPERATOR.match(self._text, at):
                if operator[0] == ")" and nested and depth == 0:
                    break
                depth += {"(": 1, ")": -1}.get(operator[0], 0)
                self._finish(words, before, operator[0], at, nested=nested)
                words, before = [], operator[0]
                at = self._after(operator)
            else:
                word, at = self._word(at)
                words.append(word)
        self._finish(words, before, "", min(at, len(self._text)), nested=nested)
        return at

    def _finish(self, words: list[Word], before: str, after: str, end: int, *, nested: bool) -> None:
        while words and words[0].text in _COMPOUND and not words[0].quoted:
            words = words[1:]
        count = next((n for n, word in enumerate(words) if not _ASSIGNMENT.match(word.text)), len(words))
        if words or after == "&":
            assignments, rest = tuple(words[:count]), tuple(words[count:])
            self.commands.append(Command(rest, assignments, before, after, end, nested))

    def _after(self, operator: re.Match[str]) -> int:
        if operator[0] in _OF_BASH:
            self.of_bash.append(Word(operator[0], operator.start()))
        if operator[0] != "\n":
            return operator.end()
        at = operator.end()
        while self._here_documents:
            limit = self._here_documents.pop(0)
            end = re.compile(rf"^\t*{re.escape(limit)}$", re.MULTILINE).search(self._text, at)
            at = end.end() if end else len(self._text)
        return at

    def _redirection(self, found: re.Match[str]) -> int:
        sign = found[0].lstrip("0123456789")
        if sign in _OF_BASH:
            self.of_bash.append(Word(sign, found.start()))
        if sign.endswith("("):
            return self.read(found.end(), nested=True) + 1
        blank = _BLANK.match(self._text, found.end())
        target, at = self._word(blank.end() if blank else found.end())
        if sign in ("<<", "<<-"):
            self._here_documents.append(target.text)
        return at

    def _word(self, start: int) -> tuple[Word, int]:
        text, at, quoted = "", start, False
        while at < len(self._text) and self._text[at] not in _ENDS_A_WORD:
            quoted = quoted or self._text[at] in "'\"\\"
            if self._text[at] == '"':
                at += 1
                while at < len(self._text) and self._text[at] != '"':
                    part, at = self._part(at)
                    text += part
                at += 1
            elif self._text[at] == "'":
                end = self._find("'", at + 1)
                text += self._text[at + 1 : end]
                at = end + 1
            else:
                part, at = self._part(at)
                text += part
        return Word(text, start, quoted), max(at, start)

    def _part(self, at: int) -> tuple[str, int]:
        """One character of a word, or a whole substitution as it stands."""
        if arithmetic := _ARITHMETIC.match(self._text, at):
            return arithmetic[0], arithmetic.end()
        if self._text.startswith("$(", at):
            end = self.read(at + 2, nested=True) + 1
        elif self._text.startswith("${", at):
            end = self._find("}", at) + 1
        elif self._text[at] == "`":
            end = self._find("`", at + 1) + 1
            self._in_backquotes(at + 1, end - 1)
        elif self._text[at] == "\\":
            escaped = self._text[at + 1 : at + 2]
            return ("" if escaped == "\n" else escaped), at + 2
        else:
            end = at + 1
        return self._text[at:end], end

    def _in_backquotes(self, start: int, end: int) -> None:
        inner = read_script(self._text[start:end])
        self.commands += [replace(_moved(each, start), nested=True) for each in inner.commands]

    def _find(self, what: str, at: int) -> int:
        found = self._text.find(what, at)
        return found if found >= 0 else len(self._text)

    def _end_of_line(self, at: int) -> int:
        return self._find("\n", at)
