"""What setting up `.venv` leaves behind for the first build: every component's libraries for this machine.

    python -m edge_cli.building.prefetch

`scripts/venv.sh` calls it when uv has just installed the same wheels, so that it takes half a second and asks
nobody. From then on whatever runs on this machine, the demo and the tests too, is built without a network,
also where uv's own cache is gone.
"""

import sys

from edge_cli.building.artifact import PROJECT_SOURCES, libraries_of
from edge_cli.errors import CommandError
from edge_cli.project import components
from edge_cli.targets import this_machine


def main() -> int:
    """Fetch them; returns the exit code."""
    try:
        for component in components():
            libraries_of(component, this_machine(), PROJECT_SOURCES, progress=lambda _: None)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
