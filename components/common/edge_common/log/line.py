"""How one log event becomes one line of text that a person reads and a program can take apart.

Owns the form `LEVEL event key=value …`; pure, no I/O, no threads. Whatever a value holds (line breaks, escape
sequences, line separators of Unicode, direction overrides, halves of surrogate pairs), the result is one line
of printable characters, so nobody who sends a message can forge a line.
"""

import enum
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from types import NoneType
from typing import Any

MAX_VALUE_CHARACTERS = 400  # of one value: a flood of long payloads must not fill the disk
_MILLION = 1e6  # from here on six digits would be shown with an exponent: 1.23457e+06
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(level: str, event: str, fields: Mapping[str, object], redact: Callable[[str], str]) -> str:
    """One line without its line break.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        event: a fixed word.
        fields: key -> value, in the order they are shown.
        redact: takes secrets out of a text; called on every value before it is cut and escaped.
    """
    shown = " ".join(
        f"{escape(key)}={_quoted(_capped(redact(_text(value))))}" for key, value in fields.items()
    )
    return f"{level} {_quoted(event)} {shown}".rstrip()


def escape(text: str) -> str:
    r"""Replace every character that is not printable by its escape sequence.

    >>> print(escape("a\nb\x1b[31m\u2028"))
    a\nb\x1b[31m\u2028
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004  one byte


# What a person would call a value, by its type; the first that fits counts.
_WORDING: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (enum.Enum, lambda value: str(value.value)),
    (str, str),
    ((bool, NoneType), json.dumps),
    (float, lambda value: f"{value:.6g}" if not _MILLION <= abs(value) < _MILLION**2 else f"{value:.0f}"),
    ((bytes, bytearray), lambda value: value.decode("utf-8", "backslashreplace")),
    (datetime, datetime.isoformat),
    ((Mapping, list, tuple), lambda value: json.dumps(value, ensure_ascii=False, default=str)),
    (BaseException, lambda value: f"{type(value).__name__}: {value}"),
    (object, str),
)


def _text(value: object) -> str:
    return next(wording(value) for kind, wording in _WORDING if isinstance(value, kind))


def _capped(text: str) -> str:
    if len(text) <= MAX_VALUE_CHARACTERS:
        return text
    return f"{text[:MAX_VALUE_CHARACTERS]}…(+{len(text) - MAX_VALUE_CHARACTERS} characters)"


def _quoted(text: str) -> str:
    """As it is when it is one plain word, in quotes otherwise: in single ones where that spares escapes."""
    if text and text.isprintable() and not any(character in " \"'=\\" for character in text):
        return text
    if '"' in text and text.isprintable() and not any(character in "'\\" for character in text):
        return f"'{text}'"  # JSON stays JSON to its reader
    escaped = escape(text.replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{escaped}"'
