"""What is read out of the text of a module, and how far imports reach."""

from pathlib import Path

import pytest

from edge_cli.building.imports import read_imports
from edge_cli.building.library_rules import LibraryRules
from edge_cli.building.modules import index
from edge_cli.building.reach import Reached, Walk
from edge_cli.targets import PythonVersion

LAZY = """
import importlib


def __getattr__(name):
    return importlib.import_module(f".{name}", "lib")
"""
NO_RULES = LibraryRules(left_out={}, optional={}, by_name={}, resources={}, made_by={})


def _imported(text: str, python: PythonVersion = PythonVersion.PY311) -> list[str]:
    found = read_imports(text.encode(), "pkg.sub.module", is_package=False, python=python)
    return [f"{one.module}:{one.name}" if one.name else one.module for one in found.imports]


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ("import a.b, c as d", ["a.b", "c"]),
        ("from a.b import c, d as e", ["a.b:c", "a.b:d"]),
        ("from . import near", ["pkg.sub:near"]),
        ("from .near import x", ["pkg.sub.near:x"]),
        ("from .. import up", ["pkg:up"]),
        ("from ..up import *", ["pkg.up:*"]),
        ("def later():\n  class A:\n    import deep", ["deep"]),
        ("try:\n  import one\nexcept ImportError:\n  import two", ["one", "two"]),
        ("import importlib\nimportlib.import_module('named.so')", ["importlib", "named.so"]),
        ("__import__('named')", ["named"]),
    ],
)
def test_every_form_of_import_is_read(text: str, imported: list[str]) -> None:
    assert _imported(text) == imported


@pytest.mark.parametrize(
    "condition",
    [
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
        "sys.platform == 'win32'",
        "sys.version_info < (3, 11)",
        "sys.version_info >= (3, 12)",
        "os.name == 'nt'",
        "not (sys.version_info >= (3, 8))",
        "sys.platform != 'linux' and anything",
    ],
)
def test_a_branch_that_the_target_never_takes_is_not_looked_at(condition: str) -> None:
    assert _imported(f"if {condition}:\n  import never\nelse:\n  import always") == ["always"]


@pytest.mark.parametrize("condition", ["flag", "sys.version_info >= wanted", "sys.argv == []", "WINDOWS"])
def test_both_branches_of_an_open_condition_are_looked_at(condition: str) -> None:
    assert _imported(f"if {condition}:\n  import one\nelse:\n  import two") == ["one", "two"]


def test_the_branch_depends_on_the_python_of_the_target() -> None:
    text = "if sys.version_info >= (3, 13):\n  import new\nelse:\n  import old"
    assert _imported(text, PythonVersion.PY312) == ["old"]
    assert _imported(text, PythonVersion.PY313) == ["new"]


def test_a_name_that_is_computed_is_told_with_its_line() -> None:
    text = b"import importlib\n\nimportlib.import_module(f'.{x}', package=p)"
    assert read_imports(text, "m", is_package=False, python=PythonVersion.PY311).by_name == (3,)


def _walk(folder: Path, files: dict[str, str | bytes], rules: LibraryRules = NO_RULES) -> Reached:
    for path, body in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body.encode() if isinstance(body, str) else body)
    return Walk(index([folder]), rules, PythonVersion.PY311).run(["app"])


def test_only_what_is_imported_is_reached_with_the_packages_above_it(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "from lib.inner import part, NAME\nimport json",
        "lib/__init__.py": "",
        "lib/inner/__init__.py": "NAME = 1",
        "lib/inner/part.py": "from .. import sibling",
        "lib/inner/other.py": "",
        "lib/sibling.py": "import app",
        "unused.py": "import missing",
    }
    reached = _walk(tmp_path, files)
    assert sorted(reached.modules) == ["app", "lib", "lib.inner", "lib.inner.part", "lib.sibling"]
    assert reached.unresolved == []


def test_an_import_that_leads_nowhere_is_told_with_file_and_line(tmp_path: Path) -> None:
    reached = _walk(tmp_path, {"app.py": "\nimport lib.absent", "lib/__init__.py": ""})
    assert [(fault.path, fault.line, fault.module) for fault in reached.unresolved] == [
        ("app.py", 2, "lib.absent")
    ]


def test_a_library_that_imports_what_it_computes_is_taken_whole(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "import lib",
        "lib/__init__.py": LAZY,
        "lib/on_demand.py": "import other",
        "lib/tests/test_lib.py": "import pytest",
        "other/__init__.py": "",
        "other/unused.py": "",
    }
    assert sorted(_walk(tmp_path, files).modules) == ["app", "lib", "lib.on_demand", "other"]


def test_compiled_code_reaches_the_modules_whose_names_it_holds(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "app.py": "import lib.fast",
        "lib/__init__.py": "",
        "lib/fast.cpython-311-x86_64-linux-gnu.so": b"\x7fELF..importinglib.calledback\0lib\0",
        "lib/called.py": "",
        "lib/calledback.py": "",
        "lib/silent.py": "",
    }
    reached = _walk(tmp_path, files).modules
    assert {"lib.fast", "lib.calledback"} <= reached.keys()
    assert "lib.silent" not in reached


@pytest.mark.parametrize("left", ["lib/old.py", "lib"])
def test_what_a_rule_leaves_out_is_not_there(tmp_path: Path, left: str) -> None:
    files: dict[str, str | bytes] = {"app.py": "import lib.old", "lib/__init__.py": "", "lib/old.py": ""}
    rules = LibraryRules(left_out={left: "nobody"}, optional={}, by_name={}, resources={}, made_by={})
    reached = _walk(tmp_path, files, rules)
    assert "lib.old" not in reached.modules
    assert [fault.module for fault in reached.unresolved] == ["lib.old"]


def test_a_module_that_another_one_makes_is_there_when_that_is(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"app.py": "from lib.moves import x", "lib.py": "", "other.py": ""}
    rules = LibraryRules(left_out={}, optional={}, by_name={}, resources={}, made_by={"lib.moves": "lib"})
    reached = _walk(tmp_path, files, rules)
    assert sorted(reached.modules) == ["app", "lib"]
    assert reached.unresolved == []


def test_modules_that_left_the_standard_library_are_missed_on_a_later_python(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import cgi")
    modules = index([tmp_path])
    assert not Walk(modules, NO_RULES, PythonVersion.PY312).run(["app"]).unresolved
    assert Walk(modules, NO_RULES, PythonVersion.PY313).run(["app"]).unresolved


@pytest.mark.parametrize(
    ("text", "is_certain"),
    [
        ("import x", True),
        ("class A:\n  import x", True),
        ("with y:\n  import x", True),
        ("if sys.version_info >= (3, 9):\n  import x", True),
        ("try:\n  import x\nexcept OSError:\n  pass", True),
        ("try:\n  pass\nfinally:\n  import x", True),
        ("try:\n  import x\nexcept ImportError:\n  pass", False),
        ("try:\n  import x\nexcept (ValueError, ModuleNotFoundError):\n  pass", False),
        ("try:\n  import x\nexcept:\n  pass", False),
        ("try:\n  pass\nexcept OSError:\n  import x", False),
        ("if flag:\n  import x", False),
        ("def f():\n  import x", False),
        ("async def f():\n  with y:\n    import x", False),
    ],
)
def test_an_import_that_nobody_catches_is_told_from_one_that_may_fail(text: str, *, is_certain: bool) -> None:
    found = read_imports(text.encode(), "m", is_package=False, python=PythonVersion.PY311).imports
    assert [(one.module, one.is_certain) for one in found] == [("x", is_certain)]
