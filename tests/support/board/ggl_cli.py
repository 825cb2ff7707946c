"""`ggl-cli deploy` of Greengrass Lite, its flags and its output (ggl-cli.c); the outcome goes to the journal.

Runs as `python ggl_cli.py JOURNAL OUTCOME deploy …`.
"""

import argparse
import time
from pathlib import Path

from support.board.journal import entry, write_journal

DEPLOYER = "ggl.core.ggdeploymentd.service"
DEPLOYMENT_ID = "0f3c1b2a-0000-4000-8000-000000000001"


def main() -> None:
    """One command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("journal", type=Path)
    parser.add_argument("outcome")
    parser.add_argument("command", choices=["deploy"])
    parser.add_argument("-r", "--recipe-dir", type=Path, required=True)
    parser.add_argument("-a", "--artifacts-dir", type=Path, required=True)
    parser.add_argument("-c", "--add-component", action="append", required=True)
    words = parser.parse_args()
    for name, _, version in (one.partition("=") for one in words.add_component):
        assert (words.recipe_dir / f"{name}-{version}.yaml").is_file()
        assert (words.artifacts_dir / name / version).is_dir()
    said = f"[ggdeploymentd] x.c:1: Completed deployment processing and reporting job as {words.outcome}."
    now_us = int(time.time() * 1e6)
    write_journal(
        words.journal,
        "deployed",
        [
            entry(DEPLOYER, "E[ggdeploymentd] y.c:2: the wheel is off", now_us, since_boot_us=10),
            entry(DEPLOYER, f"I{said}", now_us + 1, since_boot_us=11),
        ],
    )
    print(f"Deployment id: {DEPLOYMENT_ID}.")  # noqa: T201  the program's own output


if __name__ == "__main__":
    main()
