"""Our own modules find each module and each name that they import; libraries are held to their modules."""

from pathlib import Path

import pytest

from edge_cli.building.contents import gather
from edge_cli.errors import CommandError
from edge_cli.targets import Architecture, PythonVersion, Target
from support.installed import install

TABLE = """
import os.path
import json as parser
from time import sleep as pause
PLAIN: int = 1
typed_only: int
LEFT, (MIDDLE, *REST) = 1, (2, 3)
if TYPE_CHECKING:
    from collections.abc import Callable
if sys.platform == "win32":
    WINDOWS = 1
else:
    LINUX = 1
try:
    TRIED = 1
except OSError as error:
    CAUGHT = error
for STEP in (): pass
with open("x") as FILE: pass
if (WALRUS := 1): pass
match PLAIN:
    case {"a": MATCHED, **OTHERS}: pass
class Kind:
    inside = 1
def work():
    global LATER
    LATER = local = 1
    def inner(): pass
async def wait(): pass
"""
BOUND = (
    *("os", "parser", "pause", "PLAIN", "LEFT", "MIDDLE", "REST", "LINUX", "TRIED", "CAUGHT", "STEP"),
    *("FILE", "WALRUS", "MATCHED", "OTHERS", "Kind", "work", "LATER", "wait", "__name__", "__doc__"),
)
UNBOUND = ("json", "sleep", "typed_only", "Callable", "WINDOWS", "error", "inside", "local", "inner", "no")


def _fault(tmp_path: Path, main: str, python: str = "3.11", **library: str) -> str:
    """What is said of a component whose main module is this one; "" when it is built."""
    common = tmp_path / "common/edge_common"
    files = {
        tmp_path / "component/pyproject.toml": "",
        tmp_path / "component/app/__main__.py": main,
        tmp_path / "common/pyproject.toml": "",
        common / "__init__.py": "",
        common / "table.py": TABLE,
        common / "lazy.py": "def __getattr__(name): return name",
        common / "star.py": "from edge_common.table import *",
        common / "dynamic.py": "globals().update(A=1)",
        common / "plain/part.py": "",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    install(tmp_path / "libraries", {f"{name}.py": text.encode() for name, text in library.items()})
    own_roots = (tmp_path / "component", tmp_path / "common")
    try:
        gather("app", own_roots, tmp_path / "libraries", Target(Architecture.AARCH64, PythonVersion(python)))
    except CommandError as error:
        return str(error).partition("\n  ")[2]
    return ""


@pytest.mark.parametrize("name", BOUND)
def test_a_name_that_a_module_of_ours_binds_is_found(tmp_path: Path, name: str) -> None:
    assert _fault(tmp_path, f"from edge_common.table import {name}") == ""


@pytest.mark.parametrize("name", UNBOUND)
def test_a_name_that_a_module_of_ours_never_binds_is_told_with_file_and_line(
    tmp_path: Path, name: str
) -> None:
    assert _fault(tmp_path, f"\nfrom edge_common.table import {name}").startswith(
        f"app/__main__.py:2 imports {name} from edge_common.table, which does not have it"
    )


@pytest.mark.parametrize(
    "text",
    [
        "from edge_common import table, plain",
        "from edge_common.plain import part",
        "from edge_common.lazy import whatever",
        "from edge_common.star import PLAIN",
        "from edge_common.dynamic import A",
        "from edge_common.table import *",
        "from . import __main__",
        "if TYPE_CHECKING:\n  from edge_common import no_such_name",
    ],
)
def test_what_may_be_there_when_it_runs_is_not_refused(tmp_path: Path, text: str) -> None:
    assert _fault(tmp_path, text) == ""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("from edge_common import outboxx", "imports outboxx from edge_common, which does not have it"),
        ("def f():\n  from edge_common import outboxx", ":2 imports outboxx from edge_common"),
        ("from edge_common.plain import other", "imports other from edge_common.plain, which does not"),
        ("import edge_common.no", "imports edge_common.no, which is not there"),
        ("import os.paths", "imports os.paths, which is not in the Python 3.11 of a device"),
        ("from os.paths import join", "imports os.paths, which is not in the Python 3.11 of a device"),
        ("import asyncio.nonsense", "imports asyncio.nonsense, which is not in the Python 3.11"),
        ("from collections import abcd", "imports abcd from collections, which does not have it"),
        ("import tkinter.ttk", "imports tkinter.ttk, which is not in the Python 3.11 of a device"),
        ("import msvcrt", "imports msvcrt, which is not in the Python 3.11 of a device"),
        ("from lib import absent", "imports absent from lib, which does not have it"),
        (
            "try:\n  import tomli\nexcept ImportError:\n  tomli = None",
            "brings along: name it there, or take the import away. One that may fail is no exception",
        ),
    ],
)
def test_an_import_of_ours_that_leads_nowhere_is_told_why(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in _fault(tmp_path, text, lib="")


@pytest.mark.parametrize(
    "text",
    [
        "import os.path, collections.abc, concurrent.futures, xml.etree.ElementTree, importlib.resources",
        "from concurrent import futures\nfrom importlib import metadata\nfrom os import path, fdatasync",
        "from typing import Self, _GenericAlias\nfrom lib import thing",
        "import asyncio.taskgroups, tomllib, wsgiref.types, _thread",
        "if sys.version_info[:2] < (3, 11):\n  import tomli",
        "if sys.version_info[0] == 2:\n  import tomli",
        "if sys.version_info.minor < 11:\n  import tomli",
        "if sys.version_info <= (3, 11):\n  import tomli",
    ],
)
def test_what_the_python_of_a_device_has_is_found(tmp_path: Path, text: str) -> None:
    assert _fault(tmp_path, text, lib="thing = 1") == ""


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("from typing import override", "3.12"),
        ("import zipfile._path", "3.12"),
        ("import pathlib.types", "3.14"),
        ("import compression.zstd", "3.14"),
        ("def f():\n  type Names = list[str]", "3.12"),
    ],
)
def test_what_a_later_python_brings_is_refused_for_an_earlier_one_whichever_builds(
    tmp_path: Path, text: str, since: str
) -> None:
    former = f"3.{int(since.removeprefix('3.')) - 1}"
    assert _fault(tmp_path, text, python=former) != ""


@pytest.mark.parametrize(
    "text", ["f'{a['b']}'", "f'{chr(10).join(x)!r:\\n}' f'{'\\n'}'", "f'{\n1}'", "f'''{ 1 # c\n}'''"]
)
def test_an_f_string_that_needs_python_312_is_refused_for_311_whichever_builds(
    tmp_path: Path, text: str
) -> None:
    assert _fault(tmp_path, f"import os\nx = {text}").startswith("app/__main__.py:")


@pytest.mark.parametrize(
    "text", ["f'{a[\"b\"]}\\n'", "f'''{a['b']}\n{1\n}'''", "f'{\"#\"}' # c", "f'{1:>{2}}'", "f'{{\\''"]
)
def test_an_f_string_that_python_311_reads_is_built_for_it(tmp_path: Path, text: str) -> None:
    assert _fault(tmp_path, f"x = {text}") == ""


def test_a_library_may_import_names_that_no_text_shows(tmp_path: Path) -> None:
    assert _fault(tmp_path, "import lib", lib="from lib2 import made_by_c\nimport os.paths", lib2="") == ""


def test_the_running_interpreter_does_not_decide(tmp_path: Path) -> None:
    assert _fault(tmp_path, "import asynchat", python="3.11") == ""
    assert _fault(tmp_path, "import asynchat", python="3.12") != ""
