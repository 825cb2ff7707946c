"""One artifact: made, or taken from what has been made before of the same input."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_cli.building.archive import zipped
from edge_cli.building.cache import CACHE, Shelf
from edge_cli.building.contents import LibrariesError, gather
from edge_cli.building.folders import write
from edge_cli.building.libraries import Progress, fetch, forget
from edge_cli.building.lock import pinned
from edge_cli.building.sbom import materials
from edge_cli.project import COMPONENTS, LOCK, Component
from edge_cli.targets import Target

_THIS_PROGRAM = Path(__file__).parent
_ZIP, _ABOUT = "artifact.zip", "about.json"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where what is built comes from.

    Attributes:
        shared: The project folder of `edge_common`: its `pyproject.toml` and the package.
        lock: `requirements.lock`.
        cache: Folder for what has been made once.
    """

    shared: Path
    lock: Path
    cache: Path

    @property
    def libraries(self) -> Shelf:
        """Folders of unpacked libraries, some 80 MB each, hard links to uv's own cache where they can be."""
        return Shelf(self.cache / "libraries", capacity=24)

    @property
    def artifacts(self) -> Shelf:
        """Artifacts, some 10 MB each."""
        return Shelf(self.cache / "artifacts", capacity=48)


PROJECT_SOURCES = Sources(shared=COMPONENTS / "common", lock=LOCK, cache=CACHE)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact, in memory.

    Attributes:
        body: The ZIP file.
        sha256: Of it, in hex.
        materials: What it holds beside our own code, as `sbom.materials` has it.
    """

    body: bytes
    sha256: str
    materials: list[dict[str, Any]]


def make(component: Component, target: Target, sources: Sources, progress: Progress) -> Artifact:
    """Make the artifact of a component for a target.

    Raises:
        CommandError: It cannot be made; names every reason.
        OSError: A file cannot be read or the cache cannot be written.
    """
    requirements = _requirements(component, sources)
    key = _key(component, target, sources, requirements)
    if kept := sources.artifacts.find(key):
        if artifact := _take(kept):
            return artifact
        sources.artifacts.discard(key)
    libraries = libraries_of(component, target, sources, progress)
    progress(f"Building {component.name} for {target}")
    try:
        contents = gather(component.package, (component.sources.parent, sources.shared), libraries, target)
    except LibrariesError:
        forget(requirements, sources.lock, target, sources.libraries)  # or they would be at fault for good
        raise
    body = zipped(contents.files)
    artifact = Artifact(body, hashlib.sha256(body).hexdigest(), materials(contents.distributions))
    with sources.artifacts.place(key) as folder:
        write(folder / _ZIP, body)
        about = {"sha256": artifact.sha256, "materials": artifact.materials}
        write(folder / _ABOUT, json.dumps(about).encode())
    return artifact


def libraries_of(component: Component, target: Target, sources: Sources, progress: Progress) -> Path:
    """Have the libraries of a component in the cache, unpacked, as `libraries.fetch` does.

    Raises:
        CommandError: They cannot be had.
    """
    return fetch(_requirements(component, sources), sources.lock, target, sources.libraries, progress)


def _requirements(component: Component, sources: Sources) -> str:
    projects = (component.sources.parent, sources.shared)
    return pinned(tuple(project / "pyproject.toml" for project in projects), sources.lock)


def _key(component: Component, target: Target, sources: Sources, requirements: str) -> str:
    """Of everything that the artifact depends on, this program too."""
    digest = hashlib.sha256(
        f"{component.package}\0{target.tag}\0{target.wheel_platform}\0{requirements}\0".encode()
    )
    for file in (sources.lock, component.sources.parent / "pyproject.toml"):
        digest.update(file.read_bytes())
    for root in (component.sources, sources.shared, _THIS_PROGRAM):
        for file in sorted(_source_files(root)):
            body = file.read_bytes()
            digest.update(f"{file.relative_to(root).as_posix()}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()


def _source_files(root: Path) -> Iterator[Path]:
    return (file for file in root.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def _take(folder: Path) -> Artifact | None:
    """What lies in the cache; None when it is not what was put there, or another process has made room."""
    try:
        body = (folder / _ZIP).read_bytes()
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if hashlib.sha256(body).hexdigest() != about["sha256"]:
        return None
    return Artifact(body, about["sha256"], about["materials"])
