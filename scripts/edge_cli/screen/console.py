"""What a person sees: lines, tables and spinners; nothing but JSON under `--json`.

One Screen for each command, used by the command's main thread only. rich is imported when something is drawn.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Screen:
    """Writes a command's results to stdout.

    Args:
        as_json: Results are JSON documents, one on a line; everything else is left out.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @cached_property
    def console(self) -> "Console":
        """The console of rich on stdout: colours on a terminal without NO_COLOR; no guessing at words."""
        from rich.console import Console  # noqa: PLC0415  `--json` and errors never pay for rich

        console = Console(highlight=False, soft_wrap=False)
        if not console.is_terminal:
            # Lines in a file or a pipe are as long as they are; only people have a right-hand edge.
            console.width = 4096
        return console

    @property
    def is_terminal(self) -> bool:
        """Somebody watches: progress may move."""
        return not self.as_json and self.console.is_terminal

    def show(self, document: Any, view: "Callable[[], RenderableType]") -> None:
        """The command's result: `document` for programs, what `view` draws for people."""
        if self.as_json:
            self.emit(document)
        elif self.is_terminal:
            self.console.print(view())
        else:
            with self.console.capture() as drawn:
                self.console.print(view())
            for line in drawn.get().splitlines():
                self.write(line.rstrip())

    def tell(self, document: Any, sentence: str) -> None:
        """The command's result when a sentence says it all; the sentence is plain text, not markup."""
        if self.as_json:
            self.emit(document)
        else:
            self.write(sentence)

    def say(self, sentence: str) -> None:
        """A line of the result for people; plain text, not markup."""
        if not self.as_json:
            self.write(sentence)

    def note(self, sentence: str) -> None:
        """Something beside the result, for people only; on stderr, so that a pipe holds results alone."""
        if not self.as_json:
            sys.stderr.write(sentence + "\n")
            sys.stderr.flush()

    def emit(self, document: Any) -> None:
        """One JSON document on a line of its own, at once."""
        self.write(json.dumps(document, ensure_ascii=False))

    def write(self, line: str) -> None:
        """One line exactly as it is, at once: a JSON document or somebody else's text."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    @contextmanager
    def working(self, text: str) -> Iterator[Callable[[str], None]]:
        """Shows that something takes a while: a spinner on a terminal, nothing in a pipe.

        Yields:
            To be called with how far it is: the spinner's new text on a terminal, a note in a pipe.
        """
        if not self.is_terminal:
            yield self.note
            return
        with self.console.status(text, spinner="dots", spinner_style="cyan") as status:
            yield status.update

    def mark(self, kind: str) -> str:
        """A sign and its colour, in markup: `ok`, `warn`, `fail` or `off`; letters where UTF-8 is missing."""
        pretty, plain, style = {
            "ok": ("✓", "+", "green"),
            "warn": ("!", "!", "yellow"),
            "fail": ("✗", "x", "red"),
            "off": ("○", "o", "yellow"),
            "on": ("●", "*", "green"),
        }[kind]
        encoding = (self.console.encoding or "").lower()
        return f"[{style}]{pretty if encoding.startswith('utf') else plain}[/]"
