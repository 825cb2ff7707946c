"""f-strings that only Python 3.12 and later can read (PEP 701). Pure; no I/O.

The parser of such a Python cannot be told to refuse them for an earlier one, as it refuses other new syntax.
"""

import io
import tokenize

# 3.11 has no such tokens: there the parser itself refuses what is looked for here.
_START, _MIDDLE, _END = (getattr(tokenize, f"FSTRING_{part}", None) for part in ("START", "MIDDLE", "END"))


def line_of_later_fstring(source: bytes) -> int | None:
    """Line of the first f-string that Python 3.11 cannot read; None when there is none.

    Args:
        source: Text of a module that the running interpreter can read.
    """
    quotes: list[str] = []  # of the f-strings that a token stands in, the outermost first
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        around = quotes
        if token.type in (_MIDDLE, _END):
            around = quotes[:-1]  # the text of an f-string lies in the expressions around that
        if around and _is_later(token, around):
            return token.start[0]
        if token.type == _START:
            quotes.append(token.string.lstrip("fFrR"))
        elif token.type == _END:
            quotes.pop()
    return None


def _is_later(token: tokenize.TokenInfo, quotes: list[str]) -> bool:
    """Whether a token in an expression is none that 3.11 takes there (its Language Reference, 2.4.3)."""
    ends_line = token.type == tokenize.NL and any(len(quote) == 1 for quote in quotes)
    return (
        ends_line
        or token.type == tokenize.COMMENT
        or "\\" in token.string
        or any(quote in token.string for quote in quotes)
    )
