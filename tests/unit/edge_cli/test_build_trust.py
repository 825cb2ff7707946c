"""Libraries are those of the lock, wherever a build is called and whoever has changed them meanwhile."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from edge_cli import targets
from edge_cli.building.artifact import Sources
from edge_cli.building.contents import LibrariesError
from edge_cli.building.libraries import fetch
from edge_cli.errors import CommandError
from support.demo_thing import DEVICE, build_in, write_project
from support.installed import install

WHEEL = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: %s\n"
METADATA = b"Metadata-Version: 2.4\nName: %s\nVersion: 1\n%s"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose component imports a library for aarch64, which requires one for all."""
    wheels = tmp_path / "wheels"
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    write_project(tmp_path)
    needy = _wheel(wheels, "needy", b"cp311-abi3-manylinux_2_28_aarch64", b"Requires-Dist: pure\n")
    (tmp_path / "requirements.lock").write_text(needy + _wheel(wheels, "pure", b"py3-none-any"))
    shared = tmp_path / "components/common/pyproject.toml"
    shared.write_text('[project]\nname = "x"\ndependencies = ["needy"]\n')
    (tmp_path / "components/common/edge_common/clock.py").write_text("import needy\n")
    return tmp_path


def _wheel(folder: Path, name: str, tag: bytes, requires: bytes = b"") -> str:
    """Write a wheel; returns its entry in a lock."""
    info = f"{name}-1.dist-info"
    text = b"import pure\n" if requires else b""
    files = {
        f"{name}/__init__.py": text,
        f"{info}/WHEEL": WHEEL % tag,
        f"{info}/METADATA": METADATA % (name.encode(), requires),
    }
    unpacked = install(folder.parent / "unpacked" / name, files, name)
    folder.mkdir(exist_ok=True)
    wheel = folder / f"{name}-1-{tag.decode()}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in sorted(unpacked.rglob("*")):
            archive.write(file, file.relative_to(unpacked))
    return f"{name}==1 \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def _kept(project: Path) -> Path:
    """The library in the cache."""
    (found,) = (project / "build/cache/libraries").glob("*/libraries/needy/__init__.py")
    return found


def test_settings_of_uv_where_a_build_is_called_decide_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set of libraries without what they require would be kept, and taken by every later build."""
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "uv.toml").write_text("[pip]\nno-deps = true\n")
    monkeypatch.chdir(elsewhere)
    build_in(project)
    assert (_kept(project).parents[1] / "pure/__init__.py").is_file()


def test_a_library_that_was_changed_in_the_cache_is_refused_once_and_then_had_anew(project: Path) -> None:
    former = build_in(project).artifacts[0].sha256
    changed = _kept(project)
    changed.unlink()  # it is one file with that in uv's cache
    changed.write_text("import pure; print('looking for a fault')\n")
    module = project / "components/demo_thing/demo_thing/logic.py"
    text = module.read_text()
    module.write_text(f"{text}#")
    with pytest.raises(LibrariesError, match=r"needy/__init__\.py is not what its wheel brought"):
        build_in(project)
    assert build_in(project).artifacts[0].sha256 != former
    module.write_text(text)
    assert build_in(project).artifacts[0].sha256 == former


def test_a_fault_of_our_own_code_costs_no_libraries(project: Path) -> None:
    build_in(project)
    kept = _kept(project)
    (project / "components/demo_thing/demo_thing/logic.py").write_text("import absent\n")
    with pytest.raises(CommandError, match="imports absent"):
        build_in(project)
    assert kept.is_file()


def test_what_decides_which_wheels_fit_decides_what_is_taken_from_the_cache(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_in(project)
    monkeypatch.setattr(targets, "_LIBC", "manylinux_2_17")
    with pytest.raises(CommandError, match=r"needy==1 has no wheel.*manylinux_2_17"):
        build_in(project)
    sources = Sources(project / "components/common", project / "requirements.lock", project / "build/cache")
    entry = sources.lock.read_text().split("pure==")[0]
    with pytest.raises(CommandError, match=r"needy==1 has no wheel.*manylinux_2_17"):
        fetch(entry, sources.lock, DEVICE, sources.libraries, progress=lambda _: None)


def test_a_file_that_pyproject_names_now_is_in_the_next_build(project: Path) -> None:
    former = build_in(project).artifacts[0].sha256
    pyproject = project / "components/demo_thing/pyproject.toml"
    (project / "components/demo_thing/demo_thing/nobody.csv").write_text("a")
    pyproject.write_text(pyproject.read_text().replace('"*.csv"', '"limits.csv", "nobody.csv"'))
    named = build_in(project).artifacts[0].sha256
    pyproject.write_text(pyproject.read_text().replace(', "nobody.csv"', ""))
    assert named != former
    with pytest.raises(CommandError, match=r"demo_thing/nobody\.csv is not code"):
        build_in(project)
