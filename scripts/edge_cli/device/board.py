"""A board that commands run on: this machine (`this_board`) or another one (`ssh`).

Commands are argument lists; no shell ever reads a value that somebody configured.
"""

import contextlib
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_cli.errors import CommandError

COMMAND_TIMEOUT_S = 60.0  # greengrass-cli starts a Java machine, which takes a small board ten seconds
_ENDING_TIMEOUT_S = 5.0
COPY_PREFIX = "edge-deploy."  # of the folders that `receive` makes
_HELD, _TAKEN = b"held\n", b"taken\n"

# Reads a folder's path from stdin, then holds its lock (flock(2), which no crash outlives) until that ends.
# flock(1) ends with 1 and says nothing where somebody else has it.
HOLD = (
    'IFS= read -r folder && cd -- "$folder" && '
    '{ flock -n . sh -c "echo held; exec cat >/dev/null"; [ $? != 1 ] || echo taken; }'
)


class NoAnswerError(CommandError):
    """A board, or the nucleus on it, does not answer just now; it may later."""


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

    inbox: str
    """The folder there that `receive` copies into."""

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
            NoAnswerError: The board is not reached, or the command did not end in time.
        """

    @abstractmethod
    def receive(self, folder: Path) -> str:
        """Take a folder to the board, readable for all of its users; returns its path there.

        Nothing of it stays there when it could not be copied, was interrupted, or the connection is lost.

        Raises:
            CommandError: It could not be copied.
        """

    @abstractmethod
    def discard(self, path: str) -> None:
        """Delete what `receive` has brought, or a file of it; left alone where the board is out of reach."""

    @abstractmethod
    def close(self) -> None:
        """End what was opened; `discard` first."""

    @abstractmethod
    def advice_on_root(self) -> str:
        """How a person becomes root there."""

    @abstractmethod
    def _start_holding(self) -> "subprocess.Popen[bytes]":
        """Start `HOLD` there, as root where that is allowed."""

    @contextmanager
    def alone(self, folder: str) -> Iterator[None]:
        """Nobody else deploys there for as long as the block lasts; ends by itself when this process dies.

        Args:
            folder: The nucleus's; what is locked.

        Raises:
            CommandError: Somebody else does just now, or the folder cannot be locked.
        """
        with self._start_holding() as holder:
            assert holder.stdin and holder.stdout and holder.stderr  # noqa: PT018, S101  pipes, all of them
            try:
                with contextlib.suppress(BrokenPipeError):  # it has ended, and says why
                    holder.stdin.write(f"{folder}\n".encode())
                    holder.stdin.flush()
                answer = next((line for line in holder.stdout if line in {_HELD, _TAKEN}), b"")
                if answer == _TAKEN:
                    raise self._not_alone(folder)
                if answer != _HELD:
                    raise self._not_lockable(folder, holder.stderr.read().decode(errors="replace"))
                yield
            finally:
                with contextlib.suppress(BrokenPipeError):
                    holder.stdin.close()
                try:
                    holder.wait(_ENDING_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    holder.kill()

    def _not_alone(self, folder: str) -> CommandError:
        return CommandError(
            f"Somebody else is deploying to {self.name}. Nothing was changed. Wait until that deployment "
            "is finished. "
            f"To see who it is, on the board: sudo lslocks -o PID,COMMAND,PATH | grep {folder}"
        )

    def _not_lockable(self, folder: str, complaint: str) -> CommandError:
        reason = " ".join(complaint.split())
        return CommandError(
            f"{folder} on {self.name} cannot be locked against others who deploy: {reason}. "
            f"That needs flock (apt install util-linux) and root. {self.advice_on_root()}"
        )

    @cached_property
    def as_root(self) -> tuple[str, ...]:
        """What stands before a command that only root may run: nothing for root, else `sudo -n`.

        Nothing, too, where sudo wants a password: such a command then fails for want of permission, unless
        the user is in a group that greengrass-cli admits.
        """
        if self._is_root:
            return ()
        return ("sudo", "-n") if self.run(["sudo", "-n", "true"]).code == 0 else ()

    @property
    def can_be_root(self) -> bool:
        """Whether `run_as_root` is root."""
        return self._is_root or bool(self.as_root)

    @cached_property
    def _is_root(self) -> bool:
        return self.run(["id", "-u"]).stdout.strip() == "0"

    @cached_property
    def machine(self) -> str:
        """The processor, as `uname -m` has it."""
        return self.run(["uname", "-m"]).stdout.strip()

    def run_as_root(self, words: Sequence[str], *, timeout_s: float = COMMAND_TIMEOUT_S) -> Ended:
        """Run one command as root, as far as that is allowed; as `run`."""
        return self.run([*self.as_root, *words], timeout_s=timeout_s)
