"""The artifacts of our components: small, complete, for the right machine, wherever built the same."""

import os
import platform
import struct
import zipfile
from pathlib import Path

import pytest

from edge_cli.project import components
from support.built import BuiltZip, build_all, copy_project, edge_in, import_everything
from support.figures import Figure

EM_AARCH64, EM_X86_64 = 183, 62


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[BuiltZip]:
    """Every component for the device and for this machine."""
    return build_all(tmp_path_factory.mktemp("built"))


@pytest.fixture
def runs_here(built: list[BuiltZip]) -> list[BuiltZip]:
    """Those for this machine and this Python."""
    return [one for one in built if one.architecture == platform.machine()]


def test_every_component_is_built_for_the_device_and_for_this_machine(built: list[BuiltZip]) -> None:
    machines = {"aarch64", platform.machine()}
    assert {(one.package, one.architecture) for one in built} == {
        (component.package, machine) for component in components() for machine in machines
    }


def test_no_artifact_is_larger_than_its_limit_and_the_publisher_has_fifteen_megabytes(
    built: list[BuiltZip], figure: Figure
) -> None:
    for one in built:
        size = one.path.stat().st_size
        figure(f"artifact {one.package}, {one.architecture}", size_mb=round(size / 1e6, 1))
        assert size <= one.limit_bytes
    assert {one.limit_bytes for one in built if one.package == "mqtt_publisher"} == {15_000_000}


def test_compiled_files_are_for_the_processor_and_the_python_of_the_target(built: list[BuiltZip]) -> None:
    machine_by_architecture = {"aarch64": EM_AARCH64, "x86_64": EM_X86_64}
    seen = 0
    for one in built:
        tag = f"cpython-{one.python.replace('.', '')}-{one.architecture}-linux-gnu.so"
        with zipfile.ZipFile(one.path) as archive:
            for name in archive.namelist():
                if ".so" in Path(name).name:
                    body = archive.read(name)
                    assert body[:4] == b"\x7fELF", name
                    assert struct.unpack_from("<H", body, 18) == (machine_by_architecture[one.architecture],)
                    assert "cpython" not in name or name.endswith(tag)
                    seen += 1
    assert seen >= 4 * len(built)


def test_nothing_is_inside_that_only_a_developer_needs(built: list[BuiltZip]) -> None:
    for one in built:
        superfluous = [
            name
            for name in one.names()
            if {"tests", "test", "__pycache__"} & set(Path(name).parts)
            or Path(name).suffix in {".pyi", ".pyc", ".c", ".h", ".rst", ".typed"}
            or ".dist-info" in name
        ]
        assert superfluous == [], one.path.name


def test_a_library_of_a_gateway_that_is_not_used_stays_behind(built: list[BuiltZip]) -> None:
    for one in built:
        names = one.names()
        tops = {Path(name).parts[0] for name in names}
        if one.package in {"mqtt_publisher", "mqtt_subscriber"}:
            assert not {"boto3", "botocore", "urllib3", "inotify_simple.py"} & tops
            assert "edge_common/s3/__init__.py" not in names
        services = {
            Path(name).parts[2] for name in names if name.startswith("botocore/data/") and "-1" in name
        }
        assert services <= {"s3"}


def test_licences_of_all_libraries_are_inside(built: list[BuiltZip]) -> None:
    for one in built:
        with zipfile.ZipFile(one.path) as archive:
            text = archive.read("THIRD-PARTY-LICENCES.txt").decode()
        assert "awscrt " in text
        assert "Apache License" in text
        assert "MIT" in text


def test_every_module_inside_can_be_imported_where_there_is_nothing_else(
    runs_here: list[BuiltZip], tmp_path: Path
) -> None:
    assert runs_here
    for one in runs_here:
        assert import_everything(one.unpack(tmp_path / one.package)) == {}


@pytest.mark.parametrize(
    "components",
    [["mqtt_subscriber"], pytest.param([], marks=[pytest.mark.release, pytest.mark.timeout(600)], id="all")],
)
def test_two_builds_in_two_folders_are_the_same_bytes(tmp_path: Path, components: list[str]) -> None:
    """Whatever the umask, the locale, the time zone, the order of hashes and the times of the files."""
    outcomes = []
    for name, umask, env in (
        ("one", 0o022, {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "1"}),
        ("two/below", 0o077, {"LC_ALL": "C", "TZ": "Asia/Seoul", "PYTHONHASHSEED": "2"}),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        project = copy_project(tmp_path / name)
        for number, file in enumerate(sorted((project / "components").rglob("*.py"))):
            os.utime(file, (umask * 1_000_000 + number,) * 2)
        former = os.umask(umask)
        try:
            ended = edge_in(project, "build", *components, "--python", "3.11", env=env)
        finally:
            os.umask(former)
        assert ended.returncode == 0, ended.stderr
        outcomes.append(
            {
                file.relative_to(project).as_posix(): file.read_bytes()
                for file in (project / "greengrass-build").rglob("*")
                if file.is_file()
            }
        )
    assert outcomes[0].keys() == outcomes[1].keys()
    assert [path for path, body in outcomes[0].items() if body != outcomes[1][path]] == []
