"""Rules of artifacts: what scripts refer to is declared, once, under names that build and publish know."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, interpolated, items, lifecycle, manifests, text
from local_core.model.recipe_document import Value

# The GDK's templates; its publish replaces the whole address, by the file's name.
_PLACEHOLDERS = ("BUCKET_NAME", "COMPONENT_NAME", "COMPONENT_VERSION")
_LIKE_A_PLACEHOLDER = re.compile(r"[{<$]*[A-Z]+(?:_[A-Z]+)*[}>]*")
_UNPACKED = "decompressedPath"
_REFERENCE = re.compile(rf"\{{artifacts:({_UNPACKED}|path)\}}/*([^/\s:;\"'{{}}]+)")
_ZIP = ".zip"


class _Reference(NamedTuple):
    """A file or an unpacked archive that a script or variable names."""

    value: Value
    kind: str
    name: str
    offset: int


class _Declared(NamedTuple):
    """One artifact of a manifest."""

    value: Value
    file: str
    unpacked: bool


def _declared(manifest: Value) -> Sequence[_Declared]:
    """The artifacts that are files: an image of Docker is no file on the device."""
    return [
        _Declared(
            artifact,
            text(child(artifact, "Uri")).rpartition("/")[2],
            text(child(artifact, "Unarchive")).upper() == "ZIP",
        )
        for artifact in items(child(manifest, "Artifacts"))
        if not text(child(artifact, "Uri")).lower().startswith("docker:")
    ]


def _references(recipe: RecipeFile, manifest: Value) -> Sequence[_Reference]:
    return [
        _Reference(value, found[1], found[2], found.start(2))
        for value in interpolated(lifecycle(recipe.root, manifest))
        for found in _REFERENCE.finditer(str(value.content))
    ]


def _names(artifact: _Declared) -> tuple[str, str]:
    """What a reference calls it: kind and name."""
    return (_UNPACKED, artifact.file.removesuffix(_ZIP)) if artifact.unpacked else ("path", artifact.file)


def _missing(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root):
        declared = _declared(manifest)
        known = {_names(artifact) for artifact in declared} | {
            ("path", artifact.file) for artifact in declared
        }
        for reference in _references(recipe, manifest):
            is_misnamed = _is_own(recipe, reference.name + _ZIP) and _misnamed_files(recipe, declared)
            if (reference.kind, reference.name) in known or is_misnamed:
                continue
            yield Remark(
                recipe.spot_in(reference.value, reference.offset),
                _said_of_missing(reference, declared, manifest.place.line),
            )


def _said_of_missing(reference: _Reference, declared: Sequence[_Declared], line: int) -> str:
    name, is_unpacked = reference.name, reference.kind == _UNPACKED
    if not is_unpacked and (_UNPACKED, name) in map(_names, declared):
        return (
            f"{name}{_ZIP} is unpacked, and {{artifacts:path}} holds the archive alone: the path leads "
            f"nowhere on the device. Write {{artifacts:{_UNPACKED}}}/{name}."
        )
    wanted = name + _ZIP if is_unpacked else name
    packed = is_unpacked and wanted in [artifact.file for artifact in declared]
    remedy = "Add Unarchive: ZIP to it" if packed else f"Declare {wanted}, or correct the name"
    return (
        f"the manifest in line {line} brings no {wanted}{' that is unpacked' if is_unpacked else ''}: the "
        f"path leads nowhere on the device. {remedy}."
    )


def _repeated(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root):
        declared = _declared(manifest)
        for name, count in Counter(artifact.file for artifact in declared).items():
            if count > 1 and name:
                second = [artifact for artifact in declared if artifact.file == name][1]
                yield Remark(
                    recipe.spot(second.value),
                    f"{name} is declared {count} times: all artifacts of a version lie in one folder, and "
                    "one overwrites the other. Keep one.",
                )


def _unused(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root):
        used = {reference.name for reference in _references(recipe, manifest)}
        for artifact in _declared(manifest):
            if _is_own(recipe, artifact.file) or artifact in _misnamed_files(recipe, [artifact]):
                continue  # whether its code is found is a rule of its own, as is what it is called
            if artifact.file and used.isdisjoint((artifact.file, artifact.file.removesuffix(_ZIP))):
                yield Remark(
                    recipe.spot(artifact.value),
                    f"no script and no variable of the manifest in line {manifest.place.line} uses "
                    f"{artifact.file}: every device downloads it for nothing. Use it, or remove it.",
                )


def _placeholders(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root):
        for artifact in items(child(manifest, "Artifacts")):
            uri = child(artifact, "Uri")
            parts = text(uri).removeprefix("s3://").split("/")
            wrong = [
                part
                for part, wanted in zip(parts[:-1], _PLACEHOLDERS, strict=False)
                if _LIKE_A_PLACEHOLDER.fullmatch(part) and part != wanted
            ]
            if uri and text(uri).startswith("s3://") and wrong:
                yield Remark(
                    recipe.spot_in(uri, text(uri).index(wrong[0])),
                    f"{wrong[0]} is no placeholder of an artifact's address: nobody replaces it, and devices "
                    f"look for a bucket or folder of that name. Write s3://{'/'.join(_PLACEHOLDERS)}/FILE.",
                )


def _is_own(recipe: RecipeFile, file: str) -> bool:
    """Whether `edge build` makes an artifact of that name for the component."""
    package = recipe.component.package if recipe.component else ""
    return bool(package) and re.fullmatch(rf"{re.escape(package)}(?:-cp3\d+-\w+)?\.zip", file) is not None


def _misnamed_files(recipe: RecipeFile, declared: Sequence[_Declared]) -> Sequence[_Declared]:
    """Those that `edge build` does not make, nor somebody beside it, as PACKAGE-WHAT.zip."""
    if recipe.component is None:
        return []
    extra = re.compile(rf"{re.escape(recipe.component.package)}-[\w.-]+\.zip")
    return [
        one
        for one in declared
        if one.file and not _is_own(recipe, one.file) and not extra.fullmatch(one.file)
    ]


def _misnamed(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root) if recipe.component else ():
        for artifact in _misnamed_files(recipe, _declared(manifest)):
            package = recipe.component.package if recipe.component else ""
            uri = child(artifact.value, "Uri") or artifact.value
            yield Remark(
                recipe.spot_in(uri, max(text(uri).rfind(artifact.file), 0)),
                f"`edge build` makes {package}.zip for this component and no {artifact.file}: a "
                "deployment would not find it. Correct the name.",
            )


RULES = (
    Rule("artifact-missing", Severity.ERROR, "a path into an artifact that is not declared", _missing),
    Rule("artifact-repeated", Severity.ERROR, "an artifact declared twice", _repeated),
    Rule("artifact-unused", Severity.WARNING, "an artifact that nothing refers to", _unused),
    Rule("artifact-placeholder", Severity.ERROR, "a misspelt BUCKET_NAME and its like", _placeholders),
    Rule("artifact-name", Severity.ERROR, "an artifact that the build does not make", _misnamed),
)
