"""Rules of names and versions: one component is called the same in every file of the project."""

from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity, Spot
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, nearest
from edge_cli.lint.workspace import Workspace, project_version

_OF_GDK = "recipe"  # GDK wants recipe.yaml or recipe.json, of whatever component


def _file_name(recipe: RecipeFile) -> Iterator[Remark]:
    stem = recipe.path.name.removesuffix(recipe.path.suffix)
    if recipe.name and stem not in (recipe.name, f"{recipe.name}-{recipe.version}", _OF_GDK):
        yield Remark(
            recipe.key_spot("ComponentName"),
            f"the recipe of {recipe.name} lies in {recipe.path.name}: the registry and the code know it by "
            "that name, people find it by NAME.yaml, and Lite by NAME-VERSION.yaml. Correct one of the two.",
        )


def _without_component(project: Workspace) -> Iterator[Remark]:
    folders = [folder.name for folder in project.folders]
    for recipe in project.recipes:
        if recipe.component is None and recipe.name:
            last = recipe.name.rpartition(".")[2]
            yield Remark(
                recipe.key_spot("ComponentName"),
                f"no folder below components/ is for {recipe.name}; the folder of SomeThing is some_thing: "
                f"{nearest(last, folders)}",
            )


def _without_recipe(project: Workspace) -> Iterator[Remark]:
    with_recipe = {recipe.component.package for recipe in project.recipes if recipe.component}
    for folder in project.folders:
        if folder.name not in with_recipe:
            yield Remark(
                Spot(folder / "pyproject.toml", 1),
                f"components/{folder.name} has no recipe: nothing builds or deploys it. "
                "Add recipes/com.example.NAME.yaml, NAME as the folder's in CamelCase.",
            )


def _versions(project: Workspace) -> Iterator[Remark]:
    for recipe in project.recipes:
        if recipe.component is None or not recipe.version:
            continue
        folder = recipe.component.sources.parent
        theirs = project_version(folder)
        if theirs != recipe.version:
            yield Remark(
                recipe.key_spot("ComponentVersion"),
                f"ComponentVersion is {recipe.version}, and {folder.name}/pyproject.toml says "
                f"{theirs or 'nothing'}: what runs on a device could not be traced to its source. Make them "
                "agree.",
            )


def _name_of_another(project: Workspace) -> Iterator[Remark]:
    seen: dict[str, RecipeFile] = {}
    for recipe in project.recipes:
        first = seen.setdefault(recipe.name, recipe)
        if first is not recipe and child(recipe.root, "ComponentName"):
            yield Remark(
                recipe.key_spot("ComponentName"),
                f"{recipe.name} is the name in {first.path.name} too: one replaces the other on a device. "
                "Give each component a name of its own.",
            )


RULES = (Rule("file-name", Severity.ERROR, "a recipe in a file of another name", _file_name),)
RULES_OF_PROJECT = (
    Rule("no-component", Severity.ERROR, "a recipe without its component", _without_component),
    Rule("no-recipe", Severity.ERROR, "a component without its recipe", _without_recipe),
    Rule("name-twice", Severity.ERROR, "two recipes of one name", _name_of_another),
    Rule("version-differs", Severity.ERROR, "recipe and pyproject.toml of different versions", _versions),
)
