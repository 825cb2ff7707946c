"""Which Greengrass a command is about when nobody says: the device's that it runs on, else the local core."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge_cli.project import ROOT_VARIABLE, default_root
from local_core.layout import Layout

CLASSIC_ROOT = Path("/greengrass/v2")  # the installer's, in AWS's documentation
LITE_ROOT = Path("/var/lib/greengrass")  # of Lite's Debian package
CLASSIC_VARIABLE = "GGC_ROOT_PATH"  # greengrass-cli's own
LITE_CLI = "ggl-cli"


class Kind(StrEnum):
    """What runs components there."""

    LOCAL_CORE = "local core"
    CLASSIC = "classic nucleus"
    LITE = "Greengrass Lite"


@dataclass(frozen=True, slots=True)
class Place:
    """A Greengrass on this machine: what kind, and its folder."""

    kind: Kind
    root: Path


def find(
    root: Path | None,
    environment: Mapping[str, str] = os.environ,
    *,
    classic_root: Path = CLASSIC_ROOT,
    lite_root: Path = LITE_ROOT,
    which: Callable[[str], str | None] = shutil.which,
) -> Place:
    """The Greengrass that is meant.

    Args:
        root: What the person said; None for nothing.
        environment: $EDGE_ROOT, and on a device $GGC_ROOT_PATH, say it for them.
        classic_root: Where a classic nucleus lies when nothing says so.
        lite_root: The same of Lite.
        which: Finds programs.
    """
    named = root or _path(environment, ROOT_VARIABLE) or _path(environment, CLASSIC_VARIABLE)
    if named:
        return Place(kind_of(named), named)
    if is_there(classic_root):
        return Place(Kind.CLASSIC, classic_root)
    if is_there(lite_root) and which(LITE_CLI):
        return Place(Kind.LITE, lite_root)
    return Place(Kind.LOCAL_CORE, default_root())


def kind_of(root: Path) -> Kind:
    """What a folder belongs to, by the files that only one of them has; a local core where nothing tells."""
    if is_there(Layout(root).lock):
        return Kind.LOCAL_CORE
    if is_there(root / "config.db"):  # ggconfigd's
        return Kind.LITE
    if is_there(root / "alts") or is_there(Layout(root).state / "effectiveConfig.yaml"):
        return Kind.CLASSIC
    return Kind.LOCAL_CORE


def is_there(path: Path) -> bool:
    """Whether a file exists; what lies where this user may not look does, as far as anybody can tell."""
    try:
        return path.exists()
    except PermissionError:
        return True


def _path(environment: Mapping[str, str], variable: str) -> Path | None:
    value = environment.get(variable)
    return Path(value).absolute() if value else None
