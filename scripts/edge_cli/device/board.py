"""A board that commands run on: this machine, or (in `ssh`) another one.

Commands are argument lists; no shell ever reads a value that somebody configured.
"""

import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_cli.errors import CommandError

COMMAND_TIMEOUT_S = 60.0  # greengrass-cli starts a Java machine, which takes a small board ten seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Exit code; 127 for a program that is not there.
        stdout: What it printed.
        stderr: What it complained about.
    """

    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """All it said, errors first, in one line."""
        return " ".join(f"{self.stderr} {self.stdout}".split())


class Board(ABC):
    """Runs commands on a board and takes files there; a context manager that closes what it opened."""

    name: str
    """What a person calls it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def run(self, words: Sequence[str], *, timeout_s: float = COMMAND_TIMEOUT_S) -> Ended:
        """Run one command to its end, as the user that is logged in.

        Args:
            words: Program and arguments.
            timeout_s: Seconds until it is killed.

        Raises:
            CommandError: The board is not reached, or the command did not end in time.
        """

    @abstractmethod
    def receive(self, folder: Path) -> str:
        """Take a folder to the board, readable for all of its users; returns its path there.

        Raises:
            CommandError: It could not be copied.
        """

    @abstractmethod
    def discard(self, folder: str) -> None:
        """Delete what `receive` has brought."""

    @abstractmethod
    def close(self) -> None:
        """End what was opened; `discard` first."""

    @cached_property
    def as_root(self) -> tuple[str, ...]:
        """What stands before a command that only root may run: nothing for root, else `sudo -n`.

        Nothing, too, where sudo wants a password: such a command then fails for want of permission, unless
        the user is in a group that greengrass-cli admits.
        """
        if self.run(["id", "-u"]).stdout.strip() == "0":
            return ()
        return ("sudo", "-n") if self.run(["sudo", "-n", "true"]).code == 0 else ()

    @cached_property
    def machine(self) -> str:
        """The processor, as `uname -m` has it."""
        return self.run(["uname", "-m"]).stdout.strip()

    def run_as_root(self, words: Sequence[str], *, timeout_s: float = COMMAND_TIMEOUT_S) -> Ended:
        """Run one command as root, as far as that is allowed; as `run`."""
        return self.run([*self.as_root, *words], timeout_s=timeout_s)

    def advice_on_root(self) -> str:
        """How a person becomes root there."""
        return "Run it as root, or let sudo ask for the password first: sudo -v"


class ThisBoard(Board):
    """The machine that this runs on."""

    name = "this board"

    def run(self, words: Sequence[str], *, timeout_s: float = COMMAND_TIMEOUT_S) -> Ended:
        """As `Board.run`; a program that is not there ends with 127."""
        try:
            ended = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError:
            return Ended(127, "", f"{words[0]}: not found")
        except PermissionError:
            return Ended(126, "", f"{words[0]}: Permission denied")
        except subprocess.TimeoutExpired:
            raise CommandError(f"{words[0]} did not end within {timeout_s:g} s.") from None
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def receive(self, folder: Path) -> str:
        """As `Board.receive`: a copy, for what is deployed must not change under the nucleus."""
        copy = tempfile.mkdtemp(prefix="edge-deploy.")
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        Path(copy).chmod(0o755)
        return copy

    def discard(self, folder: str) -> None:
        """As `Board.discard`."""
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Nothing was opened."""
