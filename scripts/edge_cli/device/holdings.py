"""What a board has already: which versions, with which content. Asks, changes nothing.

A version stands for one content. The nucleus keeps that of the first deployment: it leaves files alone that
have the same size (its Unarchiver), so a second content under the same version may run half, or not at all.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from edge_cli.building.builds import Build
from edge_cli.device.nucleus import Nucleus
from edge_cli.errors import CommandError
from edge_cli.fleet.versions import next_version

_DIGEST = re.compile(r"^\\?(?P<digest>[0-9a-f]{64}) [ *](?P<path>.+)$", re.MULTILINE)  # sha256sum(1)
_ABSENT = "No such file or directory"  # strerror(ENOENT) without a locale


def refuse_other_content(nucleus: Nucleus, build: Build, digests: Mapping[str, str]) -> None:
    """Refuse a version that the board has with other content, or whose content cannot be seen.

    Args:
        nucleus: Who keeps it.
        build: What is to be deployed.
        digests: As `packing.pack` gives them.

    Raises:
        CommandError: It has, and the text offers the next version; or its files cannot be read.
    """
    ours = {f"{nucleus.packages}/{path}": digest for path, digest in digests.items()}
    theirs = _digests(nucleus, build, list(ours))
    other = {PurePosixPath(path).name for path, digest in theirs.items() if digest != ours[path]}
    if other:
        artifacts = sorted(name for name in other if name.endswith(".zip"))
        what = f"content ({', '.join(artifacts)})" if artifacts else "recipe"
        kept = f"{nucleus.packages}/artifacts/{build.name}"
        taken = nucleus.board.run_as_root(["ls", "-1", "--", kept]).stdout.split()
        free = next_version(build.version, [*taken, build.version])
        word = build.name.rpartition(".")[2]
        raise CommandError(
            f"{nucleus.board.name} has {build.name} {build.version} with another {what}, and would go on "
            f"with that. Give it another version: set ComponentVersion in its recipe to {free} and build it "
            f"again: scripts/edge build {word}"
        )


def _digests(nucleus: Nucleus, build: Build, paths: list[str]) -> dict[str, str]:
    """Path -> SHA-256 in hex, of those that are there."""
    board = nucleus.board
    ended = board.run_as_root(["env", "LC_ALL=C", "sha256sum", "--", *paths])
    found = {one["path"]: one["digest"] for one in _DIGEST.finditer(ended.stdout)}
    absent = [line for line in ended.stderr.splitlines() if line.endswith(_ABSENT)]
    unseen = [path for path in paths if path not in found and not any(path in line for line in absent)]
    if unseen:
        complaint = next(
            (line for line in ended.stderr.splitlines() if line and line not in absent),
            f"ended with {ended.code}",
        )
        remedy = "" if board.can_be_root else f" That takes root. {board.advice_on_root()}"
        raise CommandError(
            f"Whether {board.name} has {build.name} {build.version} with other content cannot be seen: "
            f"{complaint}.{remedy}"
        )
    return found
