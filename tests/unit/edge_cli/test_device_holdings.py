"""What a classic nucleus keeps, in its own folders and forms, and what is told from it."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge_cli.building import builds
from edge_cli.device import holdings, packing
from edge_cli.device.classic import ClassicNucleus
from edge_cli.device.this_board import ThisBoard
from edge_cli.errors import CommandError
from support.board.board import install_program, publishing_to, write_build

NAME = "com.example.Kept"


def _packed(build: Path, folder: Path) -> tuple[builds.Build, Mapping[str, str]]:
    (made,) = builds.read(build)
    shutil.rmtree(folder, ignore_errors=True)
    return made, packing.pack([made], ThisBoard(), folder).digests[made.name]


def _keep(packed: Path, root: Path) -> None:
    """As the classic nucleus: the artifact folder as it came, the recipe in words of its own."""
    shutil.copytree(packed / "artifacts", root / "packages" / "artifacts")
    recipes = root / "packages" / "recipes"
    recipes.mkdir()
    (recipes / "hash@1.0.0.recipe.yaml").write_text("componentName: com.example.Kept\n")


def test_same_build_is_recognised(tmp_path: Path) -> None:
    write_build(tmp_path / "build", NAME, "true")
    build, digests = _packed(tmp_path / "build", tmp_path / "packed")
    _keep(tmp_path / "packed", tmp_path / "root")
    holdings.refuse_other_content(ClassicNucleus(ThisBoard(), str(tmp_path / "root")), build, digests)


def test_other_recipe_with_the_same_artifact_is_refused_and_the_next_free_version_offered(
    tmp_path: Path,
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    _packed(tmp_path / "build", tmp_path / "packed")
    _keep(tmp_path / "packed", tmp_path / "root")
    (tmp_path / "root" / "packages" / "artifacts" / NAME / "1.0.4").mkdir()
    write_build(tmp_path / "build", NAME, "true", grants=publishing_to("a"))
    build, digests = _packed(tmp_path / "build", tmp_path / "packed")
    nucleus = ClassicNucleus(ThisBoard(), str(tmp_path / "root"))
    with pytest.raises(CommandError, match=r"another recipe.*recipe to 1\.0\.5 and build it.*build Kept"):
        holdings.refuse_other_content(nucleus, build, digests)


def test_version_that_is_new_to_the_board_is_admitted(tmp_path: Path) -> None:
    write_build(tmp_path / "build", NAME, "true")
    build, digests = _packed(tmp_path / "build", tmp_path / "packed")
    holdings.refuse_other_content(ClassicNucleus(ThisBoard(), str(tmp_path / "root")), build, digests)


def test_content_that_cannot_be_read_is_not_taken_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    build, digests = _packed(tmp_path / "build", tmp_path / "packed")
    complaint = 'for file; do echo "sha256sum: $file: Permission denied" >&2; done; exit 1'
    install_program(tmp_path / "programs" / "sha256sum", complaint)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    nucleus = ClassicNucleus(ThisBoard(), str(tmp_path / "root"))
    with pytest.raises(CommandError, match=r"cannot be seen.*Permission denied"):
        holdings.refuse_other_content(nucleus, build, digests)


def test_only_what_fits_the_board_is_taken_there(tmp_path: Path) -> None:
    board = ThisBoard()
    write_build(tmp_path / "build", NAME, "true", machine="x86_64")
    write_build(tmp_path / "build", NAME, "true", machine="aarch64")
    packing.pack(builds.read(tmp_path / "build"), board, tmp_path / "packed")
    assert [path.name for path in (tmp_path / "packed").rglob("*.zip")] == [f"part-cp311-{board.machine}.zip"]
    assert (tmp_path / "packed" / "recipes" / f"{NAME}-1.0.0.yaml").is_file()  # the name that Lite wants
