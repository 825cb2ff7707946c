"""Unix socket paths of any length: the kernel takes 108 bytes, the folder of a test is often longer.

Owns the socket file: makes it, removes a stale one, removes it at the end. Knows nothing of what is spoken.
"""

import os
import socket
import stat
from pathlib import Path

from local_core.errors import CoreError

# sun_path of struct sockaddr_un has 108 bytes; the SDK's library wants one of them for the final NUL
# (aws-c-io, AWS_ADDRESS_MAX_LEN). The classic nucleus has the same limit (IPCEventStreamService).
MAX_PATH_BYTES = 107

READ_WRITE_FOR_ALL = 0o666  # as the nucleus has it: the token is what counts, not the user


class UnixAddress:
    """A Unix socket's path, and a short name for it that works as long as this object is open.

    The short name of a long path goes through this process's own open folder (`/proc/<pid>/fd/<n>/<name>`).
    It needs no second file that could be left behind, and serves every process of the same user.

    Args:
        path: Where the socket file lies. Its folder is made when it is missing.

    Raises:
        CoreError: The folder cannot be made or opened, or even the short name is too long.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise CoreError(
                f"No folder for the socket {path}: {error.strerror} ({error.filename}). "
                "Choose a root folder that you may write."
            ) from error
        self._inode: int | None = None  # of the socket file, as long as it is ours
        through_folder = Path(f"/proc/{os.getpid()}/fd/{self._folder}") / path.name
        self._name = path if len(os.fsencode(path)) <= MAX_PATH_BYTES else through_folder
        if len(os.fsencode(self._name)) > MAX_PATH_BYTES:
            os.close(self._folder)
            raise CoreError(
                f"The socket's name {path.name!r} is too long: a path has {MAX_PATH_BYTES} bytes at most"
            )

    @property
    def name(self) -> Path:
        """What a client connects to: the path itself, or a short name for it."""
        return self._name

    def bind(self) -> socket.socket:
        """A bound socket, not listening yet; a socket file that an earlier process has left is removed.

        Raises:
            CoreError: Something that is no socket lies at the path, or the folder cannot be written.
        """
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._remove_stale()
            bound.bind(str(self._name))
            os.chmod(self._path.name, READ_WRITE_FOR_ALL, dir_fd=self._folder)
            self._inode = self._stat().st_ino
        except OSError as error:
            bound.close()
            raise CoreError(
                f"Cannot make the socket {self._path}: {error.strerror}. "
                "Choose a root folder that you may write."
            ) from error
        except CoreError:
            bound.close()
            raise
        return bound

    def unlink(self) -> None:
        """Remove the socket file, if it is still the one that `bind` made."""
        try:
            if self._inode is not None and self._stat().st_ino == self._inode:
                os.unlink(self._path.name, dir_fd=self._folder)
        except FileNotFoundError:
            pass
        self._inode = None

    def close(self) -> None:
        """Give up the short name; `unlink` first."""
        os.close(self._folder)

    def _remove_stale(self) -> None:
        try:
            mode = self._stat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise CoreError(
                f"{self._path} is in the way: it is no socket. Move it, or choose another root folder."
            )
        os.unlink(self._path.name, dir_fd=self._folder)

    def _stat(self) -> os.stat_result:
        return os.stat(self._path.name, dir_fd=self._folder, follow_symlinks=False)
