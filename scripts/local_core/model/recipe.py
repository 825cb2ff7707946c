"""Recipes from files: read, checked by the nucleus's rules, handed out as frozen values.

The one door to recipes: what they hold is in `recipe_model` and can be imported from here. A recipe with
faults is refused with all of them at once, each as `file:line: key: what is wrong; what to do`.
"""

from pathlib import Path

from local_core.errors import RecipeError
from local_core.model.recipe_document import DocumentError, Place, read_document
from local_core.model.recipe_model import (
    Access,
    Artifact,
    Dependency,
    DependencyType,
    Lifecycle,
    Manifest,
    Permission,
    Phase,
    Recipe,
    SkipCondition,
    Unarchive,
)
from local_core.model.recipe_rules import read_recipe
from local_core.model.recipe_section import Findings
from local_core.settings import Flavor

__all__ = [
    "RECIPE_SUFFIXES",
    "Access",
    "Artifact",
    "Dependency",
    "DependencyType",
    "Lifecycle",
    "Manifest",
    "Permission",
    "Phase",
    "Recipe",
    "SkipCondition",
    "Unarchive",
    "load_recipe",
    "load_recipes",
    "parse_recipe",
]

RECIPE_SUFFIXES = (".yaml", ".yml", ".json")
# What the cloud service and the GDK accept; Lite 2.6.0 fails to open files of more than about 8 kB.
MAX_RECIPE_BYTES = {Flavor.CLASSIC: 16_000, Flavor.LITE: 8_192}


def parse_recipe(text: str, origin: str, flavor: Flavor = Flavor.CLASSIC) -> Recipe:
    """The recipe in `text`.

    Args:
        text: YAML, or JSON when `origin` ends in `.json`.
        origin: The file's path, for messages.
        flavor: Whose rules: Lite is case-sensitive, turns every YAML scalar into text and reads fewer ranges.

    Raises:
        RecipeError: It breaks the rules; the text has one line for each fault.
    """
    findings = Findings(origin)
    size, limit = len(text.encode()), MAX_RECIPE_BYTES[flavor]
    if size > limit:
        findings.fault(Place(1), f"the recipe has {size} bytes; at most {limit}: shorten it (comments count)")
        findings.settle()
    try:
        document = read_document(text, flavor, is_json=origin.lower().endswith(".json"))
    except DocumentError as error:
        raise RecipeError(f"{origin}:{error.line}: {error}") from None
    recipe = read_recipe(document, origin, findings, flavor)
    findings.settle()
    return recipe


def load_recipe(path: Path, flavor: Flavor = Flavor.CLASSIC) -> Recipe:
    """The recipe in the file at `path`.

    Raises:
        RecipeError: The file cannot be read, is not UTF-8, or breaks the rules.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecipeError(
            f"{path}: cannot be read: {error.strerror}; check the path and its permissions"
        ) from None
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    return parse_recipe(text, str(path), flavor)


def load_recipes(directory: Path, flavor: Flavor = Flavor.CLASSIC) -> list[Recipe]:
    """Every recipe below `directory`, sub-folders included, in the order of their paths.

    As with `greengrass-cli --recipeDir`, file names do not matter and one broken recipe fails all.

    Raises:
        RecipeError: `directory` is no folder, or recipes in it break the rules; the text names all faults.
    """
    if not directory.is_dir():
        raise RecipeError(f"{directory}: is not a folder; give the folder that holds the recipes")
    recipes, faults = [], []
    for path in sorted(directory.rglob("*")):
        if path.suffix.lower() in RECIPE_SUFFIXES and path.is_file():
            try:
                recipes.append(load_recipe(path, flavor))
            except RecipeError as error:
                faults.append(str(error))
    if faults:
        raise RecipeError("\n".join(faults))
    return recipes
