"""The rules of a recipe as a whole: what component-common's `ComponentRecipe` and its parts refuse.

Turns a document into a `Recipe` and collects everything that is wrong on the way; `recipe_manifest` and
`recipe_lifecycle` do the same for their parts. Placeholder values stand where a fault was found: the caller
settles the findings and so never hands out such a recipe.
"""

import math
import re
from typing import Any

from local_core.model.recipe_document import Value
from local_core.model.recipe_manifest import read_manifests
from local_core.model.recipe_model import Dependency, DependencyType, Recipe
from local_core.model.recipe_section import Findings, Section, Text, entries_of, kind_of
from local_core.model.versions import VersionError, check_version, parse_requirement
from local_core.settings import Flavor

RECIPE_FORMAT_VERSION = "2020-01-25"
MAX_NAME_LENGTH = 128
GENERIC = "aws.greengrass.generic"

# Names become folders: the two that mean other folders are none.
_NAME = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9\-_.]+")
_NAME_RULE = "use only letters, digits, '-', '_' and '.', and not '.' or '..' alone"
# Whose `<name>.log` lies beside the components' logs already: the core, the broker and the S3 stand-in.
_NAMES_OF_OTHER_LOGS = frozenset({"greengrass", "broker", "s3"})
# Numbers of more than 64 bits, and those that are none, cannot be sent to the component over IPC.
_NUMBERS = range(-(1 << 63), 1 << 64)
# What the GDK's templates hold where a build writes the real values.
_PLACEHOLDER = re.compile(r"\{COMPONENT_\w+\}|NEXT_PATCH")
_RECIPE_KEYS = (
    "RecipeFormatVersion",
    "ComponentName",
    "ComponentVersion",
    "ComponentType",
    "ComponentDescription",
    "ComponentPublisher",
    "ComponentSource",
    "ComponentConfiguration",
    "ComponentDependencies",
    "Manifests",
    "Lifecycle",
)


def read_recipe(document: Value, origin: str, findings: Findings, flavor: Flavor) -> Recipe:
    """The recipe in `document`; valid only when `findings` hold no fault afterwards."""
    root = Section(document, _RECIPE_KEYS, findings, flavor)
    _check_format(root)
    name = _component_name(root)
    return Recipe(
        name=name,
        version=_component_version(root),
        origin=origin,
        flavor=flavor,
        manifests=read_manifests(root),
        publisher=_value_of(root.text("ComponentPublisher")),
        description=_value_of(root.text("ComponentDescription")),
        dependencies=_dependencies(root, name),
        default_configuration=_default_configuration(root),
    )


def _value_of(text: Text | None) -> str:
    return text.value if text else ""


def _check_format(root: Section) -> None:
    version = root.required_text("RecipeFormatVersion")
    if version is not None and version.value != RECIPE_FORMAT_VERSION:
        root.findings.fault(version.place, f"is {version.value!r}; write {RECIPE_FORMAT_VERSION!r}")
    kind = root.get("ComponentType")
    if kind is not None and str(kind.content).lower() != GENERIC:
        root.findings.fault(kind.place, f"is {kind_of(kind)}; only {GENERIC} runs here: leave the key out")


def _is_placeholder(text: Text, root: Section) -> bool:
    if not _PLACEHOLDER.search(text.value):
        return False
    root.findings.fault(
        text.place, f"is the placeholder {text.value!r}: this recipe is not built yet; deploy the built one"
    )
    return True


def _component_name(root: Section) -> str:
    name = root.required_text("ComponentName")
    if name is None or _is_placeholder(name, root):
        return ""
    if not _NAME.fullmatch(name.value):
        root.findings.fault(name.place, f"is {name.value!r}; {_NAME_RULE}")
    if name.value.lower() in _NAMES_OF_OTHER_LOGS:
        root.findings.fault(
            name.place,
            f"is {name.value!r}, and {name.value}.log would be taken for a log of the core itself; "
            f"write e.g. com.example.{name.value}",
        )
    if len(name.value) > MAX_NAME_LENGTH:
        root.findings.fault(name.place, f"has {len(name.value)} characters; at most {MAX_NAME_LENGTH}")
    return name.value


def _component_version(root: Section) -> str:
    version = root.required_text("ComponentVersion")
    if version is None or _is_placeholder(version, root):
        return ""
    try:
        check_version(version.value)
    except VersionError as error:
        root.findings.fault(version.place, str(error))
    return version.value


def _default_configuration(root: Section) -> dict[str, Any]:
    value = root.get("ComponentConfiguration")
    if value is None:
        return {}
    defaults = Section(value, ("DefaultConfiguration",), root.findings, root.flavor).get(
        "DefaultConfiguration"
    )
    if defaults is None:
        return {}
    _check_values(defaults, root.findings)
    return {key: entry.plain() for key, entry in entries_of(defaults, root.findings).items()}


def _check_values(value: Value, findings: Findings) -> None:
    content = value.content
    if (isinstance(content, int) and content not in _NUMBERS) or (
        isinstance(content, float) and not math.isfinite(content)
    ):
        findings.fault(value.place, "is a number that does not fit into 64 bits; put it in quotes")
    for child in (*(value.entries or {}).values(), *(value.items or ())):
        if child.entries is not None:
            entries_of(child, findings)
        _check_values(child, findings)


def _dependencies(root: Section, component: str) -> tuple[Dependency, ...]:
    value = root.get("ComponentDependencies")
    entries = entries_of(value, root.findings) if value else {}
    read = (_dependency(name, entry, component, root) for name, entry in entries.items())
    return tuple(dependency for dependency in read if dependency)


def _dependency(name: str, value: Value, component: str, root: Section) -> Dependency | None:
    section = Section(value, ("VersionRequirement", "DependencyType"), root.findings, root.flavor)
    if not _NAME.fullmatch(name):
        root.findings.fault(value.place, f"{name!r} is not the name of a component; {_NAME_RULE}")
    if name == component:
        root.findings.fault(value.place, "the component depends on itself; remove it")
    kind = section.choice("DependencyType", tuple(DependencyType), DependencyType.HARD)
    requirement = section.required_text("VersionRequirement")
    if requirement is None:
        return None
    try:
        return Dependency(name, parse_requirement(requirement.value, root.flavor), kind)
    except VersionError as error:
        root.findings.fault(requirement.place, str(error))
        return None
