"""Rules of gdk-config.json: the list of components that the GDK projects are staged from."""

from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, items, nearest, text
from edge_cli.lint.workspace import Registry, Workspace
from local_core.model.recipe_document import Value

_NEXT_PATCH = "NEXT_PATCH"


def _pairs(project: Workspace) -> Iterator[tuple[Registry, Value, RecipeFile]]:
    """Each entry with the recipe of its component."""
    if project.registry:
        for name, entry in project.registry.components.items():
            if (recipe := project.recipe_of(name)) is not None:
                yield project.registry, entry, recipe


def _absent(project: Workspace) -> Iterator[Remark]:
    if project.registry:
        for recipe in project.recipes:
            if recipe.name and recipe.name not in project.registry.components:
                yield Remark(
                    project.registry.spot(None),
                    f"{recipe.name} is not in here: `edge build --gdk` stages no project for it, and GDK "
                    "never publishes it. Add an entry.",
                )


def _foreign(project: Workspace) -> Iterator[Remark]:
    if project.registry:
        names = [recipe.name for recipe in project.recipes]
        for name, entry in project.registry.components.items():
            if name not in names:
                yield Remark(
                    project.registry.spot(entry),
                    f"no recipe is for {name}: GDK says that it 'is not build'; {nearest(name, names)}",
                )


def _versions(project: Workspace) -> Iterator[Remark]:
    for registry, entry, recipe in _pairs(project):
        version = child(entry, "version")
        if version and recipe.version and text(version) not in (recipe.version, _NEXT_PATCH):
            yield Remark(
                registry.spot(version),
                f"version is {version.content}, and {recipe.path.name} says {recipe.version}: GDK publishes "
                "the one, a local deployment has the other. Make them agree.",
            )


def _next_patch(project: Workspace) -> Iterator[Remark]:
    for registry, entry, _ in _pairs(project):
        version = child(entry, "version")
        if text(version) == _NEXT_PATCH:
            yield Remark(
                registry.spot(version),
                "NEXT_PATCH becomes the name of the folder of artifacts, which greengrass-cli refuses: no "
                "local deployment works. Write the version of the recipe.",
            )


def _authors(project: Workspace) -> Iterator[Remark]:
    for registry, entry, recipe in _pairs(project):
        author, publisher = child(entry, "author"), text(child(recipe.root, "ComponentPublisher"))
        if author and text(author) != publisher:
            yield Remark(
                registry.spot(author),
                f"author is {author.content!r}, and {recipe.path.name} names {publisher!r} as "
                "ComponentPublisher: who published it depends on the tool. Make them agree.",
            )


def _commands(project: Workspace) -> Iterator[Remark]:
    for registry, entry, recipe in _pairs(project):
        command = child(entry, "build", "custom_build_command")
        if command is None:
            continue
        if command.items is None:
            yield Remark(
                registry.spot(command),
                "custom_build_command is one text, which GDK takes for the name of a program, spaces "
                "included. Write a list.",
            )
        elif recipe.component and recipe.component.package not in map(text, items(command)):
            yield Remark(
                registry.spot(command),
                f"custom_build_command does not name {recipe.component.package}: GDK would build another "
                "component under this name. Name it.",
            )


RULES_OF_PROJECT = (
    Rule("registry-absent", Severity.ERROR, "a component that gdk-config.json lacks", _absent),
    Rule("registry-foreign", Severity.ERROR, "an entry of gdk-config.json without a recipe", _foreign),
    Rule("registry-version", Severity.ERROR, "gdk-config.json and recipe of different versions", _versions),
    Rule("next-patch", Severity.ERROR, "NEXT_PATCH in gdk-config.json", _next_patch),
    Rule("author", Severity.WARNING, "gdk-config.json and recipe with different authors", _authors),
    Rule("build-command", Severity.ERROR, "a build command that GDK runs in vain", _commands),
)
