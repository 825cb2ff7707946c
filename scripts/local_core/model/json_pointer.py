"""JSON pointers (RFC 6901) as recipes and deployments use them. Pure functions."""

from typing import Any


class JsonPointerError(Exception):
    """A pointer that cannot be read, or that points at nothing; the text names it."""


def split_pointer(pointer: str) -> list[str]:
    """The keys of `pointer`; none for the whole document.

    Raises:
        JsonPointerError: Neither empty nor beginning with `/`.
    """
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise JsonPointerError(f"the JSON pointer {pointer!r} must be empty or begin with '/'")
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer[1:].split("/")]


def look_up(document: Any, pointer: str) -> Any:
    """What `pointer` points at in `document`; keys are compared exactly, list items counted from 0.

    Raises:
        JsonPointerError: The pointer cannot be read, or nothing is there.
    """
    found = document
    for key in split_pointer(pointer):
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise JsonPointerError(f"nothing is at {pointer!r}")
    return found
