"""The folder that a build leaves: `recipes/` and `artifacts/NAME/VERSION/`, of each component all or nothing.

Builds at once in one folder take turns. What was there before stays until everything new is on disk; what a
killed build had begun goes with the next.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from edge_cli.building.folders import alone_in, write

_SCRATCH = ".scratch-"


def make(output: Path) -> None:
    """Have the folder there; what is in its way is told before anything is built.

    Raises:
        OSError: It cannot be made.
    """
    (output / "recipes").mkdir(parents=True, exist_ok=True)
    (output / "artifacts").mkdir(exist_ok=True)


def artifacts_of(output: Path, name: str) -> Path:
    """The folder with all artifacts of a component, of any version."""
    return output / "artifacts" / name


def replace(
    output: Path, name: str, *, version_folder: str, artifacts: Mapping[str, bytes], recipe: tuple[str, str]
) -> tuple[Path, Path]:
    """Put one component there, instead of whatever there was of it.

    Args:
        output: As `make` has made it.
        name: Of the component.
        version_folder: Folder of its artifacts below `artifacts/NAME`.
        artifacts: File name -> body.
        recipe: File name and text.

    Returns:
        The folder of the artifacts, and the recipe.

    Raises:
        OSError: They cannot be written; what was there before is there still.
    """
    recipe_name, recipe_text = recipe
    with alone_in(output):
        for left in output.glob(f"{_SCRATCH}*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=output) as scratch:
            new, new_recipe = Path(scratch, "new"), Path(scratch, recipe_name)
            (new / version_folder).mkdir(parents=True)
            for file_name, body in artifacts.items():
                write(new / version_folder / file_name, body)
            write(new_recipe, recipe_text.encode())
            # From here on files only change their names.
            of_component = artifacts_of(output, name)
            if of_component.exists():
                of_component.rename(Path(scratch, "old"))
            new.rename(of_component)
            for outdated in (output / "recipes").glob(f"{name}-[0-9]*.yaml"):
                outdated.unlink()
            new_recipe.rename(output / "recipes" / recipe_name)
    return of_component / version_folder, output / "recipes" / recipe_name
