"""The command as a person runs it: a process of its own, its output and its exit code."""

import json
import queue
import signal
import subprocess
import sys
import threading
from typing import Any, Self

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


class RunningEdge:
    """A command that goes on; what it prints on either output, line by line. Killed on leaving if need be.

    Args:
        words: The words after `scripts/edge`.
    """

    def __init__(self, *words: str) -> None:
        self._said: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edge_cli", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def line_with(self, piece: str) -> str:
        """Wait for the next line that holds `piece`.

        Raises:
            AssertionError: The command ended without it; the text holds all it said.
        """
        while (line := self._lines.get(timeout=TIMEOUT_S)) is not None:
            self._said.append(line)
            if piece in line:
                return line
        raise AssertionError(f"never said {piece!r} but:\n{''.join(self._said)}")

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Press Ctrl-C, or send another signal; returns the exit code."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        code = self._process.wait(TIMEOUT_S)
        self._reader.join(TIMEOUT_S)
        return code

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)
