"""`greengrass-cli` for a core that is not a device: its words, its output, its exit codes; the core is real.

Runs as `python device_greengrass_cli.py --ggcRootPath ROOT …`. Output as DeploymentCommand and
ComponentCommand of aws-greengrass-cli have it; an unknown flag is refused, as picocli does.
"""

import json
import subprocess
import sys
from typing import Any


def main(words: list[str]) -> int:
    """One command line; returns the exit code."""
    assert words[0] == "--ggcRootPath", words
    root, command, arguments = words[1], words[2:4], words[4:]
    as_json = ["--json"] if command[1] in {"status", "details"} else []
    ended = subprocess.run(
        [sys.executable, "-m", "edge_cli", *command, *arguments, *as_json, "--root", root],
        capture_output=True,
        text=True,
        check=False,
    )
    if not as_json:
        sys.stdout.write(ended.stdout)
        sys.stderr.write(ended.stderr)
        return ended.returncode
    answer: dict[str, Any] = json.loads(ended.stdout)
    if "error" in answer:
        sys.stderr.write(f"{answer['error']}\n")
        return 1
    if command[1] == "status":
        sys.stdout.write(f"{answer['deployment_id']}: {answer['status']}\n")
    else:
        sys.stdout.write(
            f"Component Name: {answer['name']}\n"
            f"    Version: {answer['version']}\n"
            f"    State: {answer['state']}\n"
            f"    Configuration: {json.dumps(answer['configuration'])}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
