"""What `edge build` has left: a recipe and a folder of artifacts for each component. Reads files only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli import recipes
from edge_cli.errors import CommandError
from edge_cli.project import is_meant


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
                "Delete the recipe that you do not want."
            )
        artifacts = folder / "artifacts" / facts.name / facts.version
        builds[facts.name] = Build(facts.name, facts.version, path, artifacts)
    return list(builds.values())


def chosen(words: Sequence[str], folder: Path) -> list[Build]:
    """The builds that a person means.

    Args:
        words: As `project.is_meant` takes them; none means all.
        folder: As for `read`.

    Raises:
        CommandError: There is no such build, or none at all; or more than one may be meant.
    """
    builds = {build.name: build for build in read(folder)}
    if not builds:
        raise CommandError(f"There is nothing in {folder}. Build first: scripts/edge build")
    if not words:
        _refuse_namesakes(folder, builds)
        return list(builds.values())
    picked: dict[str, Build] = {}
    for word in words:
        name = meant(word, builds)
        if name is None:
            raise CommandError(f"There is no '{word}' in {folder}. There are: {', '.join(builds)}.")
        picked[name] = builds[name]
    return list(picked.values())


def meant(word: str, names: Iterable[str]) -> str | None:
    """The one name that a person means by a word; None when they mean none of these.

    Raises:
        CommandError: The word fits several, and is none of them in full.
    """
    fitting = [name for name in names if is_meant(word, name)]
    if word in fitting or len(fitting) <= 1:
        return word if word in fitting else next(iter(fitting), None)
    raise CommandError(f"'{word}' may mean {' or '.join(sorted(fitting))}: name the one you mean in full.")


def _refuse_namesakes(folder: Path, names: Iterable[str]) -> None:
    """Two builds of one component in two namespaces are most likely one more than somebody wants."""
    by_last: dict[str, list[str]] = {}
    for name in names:
        by_last.setdefault(name.rpartition(".")[2].lower(), []).append(name)
    if namesakes := [" and ".join(same) for same in by_last.values() if len(same) > 1]:
        first = next(same[0] for same in by_last.values() if len(same) > 1)
        raise CommandError(
            f"{folder} has {'; '.join(namesakes)}: one component in several namespaces. Name in full those "
            f"that you mean, e.g. {first}, or delete the recipes of the others from {folder / 'recipes'}."
        )
