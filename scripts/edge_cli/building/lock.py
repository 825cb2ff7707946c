"""What a component's `pyproject.toml` asks for, as `requirements.lock` pins it. Reads those files only."""

import re
import tomllib
from pathlib import Path
from typing import Any

from edge_cli.errors import CommandError

# name[extras], as a requirement begins (the dependency specifiers of packaging.python.org).
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?")
_OURS = "edge-common"
_HOW_TO_LOCK = ".github/CONTRIBUTING.md says how the lock is made"


def read_pyproject(path: Path) -> dict[str, Any]:
    """A `pyproject.toml`.

    Raises:
        CommandError: It is missing or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}. Each component has one.") from None
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{path} is not TOML: {error}.") from None


def pinned(pyprojects: tuple[Path, ...], lock: Path) -> str:
    """The lines of the lock for what some projects name themselves; the lock itself is the constraint.

    Args:
        pyprojects: Of the component and of what it is built on.
        lock: `requirements.lock`.

    Raises:
        CommandError: Something cannot be read, or the lock lacks what a project names.
    """
    entries = _entries(lock)
    lines: dict[str, str] = {}
    for path in pyprojects:
        for requirement in read_pyproject(path).get("project", {}).get("dependencies", []):
            matched = _REQUIREMENT.match(requirement)
            name = normalised(matched[1]) if matched else requirement
            if name == _OURS:
                continue
            if matched is None or name not in entries:
                raise CommandError(f"{lock} lacks {requirement}, which {path} names: {_HOW_TO_LOCK}.")
            lines[name] = (matched[2] or "").join(entries[name])
    return "".join(f"{lines[name]}\n" for name in sorted(lines))


def normalised(name: str) -> str:
    """A distribution's name as the lock writes it (PEP 503).

    >>> normalised("Google_CRC32C")
    'google-crc32c'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _entries(lock: Path) -> dict[str, tuple[str, str]]:
    """Name -> (name as it stands, everything behind it: version, marker, hashes)."""
    entries: dict[str, tuple[str, str]] = {}
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{lock} cannot be read: {error.strerror}; {_HOW_TO_LOCK}.") from None
    for block in re.split(r"\n(?=[^\s#])", text):
        name, separator, rest = block.partition("==")
        if separator:
            entries[normalised(name)] = (name, separator + rest.rstrip())
    return entries
