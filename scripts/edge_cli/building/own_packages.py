"""The files of our own packages beside their code: what goes into an artifact, and what must not lie there.

Code goes in when it is imported, data only when the project's `pyproject.toml` names them. Anything else may
be a secret, or data that somebody forgot to name: it is refused, by its path. Reads files; writes none.
"""

from fnmatch import fnmatchcase
from pathlib import Path

from edge_cli.building.lock import read_pyproject
from edge_cli.errors import CommandError

_CODE = {".py", ".so"}
_KEY = "package_data in [tool.edge]"
# What programs that work on code leave beside it, and stubs, which they read: never taken, never asked about.
_CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
_LEFT_BEHIND = ("*.pyc", "*.pyi", "py.typed", ".DS_Store", "*~", ".*.sw?", ".#*", "#*#")


def data_files(root: Path, package: str) -> tuple[dict[str, Path], list[str]]:
    """Look at everything in a package of ours.

    Args:
        root: Its project's folder, with `pyproject.toml`.
        package: Its name, and the name of its folder in there.

    Returns:
        Path in the artifact -> file, of its data; and what is wrong with other files.

    Raises:
        CommandError: `pyproject.toml` cannot be read, or its list of data is none.
    """
    folder, pyproject = root / package, root / "pyproject.toml"
    patterns = _package_data(pyproject)
    unused = set(patterns)
    found: dict[str, Path] = {}
    faults = []
    for file in sorted(folder.rglob("*")):
        inside, path = file.relative_to(folder), file.relative_to(root).as_posix()
        named = {pattern for pattern in patterns if _names(pattern, inside)}
        if not _CACHES.isdisjoint(inside.parts) or any(fnmatchcase(file.name, p) for p in _LEFT_BEHIND):
            continue
        if file.is_symlink() and not _is_file_inside(file, folder):
            faults.append(
                f"{path} is a link that leaves its package or leads to no file: put the file itself there"
            )
        elif named and file.is_file():
            found[path] = file
            unused -= named
        elif not file.is_dir() and file.suffix not in _CODE:
            faults.append(
                f"{path} is not code, and {_KEY} of {pyproject} does not name it: name it there, or move "
                "it away"
            )
    faults += [
        f"{pyproject}: {_KEY} names {pattern}: no file in {folder} is that" for pattern in sorted(unused)
    ]
    return found, faults


def _package_data(pyproject: Path) -> list[str]:
    """Patterns of paths in the package."""
    patterns = read_pyproject(pyproject).get("tool", {}).get("edge", {}).get("package_data", [])
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise CommandError(
            f'{pyproject}: {_KEY} must be a list of paths in the package, such as ["limits.csv"].'
        )
    return patterns


def _names(pattern: str, path: Path) -> bool:
    """As in a shell, `*` stands for no hidden file: that must be named as one."""
    is_shown = not path.name.startswith(".") or pattern.rpartition("/")[2].startswith(".")
    return is_shown and fnmatchcase(path.as_posix(), pattern)


def _is_file_inside(link: Path, folder: Path) -> bool:
    return link.is_file() and link.resolve().is_relative_to(folder.resolve())
