"""What a board has already: which versions, with which content, and which grants. Asks, changes nothing.

A version stands for one content. The nucleus keeps that of the first deployment: it leaves files alone that
have the same size (its Unarchiver), so a second content under the same version may run half, or not at all.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from edge_cli.device.commanding import Nucleus
from edge_cli.errors import CommandError
from edge_cli.fleet.builds import Build
from edge_cli.fleet.versions import next_version

_DIGEST = re.compile(r"^\\?(?P<digest>[0-9a-f]{64}) [ *](?P<path>.+)$", re.MULTILINE)  # sha256sum(1)


def refuse_other_content(nucleus: Nucleus, build: Build, digests: Mapping[str, str]) -> None:
    """Refuse a version that the board has with other content.

    Args:
        nucleus: Who keeps it.
        build: What is to be deployed.
        digests: As `packing.pack` gives them.

    Raises:
        CommandError: It has; the text offers the next version.
    """
    ours = {f"{nucleus.packages}/{path}": digest for path, digest in digests.items()}
    found = nucleus.board.run_as_root(["sha256sum", "--", *ours]).stdout
    other = {
        PurePosixPath(one["path"]).name
        for one in _DIGEST.finditer(found)
        if one["digest"] != ours[one["path"]]
    }
    if other:
        artifacts = sorted(name for name in other if name.endswith(".zip"))
        what = f"content ({', '.join(artifacts)})" if artifacts else "recipe"
        kept = f"{nucleus.packages}/artifacts/{build.name}"
        taken = nucleus.board.run_as_root(["ls", "-1", "--", kept]).stdout.split()
        free = next_version(build.version, [*taken, build.version])
        word = build.name.rpartition(".")[2]
        raise CommandError(
            f"{nucleus.board.name} has {build.name} {build.version} with another {what}, and would go on "
            f"with that. Give yours a version of its own: scripts/edge build {word} --version {free}"
        )


def has_other_grants(nucleus: Nucleus, name: str, wanted: object) -> bool:
    """Whether a component on the board has grants that are not its recipe's.

    The classic nucleus keeps what is configured when a later recipe grants something else, unless it is told
    to reset it. What somebody granted by configuration goes with it.

    Raises:
        CommandError: The nucleus does not answer.
    """
    component = nucleus.installed(name)
    if component is None:
        return False
    return _as_text(component.configuration.get("accessControl") or {}) != _as_text(wanted)


def _as_text(value: object) -> object:
    """Without the differences that a nucleus makes on the way: numbers and words are the same text."""
    if isinstance(value, Mapping):
        return {str(key): _as_text(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_as_text(member) for member in value]
    return str(value)
