"""Artifacts as a user builds them, and what is inside, read by other means than the build's own."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_cli.project import PROJECT
from support.edge import edge_json

# What a build reads; everything else of the project may be missing.
BUILD_INPUT = ("components", "recipes", "scripts", "gdk-config.json", "pyproject.toml", "requirements.lock")


@dataclass(frozen=True, slots=True)
class BuiltZip:
    """One artifact.

    Attributes:
        component: Greengrass name.
        package: Its Python package.
        architecture: In the words of `uname -m`.
        python: Such as `3.11`.
        path: The ZIP file.
        limit_bytes: What its size may be.
    """

    component: str
    package: str
    architecture: str
    python: str
    path: Path
    limit_bytes: int

    def names(self) -> list[str]:
        """Paths of its entries."""
        with zipfile.ZipFile(self.path) as archive:
            return archive.namelist()

    def unpack(self, folder: Path) -> Path:
        """Unpack all of it; returns the folder."""
        with zipfile.ZipFile(self.path) as archive:
            archive.extractall(folder)
        return folder


def build_all(output: Path, *options: str) -> list[BuiltZip]:
    """`edge build` of every component."""
    document = edge_json("build", "--out", str(output), *options)
    return [
        BuiltZip(
            component=built["component"],
            package=Path(artifact["path"]).name.partition("-")[0],
            architecture=artifact["architecture"],
            python=artifact["python"],
            path=Path(artifact["path"]),
            limit_bytes=artifact["limit_bytes"],
        )
        for built in document
        for artifact in built["artifacts"]
    ]


def copy_project(folder: Path) -> Path:
    """What a build needs of this project, in another folder."""
    folder.mkdir()
    for name in BUILD_INPUT:
        subprocess.run(["cp", "-r", str(PROJECT / name), str(folder)], check=True)
    return folder


def edge_in(
    project: Path, *words: str, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `edge` of a copied project to its end, whatever that is.

    Args:
        project: The copy.
        words: The words after `scripts/edge`.
        before: A command that runs it, such as `unshare --net`.
        env: Environment variables beside the test's own.
    """
    return subprocess.run(
        [*before, sys.executable, "-m", "edge_cli", *words],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=project,
        env=environment_in(project) | dict(env or {}),
    )


def environment_in(project: Path) -> dict[str, str]:
    """The environment in which `python -m edge_cli` is the one of a copied project."""
    inherited = os.environ.get("PYTHONPATH")
    path = [str(project / "scripts"), *([inherited] if inherited else [])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def import_everything(folder: Path) -> dict[str, str]:
    """Import every module below a folder in a Python that has nothing else but the standard library.

    Returns:
        Module -> why it could not be imported; and module -> its file, where that lies anywhere else.
    """
    ended = subprocess.run(
        [sys.executable, "-S", "-E", "-W", "ignore", "-c", _IMPORT_ALL, str(folder)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        cwd=folder,
    )
    told: dict[str, str] = json.loads(ended.stdout.splitlines()[-1])
    return told


_IMPORT_ALL = """
import importlib, json, pathlib, sys, sysconfig
root = pathlib.Path(sys.argv[1]).resolve()
sys.path[:] = [str(root), *(p for p in sys.path if p and "site-packages" not in p)]
told = {}
for file in sorted([*root.rglob("*.py"), *root.rglob("*.so")]):
    parts = file.relative_to(root).parts
    name = ".".join([*parts[:-1], parts[-1].split(".")[0]]).removesuffix(".__init__")
    if name.endswith("__main__"):
        continue
    try:
        importlib.import_module(name)
    except BaseException as error:
        told[name] = f"{type(error).__name__}: {error}"
places = (str(root), sysconfig.get_path("stdlib"))
for name, module in list(sys.modules.items()):
    file = getattr(module, "__file__", None)
    if file and not file.startswith(places) or file and "site-packages" in file:
        told[name] = file
print(json.dumps(told))
"""
