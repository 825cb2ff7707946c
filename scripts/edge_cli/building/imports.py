"""What a Python file imports, read from its text: nothing is run. Pure; no I/O.

Branches that the target never takes are not looked at: `if TYPE_CHECKING`, comparisons of `sys.version_info`,
`sys.platform` and `os.name`. Imports inside functions count like all others: they happen one day.
"""

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from edge_cli.targets import PythonVersion

_BY_NAME = ("import_module", "__import__")
_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_COMPARISONS: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


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
        SyntaxError: It is not Python that the running interpreter understands, or a relative import leaves
            the top-level package.
    """
    package = module if is_package else module.rpartition(".")[0]
    found: list[Import] = []
    by_name: list[int] = []
    # Few files compute an import: of all others only the statements are looked at, which is much quicker.
    kinds = ast.AST if any(word.encode() in source for word in _BY_NAME) else _STATEMENTS
    for node, is_certain in _taken(ast.parse(source), python, kinds, is_certain=True):
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
    for child, child_is_certain in _parts(node, python):
        if isinstance(child, kinds):
            yield from _taken(child, python, kinds, is_certain=is_certain and child_is_certain)


def _parts(node: ast.AST, python: PythonVersion) -> Iterator[tuple[ast.AST, bool]]:
    match node:
        case ast.If(test=test, body=body, orelse=orelse):
            outcome = _outcome(test, python)
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


def _outcome(test: ast.expr, python: PythonVersion) -> bool | None:
    """What a condition comes to on the target; None when that is not known beforehand."""
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            outcome = _outcome(operand, python)
            return None if outcome is None else not outcome
        case ast.BoolOp(op=ast.And(), values=values) if any(_outcome(v, python) is False for v in values):
            return False
        case ast.BoolOp(op=ast.Or(), values=values) if any(_outcome(v, python) is True for v in values):
            return True
        case ast.Compare(left=ast.Attribute(value=ast.Name(id=owner), attr=attribute), ops=[op]):
            return _compared(f"{owner}.{attribute}", op, test.comparators[0], python)
    return None


def _compared(left: str, op: ast.cmpop, right: ast.expr, python: PythonVersion) -> bool | None:
    known = {"sys.version_info": (3, python.minor), "sys.platform": "linux", "os.name": "posix"}
    compare = _COMPARISONS.get(type(op))
    if left not in known or compare is None:
        return None
    try:
        value = ast.literal_eval(right)
    except ValueError:
        return None
    return compare(known[left], value) if type(value) is type(known[left]) else None


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    if node.level > len(parts):
        raise SyntaxError("the relative import leaves its top-level package", (None, node.lineno, 0, None))
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])
