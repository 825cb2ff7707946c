"""A component as a process of its own, its output in files, for tests that send it signals."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.waiting import wait_until

DEADLINE_S = 20.0
_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class ComponentProcess:
    """A started component.

    Attributes:
        folder: Its working folder; its output goes there too.
        process: The process itself.
    """

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def stdout(self) -> str:
        """What it has written so far."""
        return (self.folder / "stdout").read_text()

    @property
    def stderr(self) -> str:
        """What it has complained of so far."""
        return (self.folder / "stderr").read_text()

    def wait_for(self, text: str) -> None:
        """Wait until `text` stands in its standard output."""
        wait_until(lambda: text in self.stdout, DEADLINE_S, f"{text!r} in the output")

    def exit_code(self) -> int:
        """Wait for its end."""
        return self.process.wait(DEADLINE_S)


@contextmanager
def started(
    module: str,
    folder: Path,
    settings: dict[str, Any] | None = None,
    *arguments: str,
    **environment: str | None,
) -> Iterator[ComponentProcess]:
    """A component that is gone afterwards, however the test ended.

    Args:
        module: What `python -m` runs.
        folder: Its working folder. Standard output goes to the file `stdout` there, or where a link of that
            name points.
        settings: What the nucleus would hand over; None for nothing.
        arguments: Of the command line.
        environment: Further variables; None as a value takes one away.
    """
    variables: dict[str, str | None] = {
        **os.environ,
        "PYTHONPATH": str(_TESTS),
        "AWS_IOT_THING_NAME": "orangepi5-core-001",
        "GG_COMPONENT_CONFIG": None if settings is None else json.dumps(settings),
        **environment,
    }
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield ComponentProcess(folder, process)
    finally:
        process.kill()
        process.wait(DEADLINE_S)
