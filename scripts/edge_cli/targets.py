"""What an artifact is built for: a processor architecture and a Python. Pure; no I/O."""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge_cli.errors import CommandError

# glibc 2.28: few wheels ask for a later one, and Debian 11 and 12 (2.36) and Ubuntu 22.04 have one.
_LIBC = "manylinux_2_28"


class Architecture(StrEnum):
    """Processor, in the words of `uname -m` and of wheels."""

    AARCH64 = "aarch64"
    X86_64 = "x86_64"

    @property
    def in_recipes(self) -> str:
        """What the nucleus calls it (PlatformResolver of the classic one, `ggl-recipe` of Lite)."""
        return {"aarch64": "aarch64", "x86_64": "amd64"}[self.value]


class PythonVersion(StrEnum):
    """The Pythons that components run on."""

    PY311 = "3.11"
    PY312 = "3.12"
    PY313 = "3.13"
    PY314 = "3.14"

    @property
    def minor(self) -> int:
        """N of `python3.N`."""
        return int(self.value.removeprefix("3."))


DEVICE_PYTHON = PythonVersion.PY311  # Debian 12's, which boards run


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One kind of machine.

    Attributes:
        architecture: Its processor.
        python: Its CPython.
    """

    architecture: Architecture
    python: PythonVersion

    @property
    def tag(self) -> str:
        """Its part of an artifact's file name, e.g. `cp311-aarch64`."""
        return f"cp3{self.python.minor}-{self.architecture}"

    @property
    def wheel_platform(self) -> str:
        """Which wheels fit, as uv's `--python-platform` has it."""
        return f"{self.architecture}-{_LIBC}"

    @property
    def interpreter(self) -> str:
        """The program that a recipe starts."""
        return f"python{self.python}"

    def __str__(self) -> str:
        return f"{self.architecture}, Python {self.python}"


def this_machine() -> Target:
    """The machine that this runs on, with the Python that runs this.

    Raises:
        CommandError: Nothing can be built for such a one.
    """
    try:
        return Target(
            Architecture(platform.machine().lower().replace("arm64", "aarch64")),
            PythonVersion(f"3.{sys.version_info.minor}"),
        )
    except ValueError as error:
        raise CommandError(
            f"Components cannot be built for this machine: {error}. Say for which: --arch, --python"
        ) from None


def choose(
    architectures: Sequence[Architecture], python: PythonVersion | None, here: Target | None = None
) -> tuple[Target, ...]:
    """What to build for.

    Args:
        architectures: What was asked for; empty means aarch64, the device's, and that of this machine.
        python: What was asked for; None means the device's, but on this machine's own architecture the
            Python that is here, so that what was built runs here too.
        here: This machine; None means to look.

    Raises:
        CommandError: It depends on this machine, and nothing can be built for such a one.

    >>> laptop = Target(Architecture.X86_64, PythonVersion.PY313)
    >>> [str(target) for target in choose([], None, laptop)]
    ['aarch64, Python 3.11', 'x86_64, Python 3.13']
    >>> [str(target) for target in choose([], PythonVersion.PY312, laptop)]
    ['aarch64, Python 3.12', 'x86_64, Python 3.12']
    """
    if architectures and python:
        return tuple(Target(architecture, python) for architecture in dict.fromkeys(architectures))
    here = here or this_machine()
    wanted = dict.fromkeys(architectures or sorted({Architecture.AARCH64, here.architecture}))
    own = {here.architecture: here.python}
    return tuple(
        Target(architecture, python or own.get(architecture, DEVICE_PYTHON)) for architecture in wanted
    )
