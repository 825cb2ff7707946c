"""Resources of an accessControl policy: which are valid, and what each matches.

The rules of the classic nucleus (AuthorizationModule.validateResource, WildcardTrie). Pure functions.

    *       any run of characters, `/` included
    ${*}    the character itself, so ${?} and ${$}; `${` with anything else is invalid, and so is a bare `?`
    # and + only for MQTT: wildcards where MQTT would allow them, elsewhere the characters themselves
"""

import re

_ESCAPABLE = "*?$"
_ESCAPE_CHARACTERS = len("${*}")
_ANY = ".*"
_ONE_LEVEL = "[^/]*"  # a `/` or the end follows: it can match in one way only


class ResourceError(ValueError):
    """A resource that the nucleus drops from its policy; the text is the nucleus's own."""


def matcher(resources: list[str], *, mqtt: bool) -> re.Pattern[str]:
    """One expression for all resources of an operation; use its `fullmatch`.

    Args:
        resources: Resources as the policy has them; none matches nothing.
        mqtt: True where `#` and `+` are wildcards.

    Raises:
        ResourceError: One of them is invalid.
    """
    alternatives = "|".join(f"(?:{_expression(resource, mqtt=mqtt)})" for resource in resources)
    return re.compile(alternatives or r"(?!)", re.DOTALL)


def check_resource(resource: str) -> None:
    """Refuse what the nucleus refuses.

    Raises:
        ResourceError: The resource is empty, has a bare `?` or an unknown escape sequence.
    """
    if not resource:
        raise ResourceError("Resource cannot be empty")
    position = 0
    while position < len(resource):
        if resource.startswith("${", position):
            _check_escape(resource, position)
            position += _ESCAPE_CHARACTERS
            continue
        if resource[position] == "?":
            raise ResourceError(
                "Resource contains invalid character: '?'. Use an escape sequence: ${?}. "
                "The '?' character isn't supported as a wildcard"
            )
        position += 1


def _check_escape(resource: str, position: int) -> None:
    if resource[position + 3 : position + _ESCAPE_CHARACTERS] != "}":
        raise ResourceError("Resource contains an invalid escape sequence. You can use ${*}, ${$}, or ${?}")
    escaped = resource[position + 2]
    if escaped not in _ESCAPABLE:
        raise ResourceError(
            f"Resource contains an invalid escape sequence: ${{{escaped}}}. "
            "You can use ${*}, ${$}, or ${?}"
        )


def _expression(resource: str, *, mqtt: bool) -> str:
    """The expression of one resource; what it takes to match grows with resource and asked text, no faster.

    As in fnmatch: what stands between two stars is found at its first place and never again (an atomic
    group), for whatever matches from a later place on also matches from there. Only after the last star is
    every place tried.
    """
    check_resource(resource)
    if mqtt and resource == "#":
        return _ANY
    first, *others = _between_stars(resource, mqtt=mqtt)
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>.*?{part})" for part in middle if part) + _ANY + last


def _between_stars(resource: str, *, mqtt: bool) -> list[str]:
    """One expression for each part of a valid resource that the stars divide it into."""
    parts: list[str] = []
    pieces: list[str] = []
    position = 0
    while position < len(resource):
        character = resource[position]
        if resource.startswith("${", position):
            pieces.append(re.escape(resource[position + 2]))
            position += _ESCAPE_CHARACTERS
            continue
        if character == "*":
            parts.append("".join(pieces))
            pieces = []
        elif mqtt and character == "+" and _is_whole_level(resource, position):
            pieces.append(_ONE_LEVEL)
        elif mqtt and character == "#" and position == len(resource) - 1 and resource[position - 1] == "/":
            pieces[-1] = "(?:/.*)?"  # the level before `/#` matches too
        else:
            pieces.append(re.escape(character))
        position += 1
    return [*parts, "".join(pieces)]


def _is_whole_level(resource: str, position: int) -> bool:
    begins = position == 0 or resource[position - 1] == "/"
    ends = position == len(resource) - 1 or resource[position + 1] == "/"
    return begins and ends
