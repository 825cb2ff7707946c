"""What a recipe says, after every rule has been checked: frozen values, no parsing and no I/O.

`local_core.model.recipe` makes them; deployments and component processes read them. Scripts, conditions and
environment values are still as written: `local_core.model.interpolation` replaces their variables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from local_core.errors import RecipeError
from local_core.model import platforms
from local_core.model.versions import Requirement
from local_core.settings import Flavor

# Seconds that a phase may take when its recipe does not say; None = for ever.
# Sources: Lifecycle.java; GenericExternalService.java for bootstrap.
DEFAULT_TIMEOUT_S: Mapping[str, float | None] = {
    "bootstrap": 120,
    "install": 120,
    "startup": 120,
    "run": None,
    "shutdown": 15,
    "recover": 60,
    "uninstall": 120,
}
PHASES = tuple(DEFAULT_TIMEOUT_S)

# GenericExternalService.shouldSkip; the `!` is understood by the code and missing in the guide.
_SKIP_CONDITION = re.compile(r"(!?)\s*(exists|onpath) +(.+)", re.DOTALL)


class DependencyType(StrEnum):
    """Whether a component is restarted with what it depends on."""

    HARD = "HARD"
    SOFT = "SOFT"


class Unarchive(StrEnum):
    """What is done with an artifact once it has arrived."""

    NONE = "NONE"
    ZIP = "ZIP"


class Access(StrEnum):
    """Who may read or execute an artifact's files: nobody, the component's user, everyone."""

    NONE = "NONE"
    OWNER = "OWNER"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class SkipCondition:
    """A `Skipif`, taken apart: the phase is skipped when it holds.

    Attributes:
        check: `exists` (argument is a path) or `onpath` (argument is a command).
        argument: Interpolated when the text it was parsed from was.
        negated: True when the phase is skipped if the check fails.
    """

    check: str
    argument: str
    negated: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `text` apart.

        Raises:
            ValueError: Not `[!]exists PATH` or `[!]onpath COMMAND`.
        """
        match = _SKIP_CONDITION.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not '[!]exists PATH' or '[!]onpath COMMAND'")
        return cls(check=match[2], argument=match[3], negated=bool(match[1]))


@dataclass(frozen=True, slots=True)
class Phase:
    """One lifecycle step.

    Attributes:
        name: One of `PHASES`.
        script: Given to `sh -c`; may hold recipe variables.
        timeout_s: Seconds it may take; None = for ever.
        skip_if: The text of a `SkipCondition`; None = never skipped. May hold recipe variables: interpolate,
            then parse.
        requires_privilege: Runs as root on a device.
        setenv: Environment of this step alone; it overrides the lifecycle's.
    """

    name: str
    script: str
    timeout_s: float | None
    skip_if: str | None = None
    requires_privilege: bool = False
    setenv: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The steps of one manifest; `setenv` is the environment of all of them."""

    setenv: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, Phase] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Permission:
    """Access to an artifact's files; the defaults are the nucleus's (component-common `Permission`)."""

    read: Access = Access.OWNER
    execute: Access = Access.NONE


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a manifest needs. Its URI is never interpolated."""

    uri: str
    unarchive: Unarchive = Unarchive.NONE
    permission: Permission = Permission()

    @property
    def file_name(self) -> str:
        """The name by which a local deployment finds the file: the last part of the URI."""
        return self.uri.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one kind of machine gets.

    Attributes:
        platform: Attribute -> exact value, `/regular expression/` or `*`; empty is every machine (classic).
        lifecycle: The manifest's own when it has one, else what its selections leave of the global one.
        artifacts: In the order of the recipe.
        name: For people; None when the recipe does not give one.
    """

    platform: Mapping[str, str]
    lifecycle: Lifecycle
    artifacts: tuple[Artifact, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another component that must be there, in a version that `requirement` allows."""

    name: str
    requirement: Requirement
    type: DependencyType = DependencyType.HARD


@dataclass(frozen=True, slots=True)
class Recipe:
    """One version of one component.

    Attributes:
        origin: The file it was read from, for messages.
        flavor: The nucleus whose rules it was read by.
        default_configuration: JSON object, uninterpolated; do not change it, copy it.
    """

    name: str
    version: str
    origin: str
    flavor: Flavor
    manifests: tuple[Manifest, ...]
    publisher: str = ""
    description: str = ""
    dependencies: tuple[Dependency, ...] = ()
    default_configuration: dict[str, Any] = field(default_factory=dict)

    def manifest_for(self, platform: Mapping[str, str]) -> Manifest:
        """The first manifest that is for the machine `platform` describes (`platforms.current_platform`).

        Raises:
            RecipeError: None of them is.
        """
        for manifest in self.manifests:
            if platforms.matches(manifest.platform, platform, self.flavor):
                return manifest
        wanted = "; ".join(_describe(manifest.platform) for manifest in self.manifests)
        hint = " Lite needs runtime '*' in every manifest's Platform." if self.flavor is Flavor.LITE else ""
        raise RecipeError(
            f"{self.origin}: no manifest of {self.name} {self.version} is for this machine "
            f"({_describe(platform)}); they ask for: {wanted}. Add a manifest whose Platform matches.{hint}"
        )


def _describe(platform: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in platform.items()) or "any platform"
