"""The rules of a recipe's `Manifests`: platforms, selections and artifacts.

Sources: component-common `PlatformSpecificManifest`, `ComponentArtifact` and `Permission`; the nucleus's
RecipeLoader and ArtifactDownloaderFactory.
"""

import re
from collections.abc import Mapping

from local_core.model import platforms
from local_core.model.recipe_document import Place, Value
from local_core.model.recipe_lifecycle import choose_lifecycle
from local_core.model.recipe_model import Access, Artifact, Lifecycle, Manifest, Permission, Unarchive
from local_core.model.recipe_section import Findings, Section, entries_of, kind_of
from local_core.settings import Flavor

_MANIFEST_KEYS = ("Name", "Platform", "Lifecycle", "Selections", "Artifacts")
_ARTIFACT_KEYS = ("Uri", "Unarchive", "Permission", "Digest", "Algorithm")

# ArtifactDownloaderFactory.java; any other one is a PackageLoadingException.
_SCHEMES = ("s3", "greengrass", "docker")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
# What java.net.URI refuses anywhere (RFC 2396, 2.4.3).
_NOT_IN_A_URI = re.compile(r'[\x00-\x20<>"{}|\\^`]')
_S3_URI = re.compile(r"s3://[^/]+/(.*[^/])", re.IGNORECASE)
_WRITE_URI = (
    "write s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/FILE: "
    "a local deployment finds FILE by its name in the artifact folder"
)


def read_manifests(root: Section) -> tuple[Manifest, ...]:
    """The manifests of the recipe that `root` holds, in its order: the first that matches is taken."""
    listed = root.get("Manifests")
    if not root.is_mapping:
        return ()
    if listed is None:
        root.findings.fault(
            root.place.below("Manifests"),
            "is missing, and nothing is deployed without one; add '- Platform: {os: linux}' and its steps",
        )
    elif listed.items is not None and not listed.items:
        root.findings.fault(listed.place, "is empty; add at least one manifest")
    sections = [Section(item, _MANIFEST_KEYS, root.findings, root.flavor) for item in root.items("Manifests")]
    selections = [section.texts("Selections") for section in sections]
    every_selection = frozenset(name for names in selections for name in names)
    return tuple(
        _manifest(section, choose_lifecycle(section, names, root.get("Lifecycle"), every_selection))
        for section, names in zip(sections, selections, strict=True)
    )


def _manifest(section: Section, lifecycle: Lifecycle) -> Manifest:
    name = section.text("Name")
    return Manifest(
        platform=_platform(section),
        lifecycle=lifecycle,
        artifacts=_artifacts(section),
        name=name.value if name else None,
    )


def _platform(manifest: Section) -> Mapping[str, str]:
    findings, value = manifest.findings, manifest.get("Platform")
    wanted: dict[str, str] = {}
    for written, entry in (entries_of(value, findings) if value else {}).items():
        key = written if manifest.flavor is Flavor.LITE else written.lower()
        if isinstance(entry.content, str):
            wanted[key] = entry.content
            _check_platform(key, entry.content, entry.place, findings)
        elif entry.content is not None:
            findings.fault(
                entry.place,
                f"must be a text, '*' or '/regular expression/', not {kind_of(entry)}; put it in quotes",
            )
    if manifest.flavor is Flavor.LITE and platforms.RUNTIME not in wanted:
        findings.warn(manifest.place, "Lite cannot use this manifest; add runtime: '*' to its Platform")
    return wanted


def _check_platform(key: str, wanted: str, place: Place, findings: Findings) -> None:
    if (pattern := platforms.as_regex(wanted)) is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            findings.fault(place, f"{wanted!r} is not a regular expression: {error}; correct it")
        return
    known = {platforms.ARCHITECTURE: platforms.ARCHITECTURES, platforms.OS: platforms.OPERATING_SYSTEMS}
    if key in known and wanted not in (*known[key], platforms.ANYTHING, "all", "any"):
        offer = "'aarch64'" if wanted == "arm64" else f"one of {', '.join(known[key])}"
        findings.warn(place, f"{wanted!r} never matches; write {offer}")


def _artifacts(manifest: Section) -> tuple[Artifact, ...]:
    if manifest.flavor is Flavor.LITE and manifest.get("Artifacts") is None:
        manifest.findings.warn(
            manifest.place, "has no Artifacts, which Lite logs as an error; write 'Artifacts: []'"
        )
    return tuple(_artifact(item, manifest) for item in manifest.items("Artifacts"))


def _artifact(value: Value, manifest: Section) -> Artifact:
    section = Section(value, _ARTIFACT_KEYS, manifest.findings, manifest.flavor)
    uri = section.required_text("Uri")
    if uri is not None and (fault := _uri_fault(uri.value)):
        manifest.findings.fault(uri.place, f"{uri.value!r}: {fault}")
    return Artifact(
        uri=uri.value if uri else "",
        unarchive=section.choice("Unarchive", tuple(Unarchive), Unarchive.NONE),
        permission=_permission(section),
    )


def _uri_fault(uri: str) -> str | None:
    if illegal := _NOT_IN_A_URI.search(uri):
        return (
            f"the nucleus cannot parse it, illegal character {illegal.group()!r} at index {illegal.start()}, "
            f"and never interpolates artifact URIs; {_WRITE_URI}"
        )
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return f"it has no scheme; {_WRITE_URI}"
    if scheme[1].lower() not in _SCHEMES:
        return f"artifact URI scheme {scheme[1].upper()} is not supported yet; {_WRITE_URI}"
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
