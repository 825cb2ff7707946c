"""Which modules a component can ever import, and which imports lead nowhere. Reads files; runs nothing.

The same walk gives an artifact its contents and proves them: what is reached goes in, and an import that
finds neither a module in here nor one of the standard library is a fault, unless a rule has a reason for it.
Our own modules must find each name that they import, too; a library may get by in ways that no text shows.
"""

import sys
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from edge_cli.building.bindings import names_bound
from edge_cli.building.imports import read_imports
from edge_cli.building.library_rules import LibraryRules
from edge_cli.building.modules import Module, parents_of
from edge_cli.building.stdlib import has_name, is_on_a_board, standard_library
from edge_cli.targets import PythonVersion

_TESTS = {"tests", "test", "conftest"}  # of a library that is taken whole; imported by name they are taken


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An import that leads nowhere.

    Attributes:
        importer: Module whose text it stands in.
        path: That module's path in the artifact.
        line: Where, from 1.
        module: What was to be imported, or the module that something was to be imported from.
        name: What that module does not have; None when it is the module that is missing.
        is_certain: Then the importer itself cannot be imported.
    """

    importer: str
    path: str
    line: int
    module: str
    name: str | None
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


class Walk:
    """Follows imports from some modules to all that they lead to. Used once.

    Args:
        modules: What there is, as `index` gives it.
        rules: What is known of libraries that their text does not say.
        python: Decides branches and the standard library.
        own: Those of the modules that are ours.
    """

    def __init__(
        self, modules: dict[str, Module], rules: LibraryRules, python: PythonVersion, own: Container[str] = ()
    ) -> None:
        self._own = own
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
        for step in [*parents_of(name), name]:
            if step not in self._reached.modules:
                self._reached.modules[step] = self._there[step]
                self._waiting.append(self._there[step])
        return True

    def _look_into_text(self, module: Module, text: bytes) -> None:
        try:
            found = read_imports(text, module.name, is_package=module.is_package, python=self._python)
        except SyntaxError as error:
            by = ""
            if sys.version_info.minor < self._python.minor:
                by = f" (to Python 3.{sys.version_info.minor}, which runs this build)"
            self._reached.unreadable.append(f"{module.path}:{error.lineno} cannot be read: {error.msg}{by}")
            return
        for one in found.imports:
            is_own = module.name in self._own
            name = None
            if is_there := self._follow(one.module, is_own=is_own):
                name = one.name
                is_there = name is None or self._follow_name(one.module, name, is_own=is_own)
            if not is_there:
                self._reached.unresolved.append(
                    Unresolved(module.name, module.path, one.line, one.module, name, one.is_certain)
                )
        if found.by_name:
            named = self._rules.imported_by_name(module.name)
            if named is None:
                self._reached.by_name += [(module.name, line) for line in found.by_name]
                named = (f"{module.name.partition('.')[0]}.*",)
            self._reach_patterns(named)

    def _follow(self, module: str, *, is_own: bool) -> bool:
        """Reach a module that is imported; tells whether there is one."""
        if self._is_standard(module):
            return not is_own or is_on_a_board(module, self._python)
        return self._reach(module)

    def _follow_name(self, module: str, name: str, *, is_own: bool) -> bool:
        """Reach the module that a name out of another one may stand for; tells whether the name is there."""
        if self._is_standard(module):
            return not is_own or name == "*" or has_name(module, name, self._python)
        return self._reach(f"{module}.{name}") or not is_own or name == "*" or self._binds(module, name)

    def _is_standard(self, module: str) -> bool:
        top = module.partition(".")[0]
        return top in self._standard and top not in self._there

    def _binds(self, module: str, name: str) -> bool:
        """Whether a name is, or may be, there once a module that is there has been imported."""
        found = self._there.get(module)
        if found is None or found.is_extension:
            return True  # another module makes it; compiled code does not tell
        if found.file is None:
            return False
        try:
            bound = names_bound(found.file.read_bytes(), self._python)
        except SyntaxError:
            return True  # told when the module itself is read
        return bound is None or name in bound

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
