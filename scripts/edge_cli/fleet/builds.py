"""What `edge build` has left: a recipe and a folder of artifacts for each component. Reads files only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli import recipes
from edge_cli.errors import CommandError


@dataclass(frozen=True, slots=True)
class Build:
    """One component, built.

    Attributes:
        name: Greengrass name.
        version: What it was built as.
        recipe: The file.
        artifacts: Folder of its artifacts and their checksums; may be missing.
    """

    name: str
    version: str
    recipe: Path
    artifacts: Path


def read(folder: Path) -> list[Build]:
    """Everything in a build folder, by name.

    Args:
        folder: Has `recipes/` and `artifacts/`.

    Raises:
        CommandError: A recipe is broken, or two are of one component.
    """
    builds: dict[str, Build] = {}
    for path in sorted((folder / "recipes").glob("*.yaml")):
        facts = recipes.read_facts(path)
        if facts.name in builds:
            raise CommandError(
                f"{folder} has two builds of {facts.name}: {builds[facts.name].recipe.name} and {path.name}. "
                "Delete the recipe that is not meant."
            )
        artifacts = folder / "artifacts" / facts.name / facts.version
        builds[facts.name] = Build(facts.name, facts.version, path, artifacts)
    return list(builds.values())


def chosen(words: Sequence[str], folder: Path) -> list[Build]:
    """The builds that a person means.

    Args:
        words: As `is_meant` takes them; none means all.
        folder: As for `read`.

    Raises:
        CommandError: There is no such build, or none at all.
    """
    builds = read(folder)
    if not builds:
        raise CommandError(f"There is nothing in {folder}. Build first: scripts/edge build")
    if not words:
        return builds
    picked: dict[str, Build] = {}
    for word in words:
        meant = [build for build in builds if is_meant(word, build.name)]
        if not meant:
            there_are = ", ".join(build.name for build in builds)
            raise CommandError(f"There is no '{word}' in {folder}. There are: {there_are}.")
        picked |= {build.name: build for build in meant}
    return list(picked.values())


def is_meant(word: str, name: str) -> bool:
    """Whether a person means this component: by its name, the last part of it, or its folder.

    >>> [is_meant(word, "com.acme.DoorBell") for word in ("door_bell", "Doorbell", "door")]
    [True, True, False]
    """
    last = name.rpartition(".")[2]
    return word.lower() == name.lower() or re.sub(r"[_-]", "", word.lower()) == re.sub(
        r"[_-]", "", last.lower()
    )
