"""Which modules a component can ever import, and which imports lead nowhere. Reads files; runs nothing.

The same walk gives an artifact its contents and proves them: what is reached goes in, and an import that
finds neither a module in here nor one of the standard library is a fault, unless a rule has a reason for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_cli.building.imports import read_imports
from edge_cli.building.library_rules import LibraryRules
from edge_cli.building.stdlib import standard_library
from edge_cli.targets import PythonVersion

_EXTENSION = ".so"
_TESTS = {"tests", "test", "conftest"}  # of a library that is taken whole; imported by name they are taken


@dataclass(frozen=True, slots=True)
class Module:
    """One module that can be imported.

    Attributes:
        name: Dotted.
        path: Where it would lie in the artifact, `/` between folders.
        file: Where it lies now; None for a folder without `__init__.py`.
    """

    name: str
    path: str
    file: Path | None

    @property
    def is_package(self) -> bool:
        """It has modules below it."""
        return self.file is None or self.file.name == "__init__.py"

    @property
    def is_extension(self) -> bool:
        """It is compiled."""
        return self.file is not None and self.file.suffix == _EXTENSION


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An import that leads nowhere.

    Attributes:
        importer: Module whose text it stands in.
        path: That module's path in the artifact.
        line: Where, from 1.
        module: What was to be imported.
        is_certain: Then the importer itself cannot be imported.
    """

    importer: str
    path: str
    line: int
    module: str
    is_certain: bool


@dataclass(slots=True)
class Reached:
    """What a walk has found.

    Attributes:
        modules: Everything that can be imported, by dotted name.
        unresolved: Imports that lead nowhere.
        by_name: (module, line) that import what they compute when they run, in code without rules.
        unreadable: Why a module cannot be understood, with its path and line.
    """

    modules: dict[str, Module] = field(default_factory=dict)
    unresolved: list[Unresolved] = field(default_factory=list)
    by_name: list[tuple[str, int]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def index(roots: Iterable[Path]) -> dict[str, Module]:
    """Every module below some folders of the import path, by dotted name; the first one counts.

    An extension goes before a Python file of the same name, as the import system has it.
    """
    modules: dict[str, Module] = {}
    for root in roots:
        found: dict[str, Module] = {}
        for file in sorted(root.rglob("*")):
            if file.suffix not in (".py", _EXTENSION) or "__pycache__" in file.parts:
                continue
            path = file.relative_to(root)
            stem = path.name.split(".")[0]
            name = ".".join(path.parent.parts if stem == "__init__" else [*path.parent.parts, stem])
            if not all(part.isidentifier() for part in name.split(".")):
                continue  # bin/, x.libs/: no place to import from
            if name not in found or file.suffix == _EXTENSION:
                found[name] = Module(name, path.as_posix(), file)
        for name in list(found):
            for parent in _parents(name):
                found.setdefault(parent, Module(parent, parent.replace(".", "/"), None))
        modules = {**found, **modules}
    return modules


class Walk:
    """Follows imports from some modules to all that they lead to. Used once.

    Args:
        modules: What there is, as `index` gives it.
        rules: What is known of libraries that their text does not say.
        python: Decides branches and the standard library.
    """

    def __init__(self, modules: dict[str, Module], rules: LibraryRules, python: PythonVersion) -> None:
        self._there = {n: m for n, m in modules.items() if not rules.leaves_out(m.path)}
        self._rules = rules
        self._python = python
        self._standard = standard_library(python)
        self._reached = Reached()
        self._waiting: list[Module] = []

    def run(self, entries: Sequence[str]) -> Reached:
        """Follow everything that `entries` import."""
        for entry in entries:
            self._reach(entry)
        while self._waiting:
            module = self._waiting.pop()
            if module.is_extension:
                self._look_into_extension(module)
            elif module.file is not None:
                self._look_into_text(module, module.file.read_bytes())
        self._reached.unresolved.sort(key=lambda fault: (fault.path, fault.line, fault.module))
        return self._reached

    def _reach(self, name: str) -> bool:
        name = self._rules.made_by.get(name, name)
        if name not in self._there:
            return False
        for step in [*_parents(name), name]:
            if step not in self._reached.modules:
                self._reached.modules[step] = self._there[step]
                self._waiting.append(self._there[step])
        return True

    def _look_into_text(self, module: Module, text: bytes) -> None:
        try:
            found = read_imports(text, module.name, is_package=module.is_package, python=self._python)
        except SyntaxError as error:
            self._reached.unreadable.append(f"{module.path}:{error.lineno} cannot be read: {error.msg}")
            return
        for one in found.imports:
            top = one.module.partition(".")[0]
            if top in self._standard and top not in self._there:
                continue
            if not self._reach(one.module):
                missing = Unresolved(module.name, module.path, one.line, one.module, one.is_certain)
                self._reached.unresolved.append(missing)
            elif one.name is not None:
                self._reach(f"{one.module}.{one.name}")
        if found.by_name:
            named = self._rules.imported_by_name(module.name)
            if named is None:
                self._reached.by_name += [(module.name, line) for line in found.by_name]
                named = (f"{module.name.partition('.')[0]}.*",)
            self._reach_patterns(named)

    def _look_into_extension(self, module: Module) -> None:
        """Compiled code says what it imports by name: any module whose dotted name stands in its bytes."""
        assert module.file  # noqa: S101  an extension has one
        body = module.file.read_bytes()
        packages = {name for name in self._there if "." not in name and f"{name}.".encode() in body}
        for name in self._there:
            if name.partition(".")[0] in packages and "." in name and name.encode() in body:
                self._reach(name)

    def _reach_patterns(self, patterns: Iterable[str]) -> None:
        for pattern in patterns:
            self._reach(pattern)
            if pattern.endswith(".*"):
                below = pattern.removesuffix("*")
                for name in self._there:
                    if name.startswith(below) and _TESTS.isdisjoint(name.split(".")):
                        self._reach(name)


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]
