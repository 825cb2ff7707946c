"""A recipe of the project -> the recipe of one build: its names, and for each target its artifact. No I/O.

Manifests for architectures that are not built go: `gdk component publish` would leave their artifacts'
addresses as they are here, and a device would look for a bucket of that name. BUCKET_NAME and its like stay,
for whoever publishes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.targets import Target


def artifact_stem(package: str, target: Target) -> str:
    """Name of an artifact without `.zip`; also of the folder that it is unpacked into.

    One for each target, because all artifacts of a version lie in one folder.
    """
    return f"{package}-{target.tag}"


def rendered(
    document: Mapping[str, Any],
    *,
    package: str,
    version: str,
    targets: Sequence[Target],
    rename: Callable[[str], str],
) -> dict[str, Any]:
    """The recipe of one build.

    Args:
        document: The project's recipe.
        package: The component's package: its artifact is `PACKAGE.zip` there.
        version: What is built.
        targets: What artifacts there are for.
        rename: Puts names of the project's components, wherever they stand in a text, into their namespace.

    Raises:
        CommandError: The recipe has no manifest for a target, or one for no particular architecture, or names
            another Python than that of a target.
    """
    result: dict[str, Any] = renamed(deepcopy(dict(document)), rename)
    result["ComponentVersion"] = version
    faults = [fault for one in targets for fault in _other_pythons(result, "", one)]
    by_architecture = {target.architecture.in_recipes: target for target in targets}
    manifests = []
    for manifest in result.get("Manifests") or []:
        architecture = (manifest.get("Platform") or {}).get("architecture")
        if not isinstance(architecture, str) or not re.fullmatch(r"\w+", architecture):
            raise CommandError(
                f"The recipe of {result['ComponentName']} has a manifest that is not for exactly one "
                f"architecture ({architecture}). An artifact is for one: write a manifest for aarch64 and "
                "one for amd64."
            )
        if target := by_architecture.pop(architecture, None):
            manifests.append(_for_target(manifest, package, target))
            faults += _other_pythons(manifests[-1], f"the manifest for {architecture}: ", target)
    if by_architecture:
        raise CommandError(
            f"The recipe of {result['ComponentName']} has no manifest for {', '.join(by_architecture)}. "
            "Write one, or name another --arch."
        )
    if faults:
        listed = "".join(f"\n  {fault}" for fault in dict.fromkeys(faults))
        raise CommandError(
            f"The recipe of {result['ComponentName']} starts another Python than its artifact's:{listed}\n"
            "Write $PYTHON there, and PYTHON in that manifest's Setenv: the build puts the right one there."
        )
    result["Manifests"] = manifests
    return result


def _other_pythons(part: Mapping[str, Any], where: str, target: Target) -> list[str]:
    """Where the steps of a recipe or manifest name another Python than a target's; comments are none."""
    return [
        f"{where}{path} names {named}, the artifact is for {target.interpreter}"
        for path, text in _strings(part.get("Lifecycle"), "Lifecycle")
        for named in re.findall(r"(?<![\w.-])python3\.\d+(?![\w.])", re.sub(r"(?m)(^|\s)#.*$", "", text))
        if named != target.interpreter
    ]


def _for_target(manifest: dict[str, Any], package: str, target: Target) -> dict[str, Any]:
    stem = artifact_stem(package, target)
    unpacked = re.compile(rf"(\{{artifacts:decompressedPath\}}/){re.escape(package)}(?![\w-])")
    addressed = re.compile(rf"(?<=/){re.escape(package)}\.zip$")

    def point_to_target(text: str) -> str:
        return addressed.sub(f"{stem}.zip", unpacked.sub(rf"\g<1>{stem}", text))

    result: dict[str, Any] = _map_strings(manifest, point_to_target)
    steps = result.get("Lifecycle") or {}
    if "PYTHON" in (steps.get("Setenv") or {}):
        steps["Setenv"]["PYTHON"] = target.interpreter
    return result


def renamed(node: Any, rename: Callable[[str], str]) -> Any:
    """A recipe, or a part of one, with other names: `rename` is asked for each text in it, keys too."""
    if isinstance(node, dict):
        return {rename(str(key)): renamed(value, rename) for key, value in node.items()}
    if isinstance(node, list):
        return [renamed(item, rename) for item in node]
    return rename(node) if isinstance(node, str) else node


def _strings(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each text below a node, after its keys with dots between."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _strings(value, f"{path}.{key}")
    elif isinstance(node, str):
        yield path, node


def _map_strings(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, dict):
        return {key: _map_strings(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [_map_strings(item, change) for item in node]
    return change(node) if isinstance(node, str) else node
