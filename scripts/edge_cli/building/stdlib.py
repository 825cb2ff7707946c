"""The standard library of each Python that components run on. Reads the stubs that mypy brings; runs nothing.

Libraries are held to the names of its modules, our own code to what its stubs say: which modules it has
below those, and which names, in which version.
"""

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from edge_cli.building.bindings import names_bound
from edge_cli.targets import PythonVersion

# "What's New in Python 3.12", "Removed", "3.13", "PEP 594" and "3.14", "New modules".
_REMOVED = {
    12: "asynchat asyncore distutils imp smtpd",
    13: "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes "
    "sndhdr spwd sunau telnetlib uu xdrlib",
}
_ADDED = {14: "annotationlib compression"}
# In packages of their own on Debian (python3-tk, idle, python3-distutils, python3-lib2to3, python3-venv,
# python3-gdbm), and those for Windows.
_NOT_ON_A_BOARD = {
    *("tkinter", "turtle", "turtledemo", "idlelib", "distutils", "lib2to3", "ensurepip", "dbm.gnu"),
    *("msilib", "msvcrt", "winreg", "winsound", "_winapi"),
}


def standard_library(python: PythonVersion, running_minor: int = sys.version_info.minor) -> frozenset[str]:
    """Top-level modules, those for other systems too.

    >>> "cgi" in standard_library(PythonVersion.PY312), "cgi" in standard_library(PythonVersion.PY313)
    (True, False)
    """
    names = set(sys.stdlib_module_names)
    for minor in range(running_minor, python.minor, -1):  # back in time
        names |= set(_REMOVED.get(minor, "").split())
        names -= set(_ADDED.get(minor, "").split())
    for minor in range(running_minor + 1, python.minor + 1):  # forward
        names -= set(_REMOVED.get(minor, "").split())
        names |= set(_ADDED.get(minor, "").split())
    return frozenset(names)


def is_on_a_board(module: str, python: PythonVersion) -> bool:
    """Whether a device's Python has a module of the standard library.

    Args:
        module: Dotted; private ones that have no stub are not there, either.
        python: The device's.

    >>> [is_on_a_board(name, PythonVersion.PY311) for name in ("os.path", "os.paths", "tkinter.ttk")]
    [True, False, False]
    """
    steps = _with_parents(module)
    if any(step in _NOT_ON_A_BOARD for step in steps):
        return False
    spans = [_versions()[step] for step in steps if step in _versions()]
    return _stub(module) is not None and all(since <= python.minor <= until for since, until in spans)


def has_name(module: str, name: str, python: PythonVersion) -> bool:
    """Whether a name can be imported out of a module that is there.

    >>> [has_name("typing", "override", PythonVersion(version)) for version in ("3.11", "3.12")]
    [False, True]
    """
    stub = _stub(module)
    if stub is None or name.startswith("_") or is_on_a_board(f"{module}.{name}", python):
        return True  # no stub has all private names
    bound = names_bound(stub.read_bytes(), python, is_stub=True)
    return bound is None or name in bound


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


@cache
def _stubs() -> Path:
    """Typeshed's stubs of the standard library, in the mypy of the lock."""
    mypy = find_spec("mypy")
    assert mypy  # noqa: S101  requirements.lock has it
    assert mypy.origin  # noqa: S101  it is a package with an __init__.py
    return Path(mypy.origin).parent / "typeshed" / "stdlib"


def _stub(module: str) -> Path | None:
    place = _stubs().joinpath(*module.split("."))
    found = (place.with_name(f"{place.name}.pyi"), place / "__init__.pyi")
    return next((path for path in found if path.is_file()), None)


@cache
def _versions() -> dict[str, tuple[int, int]]:
    """Module -> first and last minor version of Python 3 that has it, where typeshed's VERSIONS says so."""
    versions = {}
    for line in (_stubs() / "VERSIONS").read_text(encoding="utf-8").splitlines():
        name, separator, span = line.partition("#")[0].partition(":")
        if separator:
            since, _, until = span.strip().partition("-")
            versions[name] = (_minor(since), _minor(until) if until else sys.maxsize)
    return versions


def _minor(version: str) -> int:
    return int(version.strip().removeprefix("3."))
