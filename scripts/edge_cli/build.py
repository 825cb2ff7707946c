"""Our own code alone as an artifact, for a core on this machine whose Python has the libraries.

Built twice, the bytes are the same: files sorted, times fixed, nothing of the machine inside.
"""

import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_cli.errors import CommandError
from edge_cli.project import COMPONENTS, Component
from edge_cli.recipes import read_facts

SHARED_PACKAGE = COMPONENTS / "common" / "edge_common"
# The interpreter that recipes name: what a device has. The laptop may have a later one.
_PYTHON_SETTING = re.compile(r"^(\s*PYTHON:\s*[\"']?)python3(?:\.\d+)?([\"']?\s*(?:#.*)?)$", re.MULTILINE)
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_FILE_MODE = 0o100644
_LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@dataclass(frozen=True, slots=True)
class Built:
    """One component, built.

    Attributes:
        component: Its Greengrass name.
        version: As its recipe says.
        recipe: The recipe that was written.
        artifact: The zip that was written.
        size_bytes: Of the zip.
        seconds: What it took.
    """

    component: str
    version: str
    recipe: Path
    artifact: Path
    size_bytes: int
    seconds: float


def build(component: Component, output: Path, *, shared_package: Path = SHARED_PACKAGE) -> Built:
    """Build one component; what `output` held of it before, of any version, is replaced.

    Args:
        component: What to build.
        output: Folder that gets `recipes/` and `artifacts/`.
        shared_package: The package that goes into every artifact.

    Raises:
        CommandError: The recipe is not one, names another component, or there is no code.
        OSError: The output cannot be written.
    """
    started = time.monotonic()
    facts = read_facts(component.recipe)
    if facts.name != component.name:
        raise CommandError(
            f"The recipe {component.recipe} is of {facts.name}, its file name says {component.name}: "
            f"rename one of them."
        )
    for folder in (component.sources, shared_package):
        if not folder.is_dir():
            raise CommandError(f"{component.name} cannot be built: {folder} is not there.")
    artifacts = output / "artifacts" / component.name
    recipes = output / "recipes"
    recipes.mkdir(parents=True, exist_ok=True)
    for outdated in recipes.glob(f"{component.name}-[0-9]*.yaml"):
        outdated.unlink()
    shutil.rmtree(artifacts, ignore_errors=True)
    artifact = artifacts / facts.version / f"{component.package}.zip"
    artifact.parent.mkdir(parents=True)
    write_zip(artifact, [component.sources, shared_package])
    recipe = recipes / f"{component.name}-{facts.version}.yaml"
    recipe.write_text(for_this_machine(component.recipe.read_text(encoding="utf-8")), encoding="utf-8")
    return Built(
        component=component.name,
        version=facts.version,
        recipe=recipe,
        artifact=artifact,
        size_bytes=artifact.stat().st_size,
        seconds=time.monotonic() - started,
    )


def write_zip(path: Path, packages: list[Path]) -> None:
    """A zip with each package as a folder at its root; equal input gives equal bytes.

    It appears under its name only when it is whole.
    """
    unfinished = path.with_suffix(".partial")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for package in packages:
            for file in sorted(_files(package)):
                entry = zipfile.ZipInfo(f"{package.name}/{file.relative_to(package).as_posix()}", _FIXED_TIME)
                entry.external_attr = _FILE_MODE << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())
    unfinished.replace(path)


def _files(package: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(package):
        subfolders[:] = [name for name in subfolders if name not in _LEFT_OUT]
        yield from (Path(folder, name) for name in names if not name.endswith(".pyc"))


def for_this_machine(text: str, *, minor: int = sys.version_info.minor) -> str:
    r"""A recipe's text with the interpreter that this machine has.

    Args:
        text: The recipe; everything else in it, comments too, stays as it is.
        minor: N of the `python3.N` to name.

    >>> for_this_machine("        PYTHON: python3.11  # as on a device\n", minor=13)
    '        PYTHON: python3.13  # as on a device\n'
    """
    return _PYTHON_SETTING.sub(rf"\g<1>python3.{minor}\g<2>", text)
