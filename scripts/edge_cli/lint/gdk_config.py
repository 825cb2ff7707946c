"""Rules of gdk-config.json: the list of components that the GDK projects are staged from."""

from collections.abc import Iterator

from edge_cli.gdk_config import NEXT_PATCH
from edge_cli.lint.amazon import LIKENESS_OF_OURS, misspelt
from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.placeholders import IN_A_FIELD
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, nearest, text
from edge_cli.lint.workspace import Registry, Workspace
from local_core.model.recipe_document import Value


def pairs(project: Workspace) -> Iterator[tuple[Registry, Value, RecipeFile]]:
    """Each entry with the recipe of its component, but for what stands there twice."""
    if project.registry:
        twice = {place.path for place in project.registry.repeated}
        for name, entry in project.registry.components.items():
            recipe = project.recipe_of(name)
            if recipe is not None and entry.place.path not in twice:
                yield project.registry, entry, recipe


def _twice(project: Workspace) -> Iterator[Remark]:
    if project.registry:
        for place in project.registry.repeated:
            yield Remark(
                project.registry.spot(place),
                f"{place.path} stands here a second time: JSON keeps only the last one, and the other "
                "is lost silently. Rename or remove one.",
            )


def _absent(project: Workspace) -> Iterator[Remark]:
    if project.registry and not project.registry.repeated:
        written = project.registry.components
        ours = {recipe.own_name for recipe in project.recipes}
        foreign = [name for name in written if name not in ours]
        for recipe in project.recipes if written else ():
            is_misspelt = any(misspelt(name, (recipe.own_name,), LIKENESS_OF_OURS) for name in foreign)
            if recipe.own_name and recipe.own_name not in written and not is_misspelt:
                yield Remark(
                    project.registry.spot(None),
                    f"{recipe.own_name} is not in here: `edge build --gdk` stages no project for it, and GDK "
                    "never publishes it. Add an entry.",
                )


def _foreign(project: Workspace) -> Iterator[Remark]:
    if project.registry:
        names = [recipe.own_name for recipe in project.recipes]
        for name, entry in project.registry.components.items():
            if name not in names:
                yield Remark(
                    project.registry.spot(entry),
                    f"no recipe is for {name}: GDK says that it 'is not build'; {nearest(name, names)}",
                )


def _versions(project: Workspace) -> Iterator[Remark]:
    for registry, entry, recipe in pairs(project):
        version = child(entry, "version")
        if version and recipe.version and text(version) not in (recipe.version, NEXT_PATCH):
            yield Remark(
                registry.spot(version),
                f"version is {version.content}, and {recipe.path.name} says {recipe.version}: GDK publishes "
                "the one, a local deployment has the other. Make them agree.",
            )


def _next_patch(project: Workspace) -> Iterator[Remark]:
    for registry, entry, _ in pairs(project):
        version = child(entry, "version")
        if text(version) == NEXT_PATCH:
            yield Remark(
                registry.spot(version),
                "NEXT_PATCH becomes the name of the folder of artifacts, which greengrass-cli refuses: no "
                "local deployment works. Write the version of the recipe.",
            )


def _authors(project: Workspace) -> Iterator[Remark]:
    for registry, entry, recipe in pairs(project):
        author, publisher = child(entry, "author"), text(child(recipe.root, "ComponentPublisher"))
        if author and text(author) != publisher and not IN_A_FIELD.search(publisher):
            yield Remark(
                registry.spot(author),
                f"author is {author.content!r}, and {recipe.path.name} names {publisher!r} as "
                "ComponentPublisher: who published it depends on the tool. Make them agree.",
            )


RULES_OF_PROJECT = (
    Rule("registry-twice", Severity.ERROR, "a key of gdk-config.json that stands there twice", _twice),
    Rule("registry-absent", Severity.ERROR, "a component that gdk-config.json lacks", _absent),
    Rule("registry-foreign", Severity.ERROR, "an entry of gdk-config.json without a recipe", _foreign),
    Rule("registry-version", Severity.ERROR, "gdk-config.json and recipe of different versions", _versions),
    Rule("next-patch", Severity.ERROR, "NEXT_PATCH in gdk-config.json", _next_patch),
    Rule("author", Severity.WARNING, "gdk-config.json and recipe with different authors", _authors),
)
