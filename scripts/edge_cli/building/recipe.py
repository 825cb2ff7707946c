"""A recipe of the project -> the recipe of one build: its names, and for each target its artifact. No I/O.

Manifests for architectures that are not built go: `gdk component publish` would leave their artifacts'
addresses as they are here, and a device would look for a bucket of that name. BUCKET_NAME and its like stay,
for whoever publishes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
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
        CommandError: The recipe has no manifest for a target, or one for no particular architecture.
    """
    result: dict[str, Any] = _renamed(deepcopy(dict(document)), rename)
    result["ComponentVersion"] = version
    by_architecture = {target.architecture.in_recipes: target for target in targets}
    manifests = []
    for manifest in result.get("Manifests") or []:
        architecture = (manifest.get("Platform") or {}).get("architecture")
        if not isinstance(architecture, str) or not re.fullmatch(r"\w+", architecture):
            raise CommandError(
                f"The recipe of {result['ComponentName']} has a manifest for no one architecture "
                f"({architecture}). An artifact is for one: write a manifest for aarch64 and one for amd64."
            )
        if target := by_architecture.pop(architecture, None):
            manifests.append(_for_target(manifest, package, target))
    if by_architecture:
        raise CommandError(
            f"The recipe of {result['ComponentName']} has no manifest for {', '.join(by_architecture)}. "
            "Write one, or name another --arch."
        )
    result["Manifests"] = manifests
    return result


def _for_target(manifest: dict[str, Any], package: str, target: Target) -> dict[str, Any]:
    stem = artifact_stem(package, target)
    unpacked = re.compile(rf"(\{{artifacts:decompressedPath\}}/){re.escape(package)}(?![\w-])")
    addressed = re.compile(rf"(?<=/){re.escape(package)}\.zip$")

    def point_to_target(text: str) -> str:
        return addressed.sub(f"{stem}.zip", unpacked.sub(rf"\g<1>{stem}", text))

    result: dict[str, Any] = _map_strings(manifest, point_to_target)
    if "PYTHON" in (result.get("Lifecycle") or {}).get("Setenv", {}):
        result["Lifecycle"]["Setenv"]["PYTHON"] = target.interpreter
    return result


def _renamed(node: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(node, dict):
        return {rename(str(key)): _renamed(value, rename) for key, value in node.items()}
    if isinstance(node, list):
        return [_renamed(item, rename) for item in node]
    return rename(node) if isinstance(node, str) else node


def _map_strings(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, dict):
        return {key: _map_strings(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [_map_strings(item, change) for item in node]
    return change(node) if isinstance(node, str) else node
