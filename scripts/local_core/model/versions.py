"""Component versions and the ranges that dependencies ask for: the gateway to `semantic_version`.

Owns what a version is, which versions a requirement allows and which of several is newest. The classic nucleus
reads npm ranges (component-common `DependencyProperties`: `Requirement.buildNPM`); Lite compares one version at
a time (`ggl-semver/semver.c`): `>=`, `>`, `<=`, `<`, `=` or nothing before it, joined by single spaces.
Pure functions and values; no I/O.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from semantic_version import NpmSpec, Version

from local_core.errors import CoreError
from local_core.settings import Flavor

# component-common `ComponentRecipe`: COMPONENT_VERSION_LENGTH and COMPONENT_MAX_VERSION_NUMBER.
MAX_VERSION_LENGTH = 64
MAX_VERSION_NUMBER = 999_999

_LITE_COMPARATOR = re.compile(r"(>=|<=|>|<|=|)([0-9].*)")
# The nucleus's parser (semver4j) tolerates a space after an operator; NpmSpec takes it for two comparators.
_SPACE_AFTER_OPERATOR = re.compile(r"(>=|<=|>|<|=|\^|~)\s+")


class VersionError(CoreError):
    """A version or a version requirement that the nucleus cannot read; the text names it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a dependency accepts, e.g. `>=2.6.0 <3.0.0`; made by `parse_requirement`.

    Attributes:
        text: As written in the recipe; it is what errors name.
        allows: Takes a version's text, says whether the requirement accepts it. A pre-release is accepted only
            by a requirement that names a pre-release of the same major.minor.patch (the npm rule).
    """

    text: str
    allows: Callable[[str], bool]

    def newest_of(self, versions: Iterable[str]) -> str | None:
        """The newest of `versions` that this requirement accepts; None when it accepts none."""
        return newest(version for version in versions if self.allows(version))

    def __str__(self) -> str:
        return self.text


def check_version(text: str) -> None:
    """Refuse what is not a component version.

    Raises:
        VersionError: Not semantic versioning 2.0.0, longer than 64 characters, or a number above six digits.
    """
    if len(text) > MAX_VERSION_LENGTH:
        raise VersionError(f"{text!r} is longer than {MAX_VERSION_LENGTH} characters")
    version = _parse(text)
    if max(version.major, version.minor, version.patch) > MAX_VERSION_NUMBER:
        raise VersionError(f"{text!r} has a number of more than six digits")


def newest(versions: Iterable[str]) -> str | None:
    """The newest of `versions` by semantic versioning; None when there is none.

    Raises:
        VersionError: One of them is not a version.
    """
    return max(versions, key=_parse, default=None)


def parse_requirement(text: str, flavor: Flavor = Flavor.CLASSIC) -> Requirement:
    """The requirement that `text` stands for on this nucleus.

    Raises:
        VersionError: This nucleus cannot read it; the text names the requirement and what to write.
    """
    if not text.strip():
        raise VersionError("the version requirement is empty; write for example '>=1.0.0 <2.0.0'")
    if flavor is Flavor.LITE:
        return Requirement(
            text, partial(_all_hold, [_lite_comparator(token, text) for token in text.split(" ")])
        )
    try:
        spec = NpmSpec(_SPACE_AFTER_OPERATOR.sub(r"\1", text.strip()))
    except ValueError:
        raise VersionError(
            f"{text!r} is not an npm version range; write for example '>=1.0.0 <2.0.0', which both nuclei read"
        ) from None
    return Requirement(text, lambda version: bool(spec.match(_parse(version))))


def _parse(text: str) -> Version:
    try:
        return Version(text)
    except ValueError:
        raise VersionError(
            f"{text!r} is not a semantic version; write three numbers, for example '1.0.0'"
        ) from None


def _lite_comparator(token: str, requirement: str) -> Callable[[Version], bool]:
    match = _LITE_COMPARATOR.fullmatch(token)
    if match is None:
        raise VersionError(
            f"{requirement!r}: Lite cannot read {token!r}; it takes only >= > <= < = and exact versions, "
            "joined by single spaces: write for example '>=1.0.0 <2.0.0'"
        )
    operator, bound = match[1], _parse(match[2])
    comparisons: dict[str, Callable[[Version], bool]] = {
        ">=": lambda version: bool(version >= bound),
        ">": lambda version: bool(version > bound),
        "<=": lambda version: bool(version <= bound),
        "<": lambda version: bool(version < bound),
    }
    return comparisons.get(operator, lambda version: bool(version == bound))


def _all_hold(comparators: list[Callable[[Version], bool]], version: str) -> bool:
    parsed = _parse(version)
    return all(holds(parsed) for holds in comparators)
