"""Which names a module has once it has been imported, read from its text: nothing is run. Pure; no I/O."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from edge_cli.building.imports import taken_parts
from edge_cli.targets import PythonVersion

# Set by the import system in every module (Language Reference, 5.5 and 3.2 "Modules").
_OF_EVERY_MODULE = {"__name__", "__doc__", "__file__", "__path__", "__package__", "__spec__", "__dict__"}
_MAKES_NAMES = (b"globals()", b"exec(", b"sys.modules")


@lru_cache(maxsize=512)
def names_bound(source: bytes, python: PythonVersion, *, is_stub: bool = False) -> frozenset[str] | None:
    r"""The names that can be imported out of a module, modules below it apart.

    Args:
        source: Its text.
        python: What runs it; decides branches, `if TYPE_CHECKING` too.
        is_stub: It is a `.pyi` file, in which a name with a type and no value is there.

    Returns:
        The names; None where its text does not tell: it has a `__getattr__`, imports `*`, or makes names
        when it runs.

    Raises:
        SyntaxError: It cannot be read.

    >>> python = PythonVersion.PY311
    >>> sorted(names_bound(b"A: int = 1\nB: int\ndef f():\n  c = 1", python) - _OF_EVERY_MODULE)
    ['A', 'f']
    """
    if not is_stub and any(word in source for word in _MAKES_NAMES):
        return None
    names: set[str] = set(_OF_EVERY_MODULE)
    for node in _of_the_module(ast.parse(source), python, is_stub=is_stub):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name for alias in aliases}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case (
                ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name))
            ):
                names.add(name)
            case ast.Global(names=declared):
                names |= set(declared)
    return None if names & {"*", "__getattr__"} else frozenset(names)


def _of_the_module(node: ast.AST, python: PythonVersion, *, is_stub: bool) -> Iterator[ast.AST]:
    """Every node that the target may run when it imports the module, and `global` statements of functions."""
    for child, _ in taken_parts(node, python):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield child
                yield from (inner for inner in ast.walk(child) if isinstance(inner, ast.Global))
            case ast.Lambda():
                pass
            case ast.AnnAssign(value=None) if not is_stub:
                pass  # says a type and binds nothing
            case _:
                yield child
                yield from _of_the_module(child, python, is_stub=is_stub)
