"""Which Pythons a build starts, which a board has, and the build line that fits it.

An artifact holds compiled libraries: it runs on the one CPython and processor that it was built for.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from edge_cli.device.board import Board
from edge_cli.errors import CommandError
from edge_cli.project import NAME_PREFIX
from edge_cli.targets import Architecture, PythonVersion

_NAMED = re.compile(r"\bpython3\.\d+\b")
# The nucleus is a service: it finds what lies in the system's folders, whoever logs in.
_PROBE = (
    'PATH="$PATH:/usr/local/bin:/usr/bin:/bin"; for name; do printf "%s " "$name"; "$name" -c '
    '"import struct, sys; print(*sys.version_info[:2], 8 * struct.calcsize(chr(80)))" 2>/dev/null || echo; '
    "done"
)
_ANSWER = re.compile(r"^(?P<name>\S+) (?P<major>\d+) (?P<minor>\d+) 64$", re.MULTILINE)
_PLAIN = "python3"


def named_in(recipe: Mapping[str, Any], machine: str) -> set[str]:
    """The programs `python3.N` that a recipe starts on a processor.

    Args:
        recipe: The document.
        machine: As `uname -m` has it.

    >>> named_in({"Manifests": [{"Lifecycle": {"run": {"Script": "exec python3.12 -u -m x"}}}]}, "aarch64")
    {'python3.12'}
    """
    in_recipes = Architecture(machine).in_recipes if machine in set(Architecture) else None
    return {
        name
        for manifest in recipe.get("Manifests") or []
        if (manifest.get("Platform") or {}).get("architecture") in {None, "*", in_recipes}
        for name in _NAMED.findall(str(manifest.get("Lifecycle")))
    }


def found_on(board: Board, wanted: Iterable[str]) -> dict[str, str]:
    """The Pythons of a board, those wanted and those that can be built for: program -> version.

    Raises:
        NoAnswerError: The board is not reached.
    """
    names = sorted({*wanted, _PLAIN, *(f"python{one}" for one in PythonVersion)})
    ended = board.run(["sh", "-c", _PROBE, "sh", *names])
    return {one["name"]: f"{one['major']}.{one['minor']}" for one in _ANSWER.finditer(ended.stdout)}


def fitting(found: Mapping[str, str]) -> PythonVersion | None:
    """The Python to build for: the system's own, else the oldest that there is; None where none will do.

    >>> fitting({"python3": "3.12", "python3.12": "3.12", "python3.13": "3.13"})
    <PythonVersion.PY312: '3.12'>
    """
    usable = [found.get(_PLAIN), *sorted(found.values(), key=_in_order)]
    return next((PythonVersion(one) for one in usable if one in set(PythonVersion)), None)


def build_line(names: Sequence[str], machine: str, found: Mapping[str, str]) -> str:
    """What builds components so that they run there.

    Args:
        names: Their Greengrass names.
        machine: As `uname -m` has it.
        found: As `found_on` gives it.
    """
    python = fitting(found)
    spaces = sorted({name.rpartition(".")[0] for name in names} - {NAME_PREFIX.rstrip(".")})
    words = ["scripts/edge build", *(name.rpartition(".")[2] for name in names)]
    words += [f"--namespace {space}" for space in spaces]
    words += [f"--python {python}"] if python else []
    return " ".join([*words, f"--arch {machine}"])


def refuse_missing(board: Board, wanted: Mapping[str, Collection[str]], found: Mapping[str, str]) -> None:
    """Refuse components whose Python a board does not have.

    Args:
        board: Which.
        wanted: Component -> the programs that its recipe starts there.
        found: As `found_on` gives it.

    Raises:
        CommandError: Some have none; the text says what the board has and what to build.
    """
    lacking = {name: gone for name, programs in wanted.items() if (gone := {*programs} - {*found})}
    if not lacking:
        return
    missing = " ".join(sorted(set().union(*lacking.values())))
    there = describe(found)
    remedy = f"Build for it: {build_line(sorted(lacking), board.machine, found)}"
    if fitting(found) is None:
        oldest = next(iter(PythonVersion))
        remedy = f"Components need Python {oldest} or later: on the board, sudo apt install {missing}"
    raise CommandError(
        f"{', '.join(sorted(lacking))} was built for {missing}, and {board.name} has {there}. {remedy}"
    )


def describe(found: Mapping[str, str]) -> str:
    """What a board has, in a few words.

    >>> describe({"python3": "3.12", "python3.12": "3.12"}), describe({})
    ('Python 3.12', 'no Python 3 of 64 bits')
    """
    versions = sorted(set(found.values()), key=_in_order)
    return f"Python {' and '.join(versions)}" if versions else "no Python 3 of 64 bits"


def _in_order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
