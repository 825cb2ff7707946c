"""The engine: which files, which checks, one list of findings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_cli import gdk_config, recipes
from edge_cli.errors import CommandError
from edge_cli.lint import reader, templates
from edge_cli.lint.all_rules import PROJECT_RULES, RECIPE_RULES, RULES_ACROSS
from edge_cli.lint.finding import Finding
from edge_cli.lint.workspace import Workspace, read_workspace, recipe_paths
from edge_cli.project import PROJECT
from local_core.model.recipe import RECIPE_SUFFIXES

_EVERY_RECIPE_HAS = ("RecipeFormatVersion", "ComponentName")


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
        paths: Recipes, gdk-config.json, templates, folders with such, folders of components; none means all.
        root: The project's folder.

    Raises:
        CommandError: A path does not exist, or there is nothing to lint in it.
    """
    ours = read_workspace(root.resolve())
    wanted = {file for path in paths for file in _named(path, ours)}
    project = ours.with_guests(sorted(wanted.difference(ours.files)))
    chosen = wanted or set(project.files)
    # Templates have nothing to do with the rest, and take long.
    project = replace(project, templates=[path for path in project.templates if path in chosen])
    found = {finding for check in CHECKS for finding in check(project)}
    partial = set(project.unreadable)  # nobody may take what was not read for clean
    shown = [one for one in found if not wanted or one.spot.path in chosen or one in partial]
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


CHECKS: tuple[Callable[[Workspace], Iterable[Finding]], ...] = (
    _unreadable,
    _by_the_reader,
    _by_recipe_rules,
    _across_recipes,
    _by_project_rules,
    templates.findings,
)


def _named(path: Path, project: Workspace) -> list[Path]:
    """The files that a person means by `path`."""
    absolute = path.resolve()
    if absolute == project.root:
        found = list(project.files)
    elif absolute in project.files:
        found = [absolute]
    elif absolute.is_dir():
        found = _of_component(absolute, project) or _in_folder(absolute, project)
    elif absolute.name == gdk_config.FILE_NAME and absolute != (ours := project.root / absolute.name):
        raise CommandError(f"{path} is staged, or of another project: name {ours}.")
    elif absolute.is_file() and absolute.suffix.lower() in RECIPE_SUFFIXES:
        found = [absolute]
    elif absolute.exists():
        raise CommandError(f"{path} is no recipe: those end in {', '.join(RECIPE_SUFFIXES)}.")
    else:
        raise CommandError(f"There is no {path}. Name a recipe, a folder of recipes, or gdk-config.json.")
    if not found:
        raise CommandError(f"There is no recipe in {path}. Name a recipe, or a folder that holds some.")
    return found


def _in_folder(folder: Path, project: Workspace) -> list[Path]:
    """Our files in `folder` and below, and of somebody else's those that may be a recipe."""
    ours = [path for path in project.files if path.is_relative_to(folder)]
    return ours + [path for path in recipe_paths(folder) if path not in ours and _may_be_a_recipe(path)]


def _may_be_a_recipe(path: Path) -> bool:
    """Whether it looks like one, or cannot be read: nobody may take that for clean."""
    content = path.read_text(encoding="utf-8", errors="replace")
    return any(word in content for word in _EVERY_RECIPE_HAS) or not recipes.is_readable(path)


def _of_component(folder: Path, project: Workspace) -> list[Path]:
    """The recipe of the component in `folder`, its Python package or anything below."""
    return [
        recipe.path
        for recipe in project.recipes
        if recipe.component and folder.is_relative_to(recipe.component.sources.parent)
    ]
