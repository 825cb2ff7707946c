"""What is linted: a project's recipes, gdk-config.json, components and templates, each file read once."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from edge_cli import gdk_config
from edge_cli.errors import CommandError
from edge_cli.lint import reader
from edge_cli.lint.code import read_code
from edge_cli.lint.finding import Finding, Spot
from edge_cli.lint.recipe_file import RecipeFile, SourceText, read_values
from edge_cli.lint.values import child, entries, walk
from edge_cli.project import PROJECT, Component, components
from local_core.model.recipe import RECIPE_SUFFIXES
from local_core.model.recipe_document import DocumentError, Place, Value

TEMPLATES = Path("scripts", "cloud")
DEPLOYMENT = "deployment.json"
TEMPLATE_SUFFIXES = (".yaml", ".yml", ".json", ".template")
_SHARED = "common"  # no component: what goes into all of them


@dataclass(frozen=True)
class Document:
    """A file of the project that is no recipe."""

    source: SourceText
    root: Value

    @property
    def repeated(self) -> Sequence[Place]:
        """The keys that stand twice in a mapping of it."""
        return [place for _, value in walk(self.root) for place in value.repeated]


class Registry(Document):
    """gdk-config.json."""

    @property
    def components(self) -> dict[str, Value]:
        """The entries of `component`."""
        return dict(entries(child(self.root, "component")))

    def spot(self, where: Value | Place | None) -> Spot:
        """As `SourceText.spot`; None is where the entries begin."""
        return self.source.spot(child(self.root, "component") or self.root if where is None else where)


@dataclass(frozen=True)
class Workspace:
    """The files of one project, and recipes of anybody's beside them.

    Attributes:
        root: The project's folder.
        components: The project's components that have a recipe of their name.
        recipes: The project's recipes that can be read.
        guests: Recipes from elsewhere, e.g. built ones.
        registry: gdk-config.json; None when it cannot be read.
        deployment: What a deployment of the project's components holds; None when it cannot be read.
        templates: CloudFormation templates; cfn-lint reads them itself.
        unreadable: What could not be read, and why.
    """

    root: Path
    components: Sequence[Component]
    recipes: Sequence[RecipeFile]
    guests: Sequence[RecipeFile]
    registry: Registry | None
    deployment: Document | None
    templates: Sequence[Path]
    unreadable: Sequence[Finding]

    @cached_property
    def folders(self) -> Sequence[Path]:
        """The components' folders."""
        found = (path for path in (self.root / "components").iterdir() if path.is_dir())
        return sorted(path for path in found if path.name != _SHARED and (path / "pyproject.toml").is_file())

    def with_guests(self, paths: Iterable[Path]) -> "Workspace":
        """This project with the recipes `paths` from elsewhere beside it.

        Raises:
            CommandError: A file cannot be read at all.
        """
        guests, unreadable = _recipes(paths, self.components)
        return replace(self, guests=guests, unreadable=(*self.unreadable, *unreadable))

    def recipe_of(self, name: str) -> RecipeFile | None:
        """The project's recipe of the component `name`."""
        return next((recipe for recipe in self.recipes if recipe.own_name == name), None)

    @property
    def files(self) -> Sequence[Path]:
        """Everything that findings can be about."""
        readable = [recipe.path for recipe in (*self.recipes, *self.guests)]
        others = [one.source.path for one in (self.registry, self.deployment) if one]
        return sorted(
            {*readable, *others, *self.templates, *(finding.spot.path for finding in self.unreadable)}
        )


def recipe_paths(folder: Path) -> list[Path]:
    """The recipes in `folder` and below."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in RECIPE_SUFFIXES and path.is_file())
    return sorted(path for path in found if path.name != gdk_config.FILE_NAME)


def read_workspace(root: Path = PROJECT) -> Workspace:
    """Read the project in `root`.

    Raises:
        CommandError: A file cannot be read at all.
    """
    known = components(root / "components", root / "recipes")
    recipes, unreadable = _recipes(recipe_paths(root / "recipes"), known)
    registry = _document(root / gdk_config.FILE_NAME, unreadable)
    cloud = root / TEMPLATES
    deployment = _document(cloud / DEPLOYMENT, unreadable) if (cloud / DEPLOYMENT).is_file() else None
    templates = sorted(
        path for path in cloud.glob("*") if path.suffix in TEMPLATE_SUFFIXES and path.name != DEPLOYMENT
    )
    return Workspace(
        root,
        known,
        recipes,
        (),
        Registry(registry.source, registry.root) if registry else None,
        deployment,
        templates,
        unreadable,
    )


def project_version(folder: Path) -> str:
    """The version in a component's pyproject.toml; empty when it has none.

    Raises:
        CommandError: It is not TOML.
    """
    source = _read(folder / "pyproject.toml")
    try:
        project = tomllib.loads(source.content).get("project", {})
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{source.path} is not TOML: {error}.") from None
    return str(project.get("version", ""))


def _read(path: Path) -> SourceText:
    try:
        return SourceText(path, path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None


def _recipes(paths: Iterable[Path], known: Sequence[Component]) -> tuple[list[RecipeFile], list[Finding]]:
    """Those that can be read, and why the others cannot."""
    unreadable: list[Finding] = []
    recipes = [recipe for path in paths if (recipe := _recipe(_read(path), known, unreadable))]
    return recipes, unreadable


def _recipe(source: SourceText, known: Sequence[Component], unreadable: list[Finding]) -> RecipeFile | None:
    try:
        root = read_values(source)
    except DocumentError as error:
        unreadable.append(reader.unreadable(source, error))
        return None
    bare = RecipeFile(source, root, None, None)
    # Ours is known by its file; a built one by its name, before which there may be another namespace.
    by_file = (each for each in known if each.recipe == source.path)
    by_name = (each for each in known if _last(each.name) == _last(bare.name))
    component = next(chain(by_file, by_name), None)
    if component is None:
        return bare
    try:
        code = read_code(component.sources)
    except SyntaxError as error:
        unreadable.append(reader.unreadable_code(error))
        code = None
    return RecipeFile(source, root, component, code)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _document(path: Path, unreadable: list[Finding]) -> Document | None:
    source = _read(path)
    try:
        return Document(source, read_values(source))
    except DocumentError as error:
        unreadable.append(reader.unreadable(source, error))
        return None
