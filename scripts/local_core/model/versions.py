"""Component versions and the ranges that dependencies ask for: the gateway to `semantic_version`.

Owns what a version is, which versions a requirement allows and which of several is newest. The classic
nucleus reads npm ranges (component-common `DependencyProperties`: `Requirement.buildNPM`). Lite compares one
version at a time (`ggl-semver/semver.c`): `>=`, `>`, `<=`, `<`, `=` or nothing before it, joined by single
spaces. Pure functions and values; no I/O.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from semantic_version import NpmSpec, Version

from local_core.errors import CoreError
from local_core.settings import Flavor

# component-common `ComponentRecipe`: COMPONENT_VERSION_LENGTH and COMPONENT_MAX_VERSION_NUMBER.
MAX_VERSION_LENGTH = 64
MAX_VERSION_NUMBER = 999_999

_EXAMPLE = "write for example '>=1.0.0 <2.0.0', which both nuclei read"
_LITE_COMPARATOR = re.compile(r"(>=|<=|>|<|=|)([0-9].*)")
_COMPARISONS: Mapping[str, Callable[[Version, Version], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
    "": operator.eq,
}
# The nucleus's parser (semver4j) tolerates spaces after an operator; NpmSpec would read two comparators.
_SPACE_AFTER_OPERATOR = re.compile(r"(>=|<=|>|<|=|\^|~) ")


class VersionError(CoreError):
    """A version or a version requirement that the nucleus cannot read; the text names it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a dependency accepts, e.g. `>=2.6.0 <3.0.0`; made by `parse_requirement`.

    Attributes:
        text: As written in the recipe; it is what errors name.
        flavor: The nucleus that reads it.
    """

    text: str
    flavor: Flavor
    _accepts: Callable[[Version], bool] = field(repr=False, compare=False)

    def allows(self, version: str) -> bool:
        """Whether `version` will do.

        On classic a pre-release will do only where the requirement names a pre-release of the same
        major.minor.patch (the npm rule).

        Raises:
            VersionError: `version` is none.
        """
        return self._accepts(_parse(version))

    def newest_of(self, versions: Iterable[str]) -> str | None:
        """The newest of `versions` that will do; None when none does."""
        return newest(version for version in versions if self.allows(version))

    def __str__(self) -> str:
        return self.text


def check_version(text: str) -> None:
    """Refuse what is not a component version.

    Raises:
        VersionError: Not semantic versioning 2.0.0, too long, or with a number of more than six digits.
    """
    if len(text) > MAX_VERSION_LENGTH:
        raise VersionError(f"{text!r} is longer than {MAX_VERSION_LENGTH} characters; shorten it")
    version = _parse(text)
    if max(version.major, version.minor, version.patch) > MAX_VERSION_NUMBER:
        raise VersionError(f"{text!r} has a number of more than six digits; at most {MAX_VERSION_NUMBER}")


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
        raise VersionError(f"the version requirement {text!r} is empty; {_EXAMPLE}")
    if flavor is Flavor.LITE:
        comparators = [_lite_comparator(token, text) for token in text.split(" ")]
        return Requirement(text, flavor, lambda version: all(holds(version) for holds in comparators))
    try:
        spec = NpmSpec(_SPACE_AFTER_OPERATOR.sub(r"\1", " ".join(text.split())))
    except ValueError:
        raise VersionError(f"the version requirement {text!r} is not an npm range; {_EXAMPLE}") from None
    return Requirement(text, flavor, spec.match)


def _parse(text: str) -> Version:
    try:
        return Version(text)
    except ValueError:
        raise VersionError(f"{text!r} is not a semantic version; write three numbers, e.g. '1.0.0'") from None


def _lite_comparator(token: str, requirement: str) -> Callable[[Version], bool]:
    match = _LITE_COMPARATOR.fullmatch(token)
    if match is None:
        raise VersionError(
            f"the version requirement {requirement!r} fails on Lite, which cannot read {token!r}: it takes "
            f"only >= > <= < = and exact versions, joined by single spaces; {_EXAMPLE}"
        )
    compare, bound = _COMPARISONS[match[1]], _parse(match[2])
    return lambda version: compare(version, bound)
