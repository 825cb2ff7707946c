"""What is taken to a board: recipes and the artifacts that fit it, checked, with a trace of what they are.

Beside the artifacts goes `recipe.digest`: the nucleus keeps it with them, so that a later deployment can tell
whether a version that is there already is the one that it has. (The recipe itself does not tell: the classic
nucleus writes it anew, in its own words; Lite keeps it as it came.) Reads and writes files only.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_cli import recipes
from edge_cli.building import checksums
from edge_cli.device.commanding import Order
from edge_cli.errors import CommandError
from edge_cli.fleet.builds import Build
from edge_cli.targets import Architecture

RECIPE_DIGEST = "recipe.digest"
UPDATE_CONFIG = "update-config.json"


def pack(build: Build, machine: str, folder: Path) -> dict[str, str]:
    """Put one build into `folder`, as greengrass-cli and ggl-cli want it.

    Args:
        build: What was built.
        machine: The board's processor, as `uname -m` has it.
        folder: `recipes/` and `artifacts/NAME/VERSION/` are made below it.

    Returns:
        Where the nucleus keeps a file, below its `packages/` -> the SHA-256 of ours in hex.

    Raises:
        CommandError: An artifact is not what was built, or there is none for this processor.
    """
    document = recipes.read_document(build.recipe)
    checksums.verify(build.artifacts)
    fitting = [path for path in sorted(build.artifacts.glob("*.zip")) if _fits(path, machine)]
    if not fitting:
        raise CommandError(
            f"{build.name} {build.version} was not built for {machine}. Build it: scripts/edge build "
            f"--arch {machine.replace('arm64', 'aarch64')}"
        )
    # Lite finds a recipe by this name; the classic nucleus by what is inside.
    recipe = folder / "recipes" / f"{build.name}-{build.version}.yaml"
    recipe.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(build.recipe, recipe)
    target = folder / "artifacts" / build.name / build.version
    target.mkdir(parents=True)
    for path in fitting:
        shutil.copyfile(path, target / path.name)
    (target / RECIPE_DIGEST).write_text(_recipe_digest(document), encoding="ascii")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (*sorted(target.iterdir()), recipe)
    }


def write_configuration(changes: Mapping[str, Any], folder: Path) -> None:
    """Put `update-config.json` into the folder, for `Order.changes_configuration`."""
    path = folder / UPDATE_CONFIG
    path.touch(mode=0o600)  # what a person configures may be secret, and this lies in the board's /tmp
    path.write_text(json.dumps(changes, ensure_ascii=False), encoding="utf-8")


def grants(build: Build) -> Any:
    """`accessControl` of a build's recipe; {} where it has none."""
    document = recipes.read_document(build.recipe)
    defaults = (document.get("ComponentConfiguration") or {}).get("DefaultConfiguration") or {}
    return defaults.get("accessControl") or {}


def order(folder: str, builds: Sequence[Build], remove: Sequence[str], changes: Mapping[str, Any]) -> Order:
    """What the nucleus is told, with the folder as the board has it."""
    return Order(folder, {build.name: build.version for build in builds}, remove, bool(changes))


def _fits(path: Path, machine: str) -> bool:
    """Whether an artifact is for this processor: the end of its name says so, or it names none."""
    return path.stem.endswith(f"-{machine}") or not path.stem.endswith(
        tuple(f"-{one}" for one in Architecture)
    )


def _recipe_digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
