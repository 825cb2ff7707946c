"""The command as a person runs it: a process of its own, its output and its exit code."""

import json
import subprocess
import sys
from typing import Any

TIMEOUT_S = 60.0


def edge(*words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run one command to its end.

    Args:
        words: The words after `scripts/edge`.
        expect: The exit code it must have.

    Raises:
        AssertionError: It had another one; the text holds all it said.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "edge_cli", *words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ended.returncode == expect, (
        f"edge {' '.join(words)} ended with {ended.returncode}, not {expect}\n{ended.stdout}{ended.stderr}"
    )
    return ended


def edge_json(*words: str, expect: int = 0) -> Any:
    """Run one command with `--json` and decode the one document it prints."""
    return json.loads(edge(*words, "--json", expect=expect).stdout)
