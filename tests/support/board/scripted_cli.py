"""A nucleus that is a folder: its `greengrass-cli` answers from files, so a test says what a board holds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.board.board import install_program

DEPLOYMENT_ID = "5f3c0000-0000-4000-8000-000000000001"
# Words and output as DeploymentCommand and ComponentCommand of aws-greengrass-cli have them.
_PROGRAM = f"""root=$2
case "$3 $4" in
"component list") cat "$root/components" ;;
"deployment create")
  shift 4
  printf '%s\\n' "$@" > "$root/told"
  echo "Local deployment submitted! Deployment Id: {DEPLOYMENT_ID}" ;;
"deployment status")
  if [ -e "$root/silent" ]; then
    rm "$root/silent"
    echo "java.net.SocketException: Connection refused" >&2
    exit 1
  fi
  echo "{DEPLOYMENT_ID}: $(cat "$root/status")" ;;
*) echo "Unmatched arguments: $*" >&2; exit 2 ;;
esac"""


class ScriptedNucleus:
    """A folder that looks like a classic nucleus.

    Args:
        root: The folder; it is made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "alts").mkdir(parents=True)
        install_program(root / "bin" / "greengrass-cli", _PROGRAM)
        (root / "components").write_text("Components currently running in Greengrass:\n")
        self.ends(as_="SUCCEEDED")

    def has(self, name: str, version: str, configuration: Mapping[str, Any], state: str = "RUNNING") -> None:
        """One more component is there."""
        with (self.root / "components").open("a") as components:
            components.write(
                f"Component Name: {name}\n    Version: {version}\n    State: {state}\n"
                f"    Configuration: {json.dumps(dict(configuration))}\n"
            )

    def ends(self, *, as_: str, in_detail: str = "") -> None:
        """Deployments come to this; only a later greengrass-cli tells the detail."""
        (self.root / "status").write_text(as_ + (f"\nDetailed Status: {in_detail}" if in_detail else ""))

    def falls_silent_once(self) -> None:
        """The next question for a deployment is not answered."""
        (self.root / "silent").touch()

    @property
    def told(self) -> list[str]:
        """The words of the last `deployment create`; empty where there was none."""
        path = self.root / "told"
        return path.read_text().splitlines() if path.exists() else []
