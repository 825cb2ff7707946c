"""The engine: which files, which checks, one list of findings."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_cli.errors import CommandError
from edge_cli.lint import reader
from edge_cli.lint.catalogue import PROJECT_RULES, RECIPE_RULES, RULES_ACROSS
from edge_cli.lint.finding import Finding
from edge_cli.lint.workspace import Workspace, read_workspace, recipe_paths
from edge_cli.project import PROJECT
from local_core.model.recipe import RECIPE_SUFFIXES


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        files: What was looked at.
        findings: By file and line.
    """

    files: Sequence[Path]
    findings: Sequence[Finding]


def lint(paths: Sequence[Path] = (), root: Path = PROJECT) -> Report:
    """Lint the project in `root`, or of it and of other recipes only what `paths` name.

    Args:
        paths: Recipes, gdk-config.json, folders with recipes, folders of components; none means the project.
        root: The project's folder.

    Raises:
        CommandError: A path does not exist, or there is nothing to lint in it.
    """
    ours = read_workspace(root)
    wanted = {file for path in paths for file in _named(path, ours)}
    project = ours.with_guests(sorted(wanted.difference(ours.files)))
    chosen = wanted or set(project.files)
    found = {finding for check in CHECKS for finding in check(project)}
    shown = [finding for finding in found if not wanted or finding.spot.path in chosen]
    return Report(sorted(chosen), sorted(shown))


def _unreadable(project: Workspace) -> Iterable[Finding]:
    return project.unreadable


def _by_the_reader(project: Workspace) -> Iterator[Finding]:
    for recipe in (*project.recipes, *project.guests):
        yield from reader.findings(recipe.source)


def _by_recipe_rules(project: Workspace) -> Iterator[Finding]:
    for rule in RECIPE_RULES:
        for recipe in (*project.recipes, *project.guests):
            yield from rule.findings(recipe)


def _across_recipes(project: Workspace) -> Iterator[Finding]:
    for rule in RULES_ACROSS:
        yield from rule.findings(project.recipes)
        yield from rule.findings(project.guests)


def _by_project_rules(project: Workspace) -> Iterator[Finding]:
    for rule in () if project.unreadable else PROJECT_RULES:  # what cannot be read is not missing
        yield from rule.findings(project)


# Another kind of file (the templates of the cloud) gets its check here, and its files in `Workspace`.
CHECKS: tuple[Callable[[Workspace], Iterable[Finding]], ...] = (
    _unreadable,
    _by_the_reader,
    _by_recipe_rules,
    _across_recipes,
    _by_project_rules,
)


def _named(path: Path, project: Workspace) -> list[Path]:
    """The files that a person means by `path`."""
    absolute = Path(os.path.normpath(path.absolute()))
    if absolute == project.root:
        found = list(project.files)
    elif absolute.is_dir():
        found = recipe_paths(absolute) or _of_component(absolute, project)
    elif absolute.is_file() and absolute.suffix.lower() in RECIPE_SUFFIXES:
        found = [absolute]
    elif absolute.exists():
        raise CommandError(f"{path} is no recipe: those end in {', '.join(RECIPE_SUFFIXES)}.")
    else:
        raise CommandError(f"There is no {path}. Name a recipe, a folder of recipes, or gdk-config.json.")
    if not found:
        raise CommandError(f"There is no recipe in {path}. Name a recipe, or a folder that holds some.")
    return found


def _of_component(folder: Path, project: Workspace) -> list[Path]:
    """The recipe of the component in `folder`, its Python package or anything below."""
    return [
        recipe.path
        for recipe in project.recipes
        if recipe.component and folder.is_relative_to(recipe.component.sources.parent)
    ]
