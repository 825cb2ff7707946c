"""Runs `support.spool.steps` under strace: to log what it does, to kill it at a call, or to make one fail.

The interpreter itself is traced, not a shim before it. Injections are strace's, such as
`fdatasync:signal=SIGKILL:when=3`.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from support.spool.steps import FIRST_HIT
from support.spool.trace import CALLS, FOREVER_BYTES

# Every call by which the spool changes the disk, and `write`, by which it says so.
MUTATING = ("pwrite64", "write", "fdatasync", "fsync", "rename", "unlink", "mkdir")
SPOOL_STEPS = "support.spool.steps"
SPOOL_ONE_FILE = "support.spool.one_file"
PYTHON = (str(Path(sys.executable).resolve()), "-B")


def environment() -> dict[str, str]:
    """What a process of ours needs to find our modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}


def record_steps(folder: Path, log: Path, seed: int, program: str = SPOOL_STEPS) -> None:
    """Do the steps once, on a spool with its thread, and log all that reaches the disk, with the bytes."""
    subprocess.run(
        [
            *("strace", "-f", "-qq", "-xx", "-s", str(FOREVER_BYTES), "-o", str(log)),
            *("-e", f"trace={','.join(CALLS)}", "-e", "signal=none"),
            *(*PYTHON, "-m", program, str(folder), str(seed)),
        ],
        check=True,
        capture_output=True,
        env=environment(),
    )


@dataclass
class Children:
    """A program under strace that does the steps in a child for each job.

    Attributes:
        log: What strace has written of all children, `PID call(...) = result`.
        home: Folder for the spools.
    """

    log: Path
    home: Path
    _jobs: IO[str]
    _answers: IO[str]
    _count: int = 0

    def run(self, call: str, nth: int, seed: int) -> tuple[Path, bytes, int, int]:
        """Do the steps; the injection meets the `nth` of its calls of that name.

        Returns:
            The spool's folder, what the child said, its process id and how it ended: an exit code, or a
            signal below 0.
        """
        self._count += 1
        folder = self.home / f"{self._count}"
        said = self.home / f"{self._count}.said"
        job = {"folder": str(folder), "said": str(said), "call": call, "nth": nth, "seed": seed}
        self._jobs.write(json.dumps(job) + "\n")
        self._jobs.flush()
        answer = json.loads(self._answers.readline())
        return folder, said.read_bytes(), answer["pid"], answer["status"]


@contextmanager
def children(
    home: Path, fault: str | None, call: str = "fsync", program: str = SPOOL_STEPS
) -> Iterator[Children]:
    """Children in which calls number FIRST_HIT and following meet `fault`.

    Args:
        home: Where spools and log go.
        fault: What follows the call's name in strace's inject, with `{0}` for that number and `{1}` for the
            last of three; None for nothing.
        call: The call's name.
        program: The module that does the steps.
    """
    home.mkdir()
    log = home / "strace.log"
    injection = ["-e", f"inject={call}:{fault.format(FIRST_HIT, FIRST_HIT + 2)}"] if fault else []
    with subprocess.Popen(
        [
            *("strace", "-f", "-qq", "-y", "-o", str(log)),
            *("-e", f"trace={','.join(MUTATING)},close", "-e", "signal=none", *injection),
            *(*PYTHON, "-m", program),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as traced:
        if traced.stdin is None or traced.stdout is None:
            raise AssertionError("both are pipes")
        yield Children(log, home, traced.stdin, traced.stdout)
        traced.stdin.close()


def calls_of(home: Path, seed: int, program: str = SPOOL_STEPS) -> Counter[str]:
    """How often each call is made in a whole run with this seed."""
    with children(home, None, program=program) as whole:
        _, _, pid, status = whole.run("mkdir", FIRST_HIT, seed)
    if status != 0:
        raise AssertionError(f"the undisturbed run ended with {status}")
    lines = (line.split(None, 1) for line in whole.log.read_text().splitlines())
    names = (words[1].split("(", 1)[0] for words in lines if words[0] == str(pid))
    return Counter(name for name in names if name in MUTATING)
