"""What the condition of a branch comes to on the target, as far as its text tells. Pure; no I/O."""

import ast
import math
import operator
from collections.abc import Callable

from edge_cli.targets import PythonVersion

_COMPARISONS: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_Value = tuple[float, ...] | int | str


def outcome_of(test: ast.expr, python: PythonVersion) -> bool | None:
    """What a condition comes to on a Linux with some Python; None when that is not known beforehand.

    >>> outcome_of(ast.parse("sys.version_info[:2] < (3, 11)", mode="eval").body, PythonVersion.PY311)
    False
    """
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            outcome = outcome_of(operand, python)
            return None if outcome is None else not outcome
        case ast.BoolOp(op=ast.And(), values=values) if any(outcome_of(v, python) is False for v in values):
            return False
        case ast.BoolOp(op=ast.Or(), values=values) if any(outcome_of(v, python) is True for v in values):
            return True
        case ast.Compare(left=ast.Attribute() | ast.Subscript() as left, ops=[op], comparators=[right]):
            return _compared(_known(python).get(ast.unparse(left)), op, right)
    return None


def _known(python: PythonVersion) -> dict[str, _Value]:
    """Expression -> what it is on the target."""
    return {
        "sys.platform": "linux",
        "os.name": "posix",
        "sys.version_info": (3, python.minor, math.inf),  # above (3, N), as every (3, N, X) is
        "sys.version_info[:2]": (3, python.minor),
        "sys.version_info[0]": 3,
        "sys.version_info[1]": python.minor,
        "sys.version_info.major": 3,
        "sys.version_info.minor": python.minor,
    }


def _compared(known: _Value | None, op: ast.cmpop, right: ast.expr) -> bool | None:
    compare = _COMPARISONS.get(type(op))
    if compare is None:
        return None
    try:
        value = ast.literal_eval(right)
    except ValueError:
        return None
    if type(value) is not type(known) or _asks_for_patch(value, known):
        return None
    return compare(known, value)


def _asks_for_patch(value: object, known: _Value | None) -> bool:
    """Whether a comparison depends on the third number of a version, which no target has."""
    match known, value:
        case (_, minor, math.inf), (3, other, _, *_):
            return minor == other
    return False
