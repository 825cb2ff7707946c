"""The folders of one demo, gone when it has ended, unless somebody will want to look into them."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge_cli.errors import CommandError

WORKPLACE_PREFIX = "edge-demo-"  # then the process id, so that what a killed demo left can be told
# Two components take 90 MB, packed and unpacked (measured); the outbox takes 16 MiB and leaves 64 to others.
_NEEDED_BYTES = 175_000_000


@dataclass(slots=True)
class Workplace:
    """Where one demo works.

    Attributes:
        scratch: Temporary folder: what was built and, unless it was given, the core's root.
        root: The core's root.
        is_kept: `remove` leaves everything where it is.
    """

    scratch: Path
    root: Path
    is_kept: bool = False

    @property
    def build_output(self) -> Path:
        """Where the components are built."""
        return self.scratch / "build"

    def keep(self) -> None:
        """Somebody will want to look at the logs: let `remove` leave a temporary root where it is."""
        self.is_kept = self.scratch in self.root.parents

    def remove(self) -> None:
        """Delete the scratch folder; a root that was given stays."""
        if not self.is_kept:
            shutil.rmtree(self.scratch, ignore_errors=True)


def make_workplace(root: Path | None) -> Workplace:
    """Make the folders.

    Args:
        root: The core's root; None means a temporary one.

    Raises:
        CommandError: The root that was given is in use, or there is not enough room.
    """
    if root and root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CommandError(
            f"The demo needs a fresh folder and {root} is in use. Name another, or remove it: rm -r {root}"
        )
    if root is None:
        _refuse_small(Path(tempfile.gettempdir()))
    scratch = Path(tempfile.mkdtemp(prefix=f"{WORKPLACE_PREFIX}{os.getpid()}-"))
    return Workplace(scratch, root.resolve() if root else scratch / "core")


def _refuse_small(temporary: Path) -> None:
    free_bytes = shutil.disk_usage(temporary).free
    if free_bytes < _NEEDED_BYTES:
        raise CommandError(
            f"The demo needs {_NEEDED_BYTES // 10**6} MB and {temporary} has {free_bytes // 10**6} MB free. "
            "Name a folder on another disk: TMPDIR=/var/tmp scripts/edge demo"
        )


def owner_pid(scratch: Path) -> int | None:
    """Process id of the demo that made a scratch folder; None when the name is not of that form.

    >>> owner_pid(Path("edge-demo-4711-x9z"))
    4711
    """
    pid = scratch.name.removeprefix(WORKPLACE_PREFIX).partition("-")[0]
    return int(pid) if pid.isdecimal() else None
