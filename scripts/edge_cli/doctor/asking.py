"""What other programs say of themselves, for `edge doctor`. Runs them, changes nothing."""

import subprocess
from collections.abc import Sequence

_TIMEOUT_S = 5.0  # Java's first start on a board takes seconds


def first_line(words: Sequence[str]) -> str | None:
    """The first line that a command prints; None where it is not there, or does not answer in time."""
    try:
        ended = subprocess.run(words, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next(iter((ended.stdout or ended.stderr).splitlines()), "")
