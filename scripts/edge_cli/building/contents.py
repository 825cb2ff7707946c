"""What goes into an artifact, and every reason why it must not be made. Reads files; writes none.

The component, the part of `edge_common` that it can reach, and of its libraries the modules that it can
reach, the files that those read, and the licences.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from edge_cli.building import elf
from edge_cli.building.aws_services import services_used
from edge_cli.building.libraries import Distribution, distributions
from edge_cli.building.library_rules import LibraryRules, library_rules
from edge_cli.building.reach import Module, Reached, Unresolved, Walk, index
from edge_cli.errors import CommandError
from edge_cli.targets import Target

LICENCES = "THIRD-PARTY-LICENCES.txt"
_CODE = {".py", ".pyc", ".so"}
_FOR_DEVELOPERS = {".pyi", ".typed", ".c", ".h", ".cpp", ".hpp", ".pyx", ".pxd", ".rst", ".md", ".js"}


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
        own_roots: Folders of the import path that hold our own packages.
        libraries: Folder with everything that may be imported beside.
        target: Where it will run.
        rules: What is known of libraries; None means the project's.

    Raises:
        CommandError: Something is imported that is not there or not for the target; names all faults.
    """
    rules = rules or library_rules()
    own = index(own_roots)
    there = {**index([libraries]), **own}
    reached = Walk(there, rules, target.python).run([f"{package}.__main__"])
    ours = [module for module in reached.modules.values() if module.name in own]
    services, faults = _services([] if reached.unreadable else ours)
    if f"{package}.__main__" not in reached.modules:
        faults.append(f"it has no {package}/__main__.py, which its recipe starts")
    faults += reached.unreadable + _import_faults(reached, own, rules)

    paths = {module.path: module.file for module in reached.modules.values() if module.file}
    installed = distributions(libraries)
    tops = {name.partition(".")[0] for name in reached.modules}
    patterns = {top: _patterns(top, rules, services) for top in tops}
    for beside, file in _files_beside((*own_roots, libraries), patterns).items():
        if _package_of(beside, there) in reached.modules and not rules.leaves_out(beside.as_posix()):
            paths[beside.as_posix()] = file
    taken = tuple(one for one in installed if not one.files.isdisjoint(paths))
    paths |= {path: libraries / path for one in taken for path in one.files if _is_bundled(path)}
    files = {path: file.read_bytes() for path, file in sorted(paths.items())}
    faults += [
        f"{path} {fault}"
        for path, body in files.items()
        if elf.is_shared_library(path) and (fault := elf.fault_of(path, body, target))
    ]
    if faults:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise CommandError(f"{package} cannot be built for {target}:{listed}")
    return Contents(files | {LICENCES: _licences(taken, libraries)}, taken)


def _services(ours: list[Module]) -> tuple[set[str], list[str]]:
    services: set[str] = set()
    faults = []
    for module in ours:
        if module.file is not None:
            used, unclear = services_used(module.file.read_bytes())
            services |= used
            faults += [
                f"{module.path}:{line} makes a client of an AWS service that it computes: write its name "
                "there, so that the build knows which of botocore's models to take"
                for line in unclear
            ]
    return services, faults


def _import_faults(reached: Reached, own: dict[str, Module], rules: LibraryRules) -> list[str]:
    faults = [
        _told(missing, own)
        for missing in dict.fromkeys(reached.unresolved)
        if missing.importer in own
        or missing.is_certain
        or not rules.reason_not_missed(missing.importer, missing.module)
    ]
    faults += [
        f"{own[name].path}:{line} imports what it computes: import it by its name"
        for name, line in reached.by_name
        if name in own
    ]
    return faults


def _told(missing: Unresolved, own: dict[str, Module]) -> str:
    where = f"{missing.path}:{missing.line} imports {missing.module}, "
    if missing.importer in own:
        return f"{where}which no pyproject.toml of the component or of common names"
    return f"{where}which nothing brings along: add it to a pyproject.toml, or say in libraries.toml why not"


def _patterns(top: str, rules: LibraryRules, services: set[str]) -> list[str]:
    """Which files beside its modules a package reads."""
    if top not in rules.resources:
        return [f"{top}/*"]
    return [
        f"{top}/{pattern}".replace("{service}", service)
        for pattern in rules.resources[top]
        for service in (sorted(services) if "{service}" in pattern else [""])
    ]


def _files_beside(roots: tuple[Path, ...], patterns_by_package: dict[str, list[str]]) -> dict[Path, Path]:
    """Path in the artifact -> file, of all that is no code."""
    return {
        file.relative_to(root): file
        for root in roots
        for top, patterns in patterns_by_package.items()
        for file in (root / top).rglob("*")
        if file.suffix not in _CODE | _FOR_DEVELOPERS and "__pycache__" not in file.parts
        if any(fnmatchcase(file.relative_to(root).as_posix(), pattern) for pattern in patterns)
        if file.is_file()
    }


def _package_of(path: Path, there: dict[str, Module]) -> str:
    """The innermost package that a file lies in."""
    names = (".".join(folder.parts) for folder in path.parents)
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
