"""What a Python file imports, read from its text: nothing is run. Pure; no I/O.

Branches that the target never takes are not looked at: `if TYPE_CHECKING`, comparisons of `sys.version_info`,
`sys.platform` and `os.name`. Imports inside functions count like all others: they happen one day.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from edge_cli.building.conditions import outcome_of
from edge_cli.targets import PythonVersion

_BY_NAME = ("import_module", "__import__")
_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)
_Kinds = type[ast.AST] | tuple[type[ast.AST], ...]


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a file imports.

    Attributes:
        module: Absolute dotted name; must be a module.
        name: What is taken out of it: an attribute or a module below it; None for a plain `import`.
        line: Where, from 1.
        is_certain: It happens whenever the file itself is imported, and nobody catches its failure.
    """

    module: str
    name: str | None
    line: int
    is_certain: bool


@dataclass(frozen=True, slots=True)
class FileImports:
    """Everything that one file imports.

    Attributes:
        imports: In the order of the text.
        by_name: Lines that import a module whose name is computed when they run.
    """

    imports: tuple[Import, ...]
    by_name: tuple[int, ...]


@lru_cache(maxsize=4096)  # components share most of what they import
def read_imports(source: bytes, module: str, *, is_package: bool, python: PythonVersion) -> FileImports:
    """Read one file.

    Args:
        source: Its text, in the encoding that it declares.
        module: Its own dotted name: relative imports start there.
        is_package: It is an `__init__.py`.
        python: What runs it; decides branches.

    Raises:
        SyntaxError: It is no Python that both the running interpreter and the target understand, or a
            relative import leaves the top-level package.
    """
    package = module if is_package else module.rpartition(".")[0]
    found: list[Import] = []
    by_name: list[int] = []
    # Few files compute an import: of all others only the statements are looked at, which is much quicker.
    kinds = ast.AST if any(word.encode() in source for word in _BY_NAME) else _STATEMENTS
    tree = ast.parse(source, feature_version=(3, python.minor))
    for node, is_certain in _taken(tree, python, kinds, is_certain=True):
        match node:
            case ast.Import():
                found += [Import(alias.name, None, node.lineno, is_certain) for alias in node.names]
            case ast.ImportFrom():
                origin = _absolute(node, package)
                found += [Import(origin, alias.name, node.lineno, is_certain) for alias in node.names]
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in _BY_NAME:
                match node.args:
                    case [ast.Constant(value=str(name)), *_] if not name.startswith("."):
                        found.append(Import(name, None, node.lineno, is_certain))
                    case _:
                        by_name.append(node.lineno)
    return FileImports(tuple(found), tuple(by_name))


def _taken(
    node: ast.AST, python: PythonVersion, kinds: _Kinds, *, is_certain: bool
) -> Iterator[tuple[ast.AST, bool]]:
    """Every node of some kinds that the target may run, and whether it does so on each import of the file."""
    yield node, is_certain
    for child, child_is_certain in taken_parts(node, python):
        if isinstance(child, kinds):
            yield from _taken(child, python, kinds, is_certain=is_certain and child_is_certain)


def taken_parts(node: ast.AST, python: PythonVersion) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes below one that the target may run, and whether it does so whenever it runs that one."""
    match node:
        case ast.If(test=test, body=body, orelse=orelse):
            outcome = outcome_of(test, python)
            yield test, True
            yield from ((child, outcome is True) for child in body if outcome is not False)
            yield from ((child, outcome is False) for child in orelse if outcome is not True)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            is_caught = any(_catches_import_error(handler) for handler in handlers)
            yield from ((child, not is_caught) for child in [*body, *orelse])
            yield from ((child, False) for child in handlers)
            yield from ((child, True) for child in finalbody)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            yield from ((child, False) for child in ast.iter_child_nodes(node))
        case _:
            yield from ((child, True) for child in ast.iter_child_nodes(node))


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(one is None or getattr(one, "id", "") in _IMPORT_ERRORS for one in caught)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    if node.level > len(parts):
        raise SyntaxError("the relative import leaves its top-level package", (None, node.lineno, 0, None))
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])
