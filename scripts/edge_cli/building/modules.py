"""The modules below a folder of the import path, by their names. Reads file names only; runs nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_EXTENSION = ".so"


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


def index(roots: Iterable[Path]) -> dict[str, Module]:
    """Every module below some folders of the import path, by dotted name; the first one counts.

    An extension goes before a Python file of the same name, as the import system has it.
    """
    modules: dict[str, Module] = {}
    for root in roots:
        found: dict[str, Module] = {}
        for file in sorted(root.rglob("*")):
            if file.suffix not in (".py", _EXTENSION) or "__pycache__" in file.parts or not file.is_file():
                continue
            path = file.relative_to(root)
            stem = path.name.split(".")[0]
            name = ".".join(path.parent.parts if stem == "__init__" else [*path.parent.parts, stem])
            if not all(part.isidentifier() for part in name.split(".")):
                continue  # bin/, x.libs/: no place to import from
            if name not in found or file.suffix == _EXTENSION:
                found[name] = Module(name, path.as_posix(), file)
        for name in list(found):
            for parent in parents_of(name):
                found.setdefault(parent, Module(parent, parent.replace(".", "/"), None))
        modules = {**found, **modules}
    return modules


def parents_of(name: str) -> list[str]:
    """The packages above a module, the outermost first.

    >>> parents_of("a.b.c")
    ['a', 'a.b']
    """
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]
