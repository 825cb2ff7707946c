"""Libraries for another machine, by the real uv from a folder of wheels: taken, kept, refused."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from edge_cli.building.cache import Shelf
from edge_cli.building.libraries import distributions, fetch
from edge_cli.errors import CommandError
from edge_cli.targets import Architecture, PythonVersion, Target

LICENCE = "License-Expression: MIT\n"
DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
LAPTOP = Target(Architecture.X86_64, PythonVersion.PY311)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that uv looks for packages, with one for aarch64 that requires one for all."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    _write_wheel(folder, "needy", "cp311-abi3-manylinux_2_28_aarch64", "Requires-Dist: pure\n")
    _write_wheel(folder, "pure", "py3-none-any")
    return folder


def _write_wheel(folder: Path, name: str, tag: str, metadata: str = "") -> None:
    info = f"{name}-1.0.dist-info"
    texts = {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{LICENCE}{metadata}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/licenses/LICENSE": "Do as you like.",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as archive:
        for path, text in texts.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"]))


def _entry(wheel: Path) -> str:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{wheel.name.split('-')[0]}==1.0 \\\n    --hash=sha256:{digest}\n"


def _lock(wheels: Path) -> Path:
    lock = wheels.parent / "requirements.lock"
    lock.write_text("".join(_entry(wheel) for wheel in sorted(wheels.glob("*.whl"))))
    return lock


def _fetch(wheels: Path, target: Target = DEVICE, lock: Path | None = None) -> Path:
    (needy,) = wheels.glob("needy-*.whl")
    shelf = Shelf(wheels.parent / "cache", capacity=2)
    return fetch(_entry(needy), lock or _lock(wheels), target, shelf, progress=lambda _: None)


def test_a_library_comes_with_all_that_it_requires(wheels: Path) -> None:
    found = distributions(_fetch(wheels))
    assert [(one.name, one.version, one.licence, one.wheel_tags) for one in found] == [
        ("needy", "1.0", "MIT", ("cp311-abi3-manylinux_2_28_aarch64",)),
        ("pure", "1.0", "MIT", ("py3-none-any",)),
    ]
    assert found[0].licence_files == ("needy-1.0.dist-info/licenses/LICENSE",)


def test_what_was_fetched_once_is_there_without_any_index(wheels: Path) -> None:
    lock = _lock(wheels)
    first = _fetch(wheels, lock=lock)
    (wheels / "pure-1.0-py3-none-any.whl").rename(wheels / "hidden")
    assert _fetch(wheels, lock=lock) == first


def test_a_library_without_a_wheel_for_the_target_is_named_with_the_target(wheels: Path) -> None:
    with pytest.raises(CommandError, match=r"^needy==1\.0 has no wheel for x86_64, Python 3\.11.*--python"):
        _fetch(wheels, LAPTOP)


def test_a_library_that_is_not_the_locked_one_is_refused(wheels: Path) -> None:
    lock = _lock(wheels)
    _write_wheel(wheels, "pure", "py3-none-any", "Summary: something else\n")
    with pytest.raises(CommandError, match=r"(?s)Hash mismatch for `pure==1\.0`"):
        _fetch(wheels, lock=lock)


def test_a_requirement_that_the_lock_lacks_is_refused(wheels: Path) -> None:
    lock = _lock(wheels)
    (needy,) = wheels.glob("needy-*.whl")
    lock.write_text(_entry(needy))
    with pytest.raises(CommandError, match="pure"):
        _fetch(wheels, lock=lock)
