"""A command at a terminal of its own, that asks a person before it changes something."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_QUESTION = b"[y/N]"
_DEADLINE_S = 60


@dataclass(slots=True)
class Terminal:
    """A command that waits for an answer.

    Attributes:
        side: Our side of the terminal.
        process: The command.
        shown: What it has shown so far.
        code: Its exit code; known once it was answered.
    """

    side: int
    process: "subprocess.Popen[bytes]"
    shown: bytes
    code: int | None = field(default=None)

    def answer(self, keys: bytes) -> bytes:
        """Press keys, and wait for the end; returns everything that was shown."""
        os.write(self.side, keys)
        self.shown += read_until(self.side, b"")
        self.code = self.process.wait(_DEADLINE_S)
        return self.shown

    def interrupt(self) -> bytes:
        """As Ctrl-C does; returns everything that was shown."""
        self.process.send_signal(signal.SIGINT)
        return self.answer(b"")


@contextmanager
def asked(*words: str) -> Iterator[Terminal]:
    """Run `edge` with `words` until it asks; killed on leaving if it was not answered."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "edge_cli", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            yield Terminal(ours, process, read_until(ours, _QUESTION))
        finally:
            process.kill()
            os.close(ours)


def read_until(terminal: int, wanted: bytes) -> bytes:
    """What a terminal shows until it shows `wanted`; until its other side is closed when that is empty."""
    shown = b""
    while not wanted or wanted not in shown:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # what Linux says of a closed terminal
            piece = b""
        if not piece:
            break
        shown += piece
    return shown
