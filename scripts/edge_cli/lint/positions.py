"""Where in a file a character of a value stands: values know only the line of their key. Pure functions.

Goes through the value and what is written side by side: what differs is indentation, folded lines and
escapes, in any style of YAML, and in JSON.
"""

import re

from local_core.model.recipe_document import Place

_BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:#[^\n]*)?\n")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)"
)
_CONTINUED = re.compile(r"\\\n[ \t]*")
_WHITE = re.compile(r"\s+")
_WHITE_OR_ESCAPED = re.compile(r"(?:\s|\\[nt ])+")


def index_of(source: str, place: Place, content: str, offset: int) -> int | None:
    """Where `content[offset]` stands in `source`.

    Args:
        source: The whole file.
        place: Of the value, which is an entry of a mapping.
        content: The value, a text.
        offset: In it.

    Returns:
        Its index; None when the value is not found as an entry that begins in its line.
    """
    begin = 0
    for _ in range(place.line - 1):
        begin = source.find("\n", begin) + 1
    end = source.find("\n", begin)
    key = re.compile(rf"{re.escape(place.path.rpartition('.')[2])}[\"']?\s*:[ \t]*\n?[ \t]*")
    for entry in key.finditer(source, begin, end + 1 if end >= 0 else len(source)):
        white = _WHITE.match(source, entry.end())
        found = _aligned(source, white.end() if white else entry.end(), content, offset)
        if found is not None:
            return found
    return None


def _aligned(source: str, at: int, content: str, offset: int) -> int | None:
    """Where `content[offset]` stands when `content` is written from `at` on; None when it is not."""
    quote = ""
    if block := _BLOCK.match(source, at):
        at = block.end()
    elif source[at : at + 1] in ("'", '"'):
        quote, at = source[at], at + 1
    white_there = _WHITE_OR_ESCAPED if quote == '"' else _WHITE
    told, found = 0, None
    while told < len(content):
        at = _before_the_next(source, at, content[told], quote)
        if told >= offset and found is None:
            found = at
        if (white := _WHITE.match(content, told)) and (there := white_there.match(source, at)):
            at, told = there.end(), white.end()
            continue
        written = _written(source, at, quote)
        is_escape = quote == '"' and written.startswith("\\")
        if not is_escape and written[:1] != content[told]:
            return (
                found if not content[told:].strip() else None
            )  # a block ends its last line, a file need not
        at, told = at + len(written), told + 1
    return found


def _before_the_next(source: str, at: int, wanted: str, quote: str) -> int:
    """Past what stands for nothing: indentation, and a line's end that is escaped."""
    if quote == '"' and (continued := _CONTINUED.match(source, at)):
        at = continued.end()
    if not wanted.isspace() and (white := _WHITE.match(source, at)):
        at = white.end()
    return at


def _written(source: str, at: int, quote: str) -> str:
    """What is written for one character."""
    if quote == '"' and (escape := _ESCAPE.match(source, at)):
        return escape[0]
    return "''" if quote == "'" and source.startswith("''", at) else source[at : at + 1]
