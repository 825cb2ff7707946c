"""Of our own packages code goes into an artifact, and data that are named; anything else there is refused."""

import struct
from pathlib import Path

import pytest

from edge_cli.building.contents import LICENCES, gather
from edge_cli.errors import CommandError
from edge_cli.targets import Architecture, PythonVersion, Target

DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
SHARED_OBJECT, EXECUTABLE, AARCH64, X86_64 = 3, 2, 183, 62


def _elf(kind: int, machine: int) -> bytes:
    return b"\x7fELF\x02\x01" + bytes(10) + struct.pack("<HH", kind, machine)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A component's package with a module, beside the shared package."""
    for name, folder in (("app", tmp_path / "component"), ("edge_common", tmp_path / "common")):
        (folder / name / "deep").mkdir(parents=True)
        (folder / "pyproject.toml").write_text("")
        (folder / name / "__init__.py").write_text("")
    (tmp_path / "component/app/__main__.py").write_text("import app.deep.inner\nimport edge_common\n")
    (tmp_path / "component/app/deep/inner.py").write_text("")
    return tmp_path / "component/app"


def _gathered(package: Path) -> set[str]:
    own_roots = (package.parent, package.parents[1] / "common")
    code = {"app/__init__.py", "app/__main__.py", "app/deep/inner.py", "edge_common/__init__.py", LICENCES}
    return gather("app", own_roots, package.parents[1] / "libraries", DEVICE).files.keys() - code


def _name_data(package: Path, *patterns: str) -> None:
    (package.parent / "pyproject.toml").write_text(f"[tool.edge]\npackage_data = {list(patterns)}\n")


@pytest.mark.parametrize(
    "path",
    [
        "app/.env",
        "app/sink.py.orig",
        "app/notes/private.pem.key",
        "app/page.js",
        "app/README.md",
        "app/table.h",
        "edge_common/thing.private.pem",
        "edge_common/deep/TODO.txt",
    ],
)
def test_a_file_that_nobody_has_named_is_refused_by_its_path(package: Path, path: str) -> None:
    folder = package.parent if path.startswith("app/") else package.parents[1] / "common"
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text("hunter2")
    with pytest.raises(CommandError, match=rf"\n  {path} is not code, and package_data .*does not name it"):
        _gathered(package)


@pytest.mark.parametrize(
    "path",
    [
        ".mypy_cache/3.11/a.json",
        "__pycache__/inner.cpython-311.pyc",
        ".DS_Store",
        "deep/.inner.py.swp",
        "deep/inner.py~",
        "deep/#inner.py#",
        "inner.pyi",
        "py.typed",
    ],
)
def test_what_programs_leave_beside_code_stays_behind(package: Path, path: str) -> None:
    (package / path).parent.mkdir(parents=True, exist_ok=True)
    (package / path).write_text("{}")
    assert _gathered(package) == set()


def test_data_that_are_named_go_in_whatever_their_kind(package: Path) -> None:
    for name in ("limits.csv", "page.js", "deep/table.h"):
        (package / name).write_text("a")
    _name_data(package, "limits.csv", "page.*", "deep/*.h")
    assert _gathered(package) == {"app/limits.csv", "app/page.js", "app/deep/table.h"}


def test_a_hidden_file_is_named_by_no_pattern_for_others(package: Path) -> None:
    (package / "deep/.env").write_text("hunter2")
    (package / "deep/a.csv").write_text("a")
    _name_data(package, "deep/*")
    with pytest.raises(CommandError, match=r"app/deep/\.env is not code"):
        _gathered(package)
    _name_data(package, "deep/*", "deep/.e*")
    assert _gathered(package) == {"app/deep/.env", "app/deep/a.csv"}


def test_data_of_a_package_that_is_not_imported_stay_behind(package: Path) -> None:
    (package / "unused").mkdir()
    (package / "unused/__init__.py").write_text("")
    (package / "unused/table.csv").write_text("a")
    _name_data(package, "unused/*.csv")
    assert _gathered(package) == set()


def test_a_pattern_that_names_no_file_is_refused(package: Path) -> None:
    _name_data(package, "limit.csv")
    with pytest.raises(CommandError, match=r"pyproject\.toml: package_data .* names limit\.csv: no file in"):
        _gathered(package)


def test_a_list_of_data_that_is_none_is_refused(package: Path) -> None:
    (package.parent / "pyproject.toml").write_text('[tool.edge]\npackage_data = "limits.csv"\n')
    with pytest.raises(CommandError, match=r"must be a list of paths in the package"):
        _gathered(package)


@pytest.mark.parametrize("name", ["host", "host.py", "deep/host.csv"])
@pytest.mark.parametrize("target", ["/etc/hostname", "../../pyproject.toml", "/nowhere", ".", "/etc"])
def test_a_link_out_of_the_package_is_refused_though_it_is_named(
    package: Path, name: str, target: str
) -> None:
    (package / name).symlink_to(target)
    _name_data(package, "*host*")
    with pytest.raises(
        CommandError, match=rf"\n  app/{name} is a link that leaves its package or leads to no file"
    ):
        _gathered(package)


def test_a_link_to_a_module_of_the_same_package_is_taken_as_that(package: Path) -> None:
    (package / "deep/alias.py").symlink_to("inner.py")
    (package / "__main__.py").write_text("import edge_common, app.deep.inner, app.deep.alias\n")
    assert _gathered(package) == {"app/deep/alias.py"}


@pytest.mark.parametrize("kind", [SHARED_OBJECT, EXECUTABLE])
def test_a_program_for_another_machine_is_refused_whatever_its_name(package: Path, kind: int) -> None:
    _name_data(package, "tool")
    (package / "tool").write_bytes(_elf(kind, AARCH64))
    assert _gathered(package) == {"app/tool"}
    (package / "tool").write_bytes(_elf(kind, X86_64))
    with pytest.raises(CommandError, match="app/tool is for x86_64, not for aarch64"):
        _gathered(package)
