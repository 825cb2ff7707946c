"""A board at the other end of ssh: the user's own program, with the user's own keys and settings.

One connection serves a whole command. What the login shell there reads is constant: arguments travel on
standard input, each ended by a NUL, and `xargs` hands them on untouched. A connection that is dead is given
up after 15 s. If this process is killed, the connection ends by itself once nothing has used it for a minute.
"""

import contextlib
import re
import shlex
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from edge_cli.device.board import COMMAND_TIMEOUT_S, HOLD, Board, Ended, NoAnswerError
from edge_cli.device.packing import UPDATE_CONFIG
from edge_cli.errors import CommandError

_CONNECT_TIMEOUT_S = 10
_IDLE_S = 60  # how long a connection stays that nobody uses, e.g. because this process was killed
_CLOSE_TIMEOUT_S = 10.0
# A board that is gone does not end a connection: without these a copy would wait for its whole time.
_ALIVE = ("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3")
_COPY_TIMEOUT_S = 900.0  # 50 MB over a poor radio link
_NOT_CONNECTED = 255  # ssh's own failures, ssh(1)
_HOST = re.compile(r"[A-Za-z0-9_.@:%\[\]][A-Za-z0-9_.@:%\[\]-]*")

# xargs keeps an exit code to itself, so it is the last line on stderr. What the login shell there prints of
# its own accord comes before the mark.
_MARK = "\nedge-begins\n"
_RUN = """xargs -0 sh -c 'printf "\\nedge-begins\\n"; "$@"; printf "\\n%s" "$?" >&2' sh"""
# Where the connection is lost, tar meets an early end, or its last word reaches nobody: then nothing stays.
_UNPACK = (
    'sh -c \'d=$(mktemp -d /tmp/edge-deploy.XXXXXX) || exit; trap "" PIPE; '
    """chmod 755 "$d" && tar -xf - -C "$d" && printf "\\n%s" "$d" || { rm -rf "$d"; exit 1; }'"""
)
_UNPACKED = re.compile(r"/tmp/edge-deploy\.[A-Za-z0-9]+")  # noqa: S108  made by mktemp on the board

# What ssh(1) says on stderr -> what to do.
_ADVICE = (
    ("Could not resolve hostname", "There is no such name: try the board's address, e.g. user@192.168.0.20"),
    ("No route to host", "Is the board on, and in the same network?"),
    ("timed out", "Is the board on, and in the same network?"),
    ("Connection refused", "No ssh server listens there: on the board, apt install openssh-server"),
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "If the board was installed anew: ssh-keygen -R {address}, then log in once by hand: ssh {host}",
    ),
    ("Host key verification failed", "Log in once by hand and look at its key: ssh {host}"),
    ("Permission denied", "It does not take your key: ssh-copy-id {host}, and it must be in your ssh-agent"),
)


class SshBoard(Board):
    """A board that ssh reaches without asking anything; close it when done.

    Args:
        host: As ssh takes it: `user@board`, or a name of ~/.ssh/config.

    Raises:
        CommandError: It cannot be reached, or there is no ssh here.
    """

    def __init__(self, host: str) -> None:
        if not _HOST.fullmatch(host):
            raise CommandError(f"--host '{host}' is not a valid address. Write e.g. orangepi@192.168.0.20")
        self.name = host
        self.inbox = "/tmp"  # noqa: S108  where mktemp makes a folder of its own
        self._folder = tempfile.TemporaryDirectory(prefix="edge-ssh.")
        self._socket = str(Path(self._folder.name, "s"))
        try:
            self._connect()
        except BaseException:
            self._folder.cleanup()
            raise

    def run(self, words: Sequence[str], *, timeout_s: float = COMMAND_TIMEOUT_S) -> Ended:
        """As `Board.run`."""
        arguments = "".join(f"{word}\0" for word in words).encode()
        with tempfile.TemporaryFile() as stdin:
            stdin.write(arguments)
            stdin.seek(0)
            ended = self._ssh(_RUN, stdin, timeout_s, words[0])
        complaints, _, code = ended.stderr.rpartition("\n")
        if not code.isdecimal():  # not even begun: no xargs, or too many arguments
            return ended
        return Ended(int(code), ended.stdout.partition(_MARK)[2], complaints)

    def receive(self, folder: Path) -> str:
        """As `Board.receive`."""
        with tempfile.TemporaryFile() as packed:
            with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
                archive.add(folder, arcname=".", filter=_nobodys)
            packed.seek(0)
            try:
                ended = self._ssh(_UNPACK, packed, _COPY_TIMEOUT_S, "tar")
            except NoAnswerError as error:
                raise CommandError(f"{error} That was while copying: nothing was changed.") from None
        there = ended.stdout.rpartition("\n")[2]
        if ended.code or not _UNPACKED.fullmatch(there):
            raise CommandError(
                f"The build could not be copied to {self.name}: {ended.said or 'no reason given'}. "
                f"Is there room? ssh {self.name} df -h /tmp"
            )
        return there

    def discard(self, path: str) -> None:
        """As `Board.discard`."""
        with contextlib.suppress(NoAnswerError):  # what cannot be reached cannot be cleared up
            self.run(["rm", "-rf", "--", path])

    def close(self) -> None:
        """End the connection; one that hangs ends by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                self._words("-O", "exit"), capture_output=True, timeout=_CLOSE_TIMEOUT_S, check=False
            )
        self._folder.cleanup()

    def advice_on_root(self) -> str:
        """As `Board.advice_on_root`."""
        user = self.name.rpartition("@")[0] or "USER"
        return (
            f"Log in as root (--host root@{self.name.rpartition('@')[2]}), or let {user} use sudo without a "
            f"password: on the board, sudo visudo -f /etc/sudoers.d/edge, one line: "
            f"{user} ALL=(ALL) NOPASSWD: ALL"
        )

    def _start_holding(self) -> "subprocess.Popen[bytes]":
        command = shlex.join([*self.as_root, "sh", "-c", HOLD])  # constant: the folder comes on stdin
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self._words(command=command), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )

    def _connect(self) -> None:
        with tempfile.TemporaryFile() as complaints:
            # It goes to the background once it is logged in, with its stderr: a pipe would never end.
            words = self._words("-f", "-N", "-M", "-o", f"ControlPersist={_IDLE_S}")
            try:
                code = subprocess.run(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=complaints,
                    stderr=complaints,
                    timeout=COMMAND_TIMEOUT_S,
                    check=False,
                ).returncode
            except FileNotFoundError:
                raise CommandError(
                    "There is no ssh on this machine. Install it: apt install openssh-client"
                ) from None
            except subprocess.TimeoutExpired:
                raise self._unreachable("it did not answer in time: timed out") from None
            if code:
                complaints.seek(0)
                raise self._unreachable(complaints.read().decode(errors="replace"))

    def _ssh(self, command: str, stdin: IO[bytes], timeout_s: float, what: str) -> Ended:
        try:
            ended = subprocess.run(
                self._words(command=command),
                stdin=stdin,
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NoAnswerError(f"{what} on {self.name} did not end within {timeout_s:g} s.") from None
        said = ended.stderr.decode(errors="replace")
        if ended.returncode == _NOT_CONNECTED:
            raise self._unreachable(said or "the connection was lost")
        return Ended(ended.returncode, ended.stdout.decode(errors="replace"), said)

    def _words(self, *options: str, command: str | None = None) -> list[str]:
        # Whatever ~/.ssh/config runs at a log-in by hand must not come before what is wanted here.
        settings = ("BatchMode=yes", "RemoteCommand=none", f"ConnectTimeout={_CONNECT_TIMEOUT_S}")
        waiting = (*(word for one in settings for word in ("-o", one)), *_ALIVE)
        words = ["ssh", "-T", *waiting, "-S", self._socket, *options, "--", self.name]
        return [*words, command] if command else words

    def _unreachable(self, said: str) -> NoAnswerError:
        reason = " ".join(said.split()) or "ssh gave no reason"
        advice = next((what for sign, what in _ADVICE if sign in reason), "Try it by hand: ssh {host}")
        advice = advice.format(host=self.name, address=self.name.rpartition("@")[2])
        return NoAnswerError(f"{self.name} cannot be reached: {reason.rstrip('.')}. {advice}")


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without this machine's users, and readable for those of the board; its configuration for us alone."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    secret = entry.name.endswith(UPDATE_CONFIG)
    entry.mode = 0o755 if entry.isdir() else 0o600 if secret else 0o644
    return entry
