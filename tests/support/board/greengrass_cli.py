"""`greengrass-cli` for a core that is not a device: its words, its output, its exit codes; the core is real.

Runs as `python greengrass_cli.py --ggcRootPath ROOT …`. Output as DeploymentCommand and
ComponentCommand of aws-greengrass-cli have it; an unknown flag is refused, as picocli does.
"""

import contextlib
import io
import json
import sys
from typing import Any

from edge_cli.app import main as edge


def main(words: list[str]) -> int:
    """One command line; returns the exit code."""
    assert words[0] == "--ggcRootPath", words
    root, command, arguments = words[1], words[2:4], words[4:]
    as_json = ["--json"] if command[1] in {"status", "list"} else []
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = edge([*command, *arguments, *as_json, "--root", root])
    if not as_json:
        sys.stdout.write(said.getvalue())
        return code
    answer: Any = json.loads(said.getvalue())
    if "error" in answer:
        sys.stderr.write(f"{answer['error']}\n")
        return 1
    if command[1] == "status":
        sys.stdout.write(f"{answer['deployment_id']}: {answer['status']}\n")
        if answer["detailed_status"]:
            sys.stdout.write(f"Detailed Status: {answer['detailed_status']}\n")
        return 0
    sys.stdout.write("Components currently running in Greengrass:\n")
    for component in answer:
        sys.stdout.write(
            f"Component Name: {component['name']}\n"
            f"    Version: {component['version']}\n"
            f"    State: {component['state']}\n"
            f"    Configuration: {json.dumps(component['configuration'])}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
