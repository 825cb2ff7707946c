"""The folder that a build leaves: of each component everything new or everything old."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge_cli.building import build_folder
from edge_cli.building.folders import alone_in
from support.file_size import file_size_limit

NAME = "com.example.DemoThing"


def _replace(output: Path, version: str, artifacts: Mapping[str, bytes]) -> None:
    build_folder.make(output)
    build_folder.replace(
        output,
        NAME,
        version_folder=version,
        artifacts=artifacts,
        recipe=(f"{NAME}-{version}.yaml", f"of {version}"),
    )


def _tree(output: Path) -> dict[str, bytes]:
    files = (path for path in output.rglob("*") if path.is_file())
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in files}


def test_nothing_is_left_of_another_version(tmp_path: Path) -> None:
    _replace(tmp_path, "1.0.0", {"a.zip": b"1", "b.zip": b"1"})
    _replace(tmp_path, "1.1.0", {"a.zip": b"2"})
    assert _tree(tmp_path) == {
        f"artifacts/{NAME}/1.1.0/a.zip": b"2",
        f"recipes/{NAME}-1.1.0.yaml": b"of 1.1.0",
    }


def test_what_was_there_stays_when_the_new_does_not_fit_and_the_message_names_the_file(
    tmp_path: Path,
) -> None:
    _replace(tmp_path, "1.0.0", {"a.zip": b"1"})
    before = _tree(tmp_path)
    with file_size_limit(1000), pytest.raises(OSError, match=r"large\.zip"):
        _replace(tmp_path, "1.1.0", {"a.zip": b"2", "large.zip": bytes(2000)})
    assert _tree(tmp_path) == before


def test_what_a_killed_build_had_begun_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".scratch-killed/new/1.0.0").mkdir(parents=True)
    _replace(tmp_path, "1.0.0", {"a.zip": b"1"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "recipes"]


def test_builds_in_one_folder_take_turns(tmp_path: Path) -> None:
    _replace(tmp_path, "1.0.0", {})
    second = threading.Thread(target=_replace, args=(tmp_path, "1.1.0", {"a.zip": b"2"}))
    with alone_in(tmp_path):
        second.start()
        second.join(0.2)  # it would need a hundredth of that
        assert second.is_alive()
    second.join()
    assert (tmp_path / f"artifacts/{NAME}/1.1.0/a.zip").exists()


def test_components_whose_names_begin_alike_leave_each_other_alone(tmp_path: Path) -> None:
    build_folder.make(tmp_path)
    for name in (NAME, f"{NAME}2", f"{NAME}-more"):
        build_folder.replace(
            tmp_path,
            name,
            version_folder="1.0.0",
            artifacts={"a.zip": b""},
            recipe=(f"{name}-1.0.0.yaml", ""),
        )
    _replace(tmp_path, "2.0.0", {})
    assert sorted(path.name for path in (tmp_path / "recipes").iterdir()) == [
        f"{NAME}-2.0.0.yaml",
        f"{NAME}-more-1.0.0.yaml",
        f"{NAME}2-1.0.0.yaml",
    ]
