"""Where things are in the project: components, recipes, the default core. Reads the folder tree only."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from edge_cli.errors import CommandError

PROJECT = Path(__file__).resolve().parents[2]
COMPONENTS = PROJECT / "components"
RECIPES = PROJECT / "recipes"
LOCK = PROJECT / "requirements.lock"
BUILD_OUTPUT = PROJECT / "greengrass-build"  # GDK's name for it, which users know
NAME_PREFIX = "com.example."
ROOT_VARIABLE = "EDGE_ROOT"


def default_root() -> Path:
    """The core that commands mean when they are not told: `$EDGE_ROOT`, else `.edge/core` in the project."""
    named = os.environ.get(ROOT_VARIABLE)
    return Path(named).absolute() if named else PROJECT / ".edge" / "core"


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the project.

    Attributes:
        package: Its folder and its Python package, e.g. `mqtt_publisher`.
        name: Its Greengrass name, e.g. `com.example.MqttPublisher`.
        recipe: Its recipe; the file exists.
        sources: The folder of the Python package.
    """

    package: str
    name: str
    recipe: Path
    sources: Path


def components(components_folder: Path = COMPONENTS, recipes_folder: Path = RECIPES) -> list[Component]:
    """Every folder below `components_folder` that has a recipe, by name."""
    found = []
    for folder in sorted(components_folder.iterdir()):
        name = NAME_PREFIX + "".join(word[:1].upper() + word[1:] for word in folder.name.split("_"))
        recipe = recipes_folder / f"{name}.yaml"
        if recipe.is_file():
            found.append(Component(folder.name, name, recipe, folder / folder.name))
    return found


def is_meant(word: str, name: str) -> bool:
    """Whether a person means this component: by its name, the last part of it, or its folder.

    >>> [is_meant(word, "com.acme.DoorBell") for word in ("door_bell", "Doorbell", "door")]
    [True, True, False]
    """
    return word.lower() == name.lower() or _joined(word) == _joined(name.rpartition(".")[2])


def find_component(word: str, known: list[Component] | None = None) -> Component:
    """The component a person means by `mqtt_publisher`, `MqttPublisher` or `com.example.MqttPublisher`.

    Args:
        word: What was typed, as `is_meant` takes it.
        known: Components to choose from; None means the project's.

    Raises:
        CommandError: There is no such component; the text lists those there are.
    """
    candidates = components() if known is None else known
    for component in candidates:
        if is_meant(word, component.name):
            return component
    there_are = ", ".join(component.package for component in candidates) or "none with a recipe"
    raise CommandError(f"There is no component '{word}' in {COMPONENTS}. There are: {there_are}.")


def _joined(words: str) -> str:
    return re.sub(r"[_-]", "", words.lower())
