"""The rules of a recipe: what component-common's `ComponentRecipe` and the nucleus's `RecipeLoader` refuse.

Turns a document into a `Recipe` and collects everything that is wrong on the way; `recipe_lifecycle` does the
same for lifecycles. Placeholder values stand where a fault was found: the caller settles the findings and so
never hands out such a recipe.
"""

import re
from collections.abc import Mapping
from typing import Any

from local_core.model import platforms
from local_core.model.recipe_document import Value
from local_core.model.recipe_lifecycle import choose_lifecycle
from local_core.model.recipe_model import (
    Access,
    Artifact,
    Dependency,
    DependencyType,
    Manifest,
    Permission,
    Recipe,
    Unarchive,
)
from local_core.model.recipe_section import Findings, Section, entries_of
from local_core.model.versions import VersionError, check_version, parse_requirement
from local_core.settings import Flavor

RECIPE_FORMAT_VERSION = "2020-01-25"
MAX_NAME_LENGTH = 128
GENERIC = "aws.greengrass.generic"

_NAME = re.compile(r"[a-zA-Z0-9\-_.]+")
_PLACEHOLDER = re.compile(r"\{COMPONENT_\w+\}|NEXT_PATCH")
_BUILD_FIRST = "this is the recipe before its build: deploy the built one"
_RECIPE_KEYS = (
    "RecipeFormatVersion", "ComponentName", "ComponentVersion", "ComponentType", "ComponentDescription",
    "ComponentPublisher", "ComponentSource", "ComponentConfiguration", "ComponentDependencies", "Manifests",
    "Lifecycle",
)  # fmt: skip
_MANIFEST_KEYS = ("Name", "Platform", "Lifecycle", "Selections", "Artifacts")
_ARTIFACT_KEYS = ("Uri", "Unarchive", "Permission", "Digest", "Algorithm")

# ArtifactDownloaderFactory.java; anything else is a PackageLoadingException.
_SCHEMES = ("s3", "greengrass", "docker")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
# What java.net.URI refuses anywhere (RFC 2396, 2.4.3).
_NOT_IN_A_URI = re.compile(r'[\x00-\x20<>"{}|\\^`]')
_S3_URI = re.compile(r"s3://[^/]+/.+", re.IGNORECASE)
_WRITE_URI = (
    "write s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/FILE: "
    "a local deployment finds FILE by its name in the artifact folder"
)


def read_recipe(document: Value, origin: str, findings: Findings, flavor: Flavor) -> Recipe:
    """The recipe in `document`; valid only when `findings` hold no fault afterwards."""
    root = Section(document, _RECIPE_KEYS, findings, flavor)
    _check_format(root)
    name = _component_name(root)
    configuration = root.get("ComponentConfiguration")
    return Recipe(
        name=name,
        version=_component_version(root),
        origin=origin,
        flavor=flavor,
        manifests=_manifests(root),
        publisher=root.text("ComponentPublisher") or "",
        description=root.text("ComponentDescription") or "",
        dependencies=_dependencies(root, name),
        default_configuration=_default_configuration(configuration, root) if configuration else {},
    )


def _check_format(root: Section) -> None:
    version, entry = root.required_text("RecipeFormatVersion"), root.get("RecipeFormatVersion")
    if version is not None and entry is not None and version != RECIPE_FORMAT_VERSION:
        root.findings.fault(entry.line, entry.path, f"is {version!r}; write {RECIPE_FORMAT_VERSION!r}")
    kind = root.get("ComponentType")
    if kind is not None and str(kind.content).lower() != GENERIC:
        root.findings.fault(
            kind.line, kind.path, f"is {kind.plain()!r}; only {GENERIC} runs here: leave it out"
        )


def _component_name(root: Section) -> str:
    name, entry = root.required_text("ComponentName"), root.get("ComponentName")
    if name is None or entry is None:
        return ""
    if _PLACEHOLDER.search(name):
        root.findings.fault(entry.line, entry.path, f"is the placeholder {name!r}; {_BUILD_FIRST}")
    elif not _NAME.fullmatch(name):
        root.findings.fault(
            entry.line, entry.path, f"is {name!r}; use only letters, digits, '-', '_' and '.'"
        )
    elif len(name) > MAX_NAME_LENGTH:
        root.findings.fault(entry.line, entry.path, f"has {len(name)} characters; at most {MAX_NAME_LENGTH}")
    return name


def _component_version(root: Section) -> str:
    version, entry = root.required_text("ComponentVersion"), root.get("ComponentVersion")
    if version is None or entry is None:
        return ""
    if _PLACEHOLDER.search(version):
        root.findings.fault(entry.line, entry.path, f"is the placeholder {version!r}; {_BUILD_FIRST}")
        return version
    try:
        check_version(version)
    except VersionError as error:
        root.findings.fault(entry.line, entry.path, str(error))
    return version


def _default_configuration(configuration: Value, root: Section) -> dict[str, Any]:
    defaults = Section(configuration, ("DefaultConfiguration",), root.findings, root.flavor).get(
        "DefaultConfiguration"
    )
    if defaults is None:
        return {}
    _warn_of_repeats(defaults, root.findings)
    return {key: value.plain() for key, value in entries_of(defaults, root.findings).items()}


def _warn_of_repeats(value: Value, findings: Findings) -> None:
    for child in (*(value.entries or {}).values(), *(value.items or ())):
        for line, key in child.repeated:
            findings.warn(line, child.path, f"has {key!r} more than once; only the last one counts")
        _warn_of_repeats(child, findings)


def _dependencies(root: Section, component: str) -> tuple[Dependency, ...]:
    value = root.get("ComponentDependencies")
    if value is None:
        return ()
    found = (
        _dependency(name, entry, component, root) for name, entry in entries_of(value, root.findings).items()
    )
    return tuple(dependency for dependency in found if dependency)


def _dependency(name: str, value: Value, component: str, root: Section) -> Dependency | None:
    findings = root.findings
    section = Section(value, ("VersionRequirement", "DependencyType"), findings, root.flavor)
    kind = section.choice("DependencyType", tuple(DependencyType), DependencyType.HARD)
    if not _NAME.fullmatch(name):
        findings.fault(
            value.line,
            value.path,
            f"{name!r} is not a component's name; use letters, digits, '-', '_' and '.'",
        )
    if name == component:
        findings.fault(value.line, value.path, "the component depends on itself; remove it")
    if value.entries is None:
        return None
    requirement, entry = section.required_text("VersionRequirement"), section.get("VersionRequirement")
    if requirement is None or entry is None:
        return None
    try:
        return Dependency(name, parse_requirement(requirement, root.flavor), kind)
    except VersionError as error:
        findings.fault(entry.line, entry.path, str(error))
        return None


def _manifests(root: Section) -> tuple[Manifest, ...]:
    sections = [Section(item, _MANIFEST_KEYS, root.findings, root.flavor) for item in root.items("Manifests")]
    value = root.get("Manifests")
    if value is None:
        root.missing(
            "Manifests",
            "the nucleus deploys nothing without one: add '- Platform: {os: linux}' and its steps",
        )
    elif value.items is not None and not value.items:
        root.findings.fault(value.line, value.path, "is empty; add at least one manifest")
    selections = [_texts(section, "Selections") for section in sections]
    every = frozenset(name for names in selections for name in names)
    return tuple(
        Manifest(
            platform=_platform(section),
            lifecycle=choose_lifecycle(
                section.get("Lifecycle"), root.get("Lifecycle"), names, every, section
            ),
            artifacts=_artifacts(section),
            name=section.text("Name"),
        )
        for section, names in zip(sections, selections, strict=True)
    )


def _texts(section: Section, key: str) -> list[str]:
    texts = []
    for item in section.items(key):
        if isinstance(item.content, str):
            texts.append(item.content)
        else:
            section.findings.fault(item.line, item.path, f"is {item.plain()!r}; it must be a text")
    return texts


def _platform(manifest: Section) -> Mapping[str, str]:
    findings, value = manifest.findings, manifest.get("Platform")
    wanted: dict[str, str] = {}
    for key, entry in (entries_of(value, findings) if value else {}).items():
        if entry.content is None:
            continue
        if not isinstance(entry.content, str):
            findings.fault(
                entry.line, entry.path, f"is {entry.plain()!r}; write a text, '*' or '/regular expression/'"
            )
            continue
        key_as_documented = key if manifest.flavor is Flavor.LITE else key.lower()
        wanted[key_as_documented] = entry.content
        _check_platform_value(key_as_documented, entry, entry.content, findings)
    if manifest.flavor is Flavor.LITE and platforms.RUNTIME not in wanted:
        findings.warn(
            manifest.line, manifest.path, "Lite cannot use this manifest: add runtime: '*' to its Platform"
        )
    return wanted


def _check_platform_value(key: str, entry: Value, wanted: str, findings: Findings) -> None:
    if (pattern := platforms.as_regex(wanted)) is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            findings.fault(entry.line, entry.path, f"{wanted!r} is not a regular expression: {error}")
        return
    known = {platforms.ARCHITECTURE: platforms.ARCHITECTURES, platforms.OS: platforms.OPERATING_SYSTEMS}.get(
        key
    )
    if known and wanted not in (*known, platforms.ANYTHING, "all", "any"):
        offer = "write 'aarch64'" if wanted == "arm64" else f"the nucleus knows {', '.join(known)}"
        findings.warn(entry.line, entry.path, f"{wanted!r} never matches; {offer}")


def _artifacts(manifest: Section) -> tuple[Artifact, ...]:
    if manifest.flavor is Flavor.LITE and manifest.get("Artifacts") is None:
        manifest.findings.warn(
            manifest.line,
            manifest.path,
            "has no Artifacts, which Lite logs as an error; write 'Artifacts: []'",
        )
    return tuple(_artifact(item, manifest) for item in manifest.items("Artifacts"))


def _artifact(value: Value, manifest: Section) -> Artifact:
    section = Section(value, _ARTIFACT_KEYS, manifest.findings, manifest.flavor)
    uri, entry = section.required_text("Uri") if value.entries is not None else None, section.get("Uri")
    if uri is not None and entry is not None and (fault := _uri_fault(uri)):
        manifest.findings.fault(entry.line, entry.path, f"{uri!r}: {fault}")
    return Artifact(
        uri=uri or "",
        unarchive=section.choice("Unarchive", tuple(Unarchive), Unarchive.NONE),
        permission=_permission(section),
    )


def _uri_fault(uri: str) -> str | None:
    if illegal := _NOT_IN_A_URI.search(uri):
        return (
            f"the nucleus cannot parse it: illegal character {illegal.group()!r} at index {illegal.start()}; "
            f"artifact URIs are never interpolated: {_WRITE_URI}"
        )
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return f"it has no scheme; {_WRITE_URI}"
    if scheme[1].lower() not in _SCHEMES:
        return f"artifact URI scheme {scheme[1].upper()} is not supported yet (by the nucleus); {_WRITE_URI}"
    if scheme[1].lower() == "s3" and not _S3_URI.fullmatch(uri):
        return f"it names no bucket or no file; {_WRITE_URI}"
    return None


def _permission(artifact: Section) -> Permission:
    value = artifact.get("Permission")
    if value is None:
        return Permission()
    section = Section(value, ("Read", "Execute"), artifact.findings, artifact.flavor)
    return Permission(
        read=section.choice("Read", tuple(Access), Access.OWNER),
        execute=section.choice("Execute", tuple(Access), Access.NONE),
    )
