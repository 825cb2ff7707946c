"""Runs `support.spool_steps` under strace, which kills it or makes a system call fail at a given one."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

# Every call by which the spool changes the disk, and `write`, by which it says so.
MUTATING = ("pwrite64", "write", "fdatasync", "fsync", "rename", "unlink", "mkdir")
_REAL_PYTHON = Path(sys.executable).resolve()


def run_steps(
    folder: Path, log: Path, inject: str | None = None, *, seed: int = 1
) -> subprocess.CompletedProcess[bytes]:
    """Run the steps; `inject` is strace's, such as `fdatasync:signal=SIGKILL:when=3`."""
    injection = ["-e", f"inject={inject}"] if inject else []
    return subprocess.run(
        [
            *("strace", "-f", "-qq", "-y", "-o", str(log), "-e", f"trace={','.join(MUTATING)}", *injection),
            *(str(_REAL_PYTHON), "-B", "-m", "support.spool_steps", str(folder), str(seed)),
        ],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def calls_of(log: Path) -> Counter[str]:
    """How often each call was made in a run that was traced to `log`."""
    names = (line.split(None, 1)[1].split("(", 1)[0] for line in log.read_text().splitlines() if "(" in line)
    return Counter(name for name in names if name in MUTATING)
