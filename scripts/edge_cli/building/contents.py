"""What goes into an artifact, and every reason why it must not be made. Reads files; writes none.

The component, the part of `edge_common` that it can reach, and of its libraries the modules that it can
reach, the files that those read, and the licences. Of our own packages code, and data that are named.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from edge_cli.building import elf, refusals
from edge_cli.building.libraries import Distribution, distributions
from edge_cli.building.library_rules import LibraryRules, library_rules
from edge_cli.building.modules import Module, index
from edge_cli.building.own_packages import data_files
from edge_cli.building.reach import Walk
from edge_cli.errors import CommandError
from edge_cli.targets import Target

LICENCES = "THIRD-PARTY-LICENCES.txt"
_CODE = {".py", ".pyc", ".so"}
_FOR_DEVELOPERS = {".pyi", ".typed", ".c", ".h", ".cpp", ".hpp", ".pyx", ".pxd", ".rst", ".md", ".js"}


class LibrariesError(CommandError):
    """Something is wrong with the libraries themselves, whether or not with our own code, too."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What one artifact holds.

    Attributes:
        files: Path in the artifact -> its bytes.
        distributions: The libraries that have a file in it.
    """

    files: dict[str, bytes]
    distributions: tuple[Distribution, ...]


def gather(
    package: str,
    own_roots: tuple[Path, ...],
    libraries: Path,
    target: Target,
    rules: LibraryRules | None = None,
) -> Contents:
    """Put together what `python -m PACKAGE` needs on a target.

    Args:
        package: The component's package.
        own_roots: Folders of the import path that hold our own packages, each with a `pyproject.toml`.
        libraries: Folder with everything that may be imported beside.
        target: Where it will run.
        rules: What is known of libraries; None means the project's.

    Raises:
        LibrariesError: A library imports what is not there, or a file is not the one of its wheel.
        CommandError: Our own code cannot run on the target. Either names all faults.
    """
    rules = rules or library_rules()
    own = index(own_roots)
    there = {**index([libraries]), **own}
    reached = Walk(there, rules, target.python, own).run([f"{package}.__main__"])
    ours = [module for module in reached.modules.values() if module.name in own]
    services, faults = refusals.services([] if reached.unreadable else ours)
    if f"{package}.__main__" not in reached.modules:
        faults.append(f"it has no {package}/__main__.py, which its recipe starts")
    faults += refusals.of_syntax(reached, ours, target.python)
    faults += refusals.of_our_imports(reached, own, target.python)
    library_faults = refusals.of_library_imports(reached, own, rules)

    paths = {module.path: module.file for module in reached.modules.values() if module.file}
    of_libraries = {name.partition(".")[0] for name in reached.modules.keys() - own.keys()}
    beside = _files_beside(libraries, {top: _patterns(top, rules, services) for top in of_libraries})
    for root in own_roots:
        for top in sorted({module.name.partition(".")[0] for module in ours}):
            if (root / top).is_dir():
                data, misplaced = data_files(root, top)
                beside |= data
                faults += misplaced
    paths |= {
        path: file
        for path, file in beside.items()
        if _package_of(path, there) in reached.modules and not rules.leaves_out(path)
    }
    installed = distributions(libraries)
    taken = tuple(one for one in installed if not one.files.keys().isdisjoint(paths))
    paths |= {path: libraries / path for one in taken for path in one.files if _is_bundled(path)}
    files = {path: file.read_bytes() for path, file in sorted(paths.items())}
    of_wheels = {path: files[path] for path, file in paths.items() if file.is_relative_to(libraries)}
    library_faults += refusals.of_changed_files(of_wheels, taken)
    faults += [
        f"{path} {fault}"
        for path, body in files.items()
        if elf.is_compiled(path, body) and (fault := elf.fault_of(path, body, target))
    ]
    if faults or library_faults:
        listed = "".join(f"\n  {fault}" for fault in faults + library_faults)
        error = LibrariesError if library_faults else CommandError
        raise error(f"{package} cannot be built for {target}:{listed}")
    return Contents(files | {LICENCES: _licences(taken, libraries)}, taken)


def _patterns(top: str, rules: LibraryRules, services: set[str]) -> list[str]:
    """Which files beside its modules a library reads."""
    if top not in rules.resources:
        return [f"{top}/*"]
    return [
        f"{top}/{pattern}".replace("{service}", service)
        for pattern in rules.resources[top]
        for service in (sorted(services) if "{service}" in pattern else [""])
    ]


def _files_beside(libraries: Path, patterns_by_package: dict[str, list[str]]) -> dict[str, Path]:
    """Path in the artifact -> file, of all in libraries that is not code."""
    return {
        file.relative_to(libraries).as_posix(): file
        for top, patterns in patterns_by_package.items()
        for file in (libraries / top).rglob("*")
        if file.suffix not in _CODE | _FOR_DEVELOPERS and "__pycache__" not in file.parts
        if any(fnmatchcase(file.relative_to(libraries).as_posix(), pattern) for pattern in patterns)
        if file.is_file()
    }


def _package_of(path: str, there: dict[str, Module]) -> str:
    """The innermost package that a file lies in."""
    names = (".".join(folder.parts) for folder in PurePosixPath(path).parents)
    return next((name for name in names if name in there), "")


def _is_bundled(path: str) -> bool:
    """Shared libraries that a wheel brings along for its extensions, as auditwheel lays them down."""
    return PurePosixPath(path).parts[0].endswith(".libs") and elf.is_shared_library(path)


def _licences(taken: tuple[Distribution, ...], libraries: Path) -> bytes:
    """The licences of all that is not ours: most of them ask to go where the code goes."""
    parts = ["What this artifact holds besides the component itself, and under which terms.\n"]
    for one in taken:
        parts.append(f"\n{'=' * 80}\n{one.name} {one.version}: {one.licence or 'see below'}\n{'=' * 80}\n")
        parts += [
            (libraries / file).read_text(encoding="utf-8", errors="replace") for file in one.licence_files
        ]
    return "\n".join(parts).encode()
