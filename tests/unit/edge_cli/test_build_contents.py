"""What of a library goes into an artifact beside its modules, and what of it is refused."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from edge_cli.building.contents import LICENCES, LibrariesError, gather
from edge_cli.building.library_rules import LibraryRules
from edge_cli.errors import CommandError
from edge_cli.targets import Architecture, PythonVersion, Target
from support.installed import install

NO_RULES = LibraryRules(left_out={}, optional={}, by_name={}, resources={}, made_by={})
DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
AARCH64, X86_64 = 183, 62


def _elf(machine: int) -> str:
    return (b"\x7fELF\x02\x01" + bytes(10) + struct.pack("<HH", 3, machine)).decode("latin-1")


def _files(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="latin-1")
    return folder


def _gathered(tmp_path: Path, main: str, library: dict[str, str], rules: LibraryRules = NO_RULES) -> set[str]:
    own = _files(tmp_path / "own", {"app/__main__.py": main, "pyproject.toml": ""})
    libraries = install(
        tmp_path / "libraries", {path: text.encode("latin-1") for path, text in library.items()}
    )
    return set(gather("app", (own,), libraries, DEVICE, rules).files) - {LICENCES, "app/__main__.py"}


def test_no_rule_excuses_an_import_that_nobody_catches(tmp_path: Path) -> None:
    rules = replace(NO_RULES, optional={("lib", "absent"): "a reason"})
    with pytest.raises(CommandError, match=r"lib\.py:1 imports absent"):
        _gathered(tmp_path, "import lib", {"lib.py": "import absent"}, rules)
    assert _gathered(tmp_path, "import lib", {"lib.py": "def f():\n  import absent"}, rules) == {"lib.py"}


def test_an_import_that_may_fail_needs_a_rule_with_a_reason(tmp_path: Path) -> None:
    text = "try:\n  import absent\nexcept ImportError:\n  pass"
    with pytest.raises(CommandError, match=r"lib\.py:2 imports absent.*say in libraries\.toml why not"):
        _gathered(tmp_path, "import lib", {"lib.py": text})


def test_no_rule_excuses_our_own_code(tmp_path: Path) -> None:
    rules = replace(NO_RULES, optional={("app", "absent"): "a reason"})
    with pytest.raises(CommandError, match="imports absent"):
        _gathered(tmp_path, "def f():\n  import absent", {}, rules)


@pytest.mark.parametrize("name", ["_fast.cpython-311-aarch64-linux-gnu.so", "_fast.abi3.so"])
def test_a_compiled_file_for_another_machine_is_refused(tmp_path: Path, name: str) -> None:
    library = {"lib/__init__.py": "from lib import _fast", f"lib/{name}": _elf(AARCH64)}
    assert _gathered(tmp_path, "import lib", library) == set(library)
    with pytest.raises(CommandError, match=rf"lib/{name} is for x86_64, not for aarch64"):
        _gathered(tmp_path, "import lib", library | {f"lib/{name}": _elf(X86_64)})


def test_shared_libraries_of_a_wheel_go_where_its_extension_goes_and_are_checked_too(tmp_path: Path) -> None:
    library = {
        "lib/__init__.py": "from lib import _fast",
        "lib/_fast.abi3.so": _elf(AARCH64),
        "lib.libs/libdeep-0a.so.1": _elf(AARCH64),
        "lib-1.dist-info/licenses/COPYING": "Do as you like.",
    }
    inside = {"lib/__init__.py", "lib/_fast.abi3.so", "lib.libs/libdeep-0a.so.1"}
    assert _gathered(tmp_path, "import lib", library) == inside
    assert _gathered(tmp_path, "import json", {}) == set()
    with pytest.raises(CommandError, match=r"libdeep-0a\.so\.1 is for x86_64"):
        _gathered(tmp_path, "import lib", library | {"lib.libs/libdeep-0a.so.1": _elf(X86_64)})


def test_files_beside_the_modules_go_in_unless_rules_say_which(tmp_path: Path) -> None:
    library = {
        "lib/__init__.py": "",
        "lib/table.csv": "",
        "lib/models/s3/v1.json": "",
        "lib/models/ec2/v1.json": "",
        "lib/stub.pyi": "",
        "lib/fast.c": "",
        "lib/unused/__init__.py": "",
        "lib/unused/table.csv": "",
        "other/__init__.py": "",
        "other/table.csv": "",
    }
    main = "import lib\nlib.Session().client('s3')"
    everything = {"lib/__init__.py", "lib/table.csv", "lib/models/s3/v1.json", "lib/models/ec2/v1.json"}
    assert _gathered(tmp_path, main, library) == everything
    rules = replace(NO_RULES, resources={"lib": ("models/{service}/*.json",)})
    assert _gathered(tmp_path, main, library, rules) == {"lib/__init__.py", "lib/models/s3/v1.json"}


def test_a_file_of_a_library_that_was_changed_in_place_is_refused(tmp_path: Path) -> None:
    """It may be one file with that in `.venv`, where somebody looks for a fault."""
    _gathered(tmp_path, "import lib", {"lib/__init__.py": "A = 1", "lib/table.csv": "a"})
    own, libraries = tmp_path / "own", tmp_path / "libraries"
    (libraries / "lib/__init__.py").write_text("A = 1; print(A)")
    (libraries / "lib/added.csv").write_text("a")
    with pytest.raises(
        LibrariesError, match=r"(?s)lib/__init__\.py is not what its wheel.*lib/added\.csv is"
    ):
        gather("app", (own,), libraries, DEVICE, NO_RULES)


def test_what_is_wrong_with_libraries_is_told_from_what_is_wrong_with_our_code(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as ours:
        _gathered(tmp_path, "import absent", {"lib.py": ""})
    assert not isinstance(ours.value, LibrariesError)
    with pytest.raises(
        LibrariesError, match=r"(?s)app/__main__\.py:2 imports absent.*lib\.py:1 imports gone"
    ):
        _gathered(tmp_path, "import lib\nimport absent", {"lib.py": "import gone"})
