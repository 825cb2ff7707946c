"""What is taken to a board: recipes and the artifacts that fit it, checked, with a trace of what they are.

Beside the artifacts goes `recipe.digest`: the nucleus keeps it with them, so that a later deployment can tell
whether a version that is there already is the one that it has. (The recipe itself does not tell: the classic
nucleus writes it anew, in its own words; Lite keeps it as it came.) Reads and writes files only.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli import recipes
from edge_cli.building import checksums
from edge_cli.building.builds import Build
from edge_cli.configuration_option import Change, as_document
from edge_cli.device import interpreters
from edge_cli.device.board import Board
from edge_cli.device.nucleus import BoardDeployment
from edge_cli.errors import CommandError
from edge_cli.targets import Architecture

RECIPE_DIGEST = "recipe.digest"
UPDATE_CONFIG = "update-config.json"


@dataclass(frozen=True, slots=True)
class Pack:
    """What is taken to a board.

    Attributes:
        folder: On this machine; `recipes/` and `artifacts/NAME/VERSION/`, as either nucleus wants it.
        digests: Component -> where the nucleus keeps a file of it, below its `packages/` -> SHA-256 in hex.
    """

    folder: Path
    digests: Mapping[str, Mapping[str, str]]


def pack(builds: Sequence[Build], board: Board, folder: Path) -> Pack:
    """Put builds into `folder`.

    Args:
        builds: What was built.
        board: Whose processor they must fit.
        folder: Empty.

    Raises:
        CommandError: An artifact is not what was built, or some were not built for this processor.
    """
    for build in builds:
        checksums.verify(build.artifacts)
    fitting = {build.name: _fitting(build, board.machine) for build in builds}
    if foreign := [name for name, paths in fitting.items() if not paths]:
        raise _not_for(foreign, board)
    return Pack(folder, {build.name: _put(build, fitting[build.name], folder) for build in builds})


def _not_for(names: Sequence[str], board: Board) -> CommandError:
    what = f"{', '.join(names)} was not built for {board.machine}, the processor of {board.name}."
    if board.machine not in set(Architecture):
        return CommandError(
            f"{what} Components can be built for {' and '.join(Architecture)}: install a system of 64 bits."
        )
    found = interpreters.found_on(board, ())
    line = interpreters.build_line(names, board.machine, found)
    return CommandError(f"{what} It has {interpreters.describe(found)}. Build for it: {line}")


def _put(build: Build, artifacts: Sequence[Path], folder: Path) -> dict[str, str]:
    # Lite finds a recipe by this name; the classic nucleus by what is inside.
    recipe = folder / "recipes" / f"{build.name}-{build.version}.yaml"
    recipe.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(build.recipe, recipe)
    target = folder / "artifacts" / build.name / build.version
    target.mkdir(parents=True)
    for path in artifacts:
        shutil.copyfile(path, target / path.name)
    document = recipes.read_document(build.recipe)
    (target / RECIPE_DIGEST).write_text(_recipe_digest(document), encoding="ascii")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (*sorted(target.iterdir()), recipe)
    }


def write_configuration(changes: Mapping[str, Change], folder: Path) -> None:
    """Put `update-config.json` into the folder, for `BoardDeployment.changes_configuration`."""
    path = folder / UPDATE_CONFIG
    path.touch(mode=0o600)  # what a person configures may be secret, and this lies in the board's /tmp
    path.write_text(json.dumps(as_document(changes), ensure_ascii=False), encoding="utf-8")


def deployment(
    folder: str, builds: Sequence[Build], remove: Sequence[str], changes: Mapping[str, Change]
) -> BoardDeployment:
    """What the nucleus is told, with the folder as the board has it."""
    return BoardDeployment(folder, {build.name: build.version for build in builds}, remove, bool(changes))


def _fitting(build: Build, machine: str) -> list[Path]:
    return [path for path in sorted(build.artifacts.glob("*.zip")) if _fits(path, machine)]


def _fits(path: Path, machine: str) -> bool:
    """Whether an artifact is for this processor: the end of its name says so, or it names none."""
    return path.stem.endswith(f"-{machine}") or not path.stem.endswith(
        tuple(f"-{one}" for one in Architecture)
    )


def _recipe_digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
