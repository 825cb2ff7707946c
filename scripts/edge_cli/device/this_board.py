"""The board that this runs on."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edge_cli.device.board import COMMAND_TIMEOUT_S, COPY_PREFIX, HOLD, Board, Ended, NoAnswerError
from edge_cli.errors import CommandError


class ThisBoard(Board):
    """The machine that this runs on."""

    name = "this board"

    def __init__(self) -> None:
        self.inbox = tempfile.gettempdir()

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
            raise NoAnswerError(f"{words[0]} did not end within {timeout_s:g} s.") from None
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def receive(self, folder: Path) -> str:
        """As `Board.receive`: a copy, for what is deployed must not change under the nucleus."""
        copy = tempfile.mkdtemp(prefix=COPY_PREFIX)
        try:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            Path(copy).chmod(0o755)
        except BaseException as error:
            self.discard(copy)
            if isinstance(error, OSError):
                raise CommandError(
                    f"The build could not be copied to {self.inbox}: {error}. Is there room? "
                    f"df -h {self.inbox}"
                ) from None
            raise
        return copy

    def discard(self, path: str) -> None:
        """As `Board.discard`."""
        if Path(path).is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing was opened."""

    def advice_on_root(self) -> str:
        """As `Board.advice_on_root`."""
        return "Run it as root, or let sudo ask for the password first: sudo -v"

    def _start_holding(self) -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        # A process group of its own: Ctrl-C is for this process, which lets go when it has cleared up. Not a
        # session of its own: what `sudo -v` was told holds only at the terminal where it was told.
        return subprocess.Popen(
            [*self.as_root, "sh", "-c", HOLD], stdin=pipe, stdout=pipe, stderr=pipe, process_group=0
        )
