"""The folders of one demo, gone when it has ended, unless somebody will want to look into them."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge_cli.errors import CommandError

WORKPLACE_PREFIX = "edge-demo-"  # then the process id, so that what a killed demo left can be told


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
        CommandError: The root that was given is in use.
    """
    if root and root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CommandError(
            f"The demo needs a fresh folder and {root} is in use. Name another, or remove it: rm -r {root}"
        )
    scratch = Path(tempfile.mkdtemp(prefix=f"{WORKPLACE_PREFIX}{os.getpid()}-"))
    return Workplace(scratch, root.resolve() if root else scratch / "core")


def owner_pid(scratch: Path) -> int | None:
    """Process id of the demo that made a scratch folder; None when the name is not of that form.

    >>> owner_pid(Path("edge-demo-4711-x9z"))
    4711
    """
    pid = scratch.name.removeprefix(WORKPLACE_PREFIX).partition("-")[0]
    return int(pid) if pid.isdecimal() else None
