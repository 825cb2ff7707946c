"""A log file that is rotated as the nucleus rotates it: 1 MB or an hour, 10 MB of old files, oldest go first.

The active file keeps its name (`tail -F` follows it); what is rotated away is `<name>_yyyy_MM_dd_HH_<i>.log`
with the local hour in which it was begun. Source: PersistenceConfig in aws-greengrass-logging-java, which
sets a SizeAndTimeBasedRollingPolicy with fileSizeKB 1024 and totalLogsSizeKB 10240.

Written to from the core's one event loop; each write goes straight to the kernel, so a crash loses nothing.
"""

import errno
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RotationLimits:
    """The nucleus's own by default.

    Attributes:
        max_file_bytes: Size at which the next write begins a new file.
        max_archive_bytes: Size of all archives together above which the oldest are removed.
    """

    max_file_bytes: int = 1024 * 1024
    max_archive_bytes: int = 10 * 1024 * 1024


class RotatingFile:
    """Append-only file with archives beside it; closed by whoever made it.

    Args:
        folder: Made when it is not there.
        name: File name without `.log`.
        describe_loss: The line (without its end) that tells of so many writes lost to a full disk.
        limits: When a new file is begun and how much is kept.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        describe_loss: Callable[[int], str],
        limits: RotationLimits = RotationLimits(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._name = name
        self._describe_loss = describe_loss
        self._limits = limits
        self._clock = clock
        self._file: int | None = None
        self._size_bytes = 0
        self._hour = ""
        self._lost_writes = 0
        self._line_is_torn = False

    @property
    def path(self) -> Path:
        """The active file."""
        return self._folder / f"{self._name}.log"

    def write(self, text: str) -> None:
        """Append `text`, rotating first when it is time.

        A full disk must not stop a component: what cannot be written is counted and lost, and the count is
        the first thing that is written when there is room again.
        """
        try:
            file = self._file_for_now()
            if self._line_is_torn:
                self._append(file, "\n")
            if self._lost_writes:
                self._append(file, f"{self._describe_loss(self._lost_writes)}\n")
                self._lost_writes = 0
            self._append(file, text)
        except OSError:
            self._lost_writes += 1

    def close(self) -> None:
        """Close the active file; a later write opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, file: int, text: str) -> None:
        content = text.encode(errors="replace")
        written = os.write(file, content)
        self._size_bytes += written
        self._line_is_torn = written < len(content)
        if self._line_is_torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def _file_for_now(self) -> int:
        hour = _hour(self._clock())
        file = self._open(hour) if self._file is None else self._file
        if self._size_bytes and (self._size_bytes >= self._limits.max_file_bytes or hour != self._hour):
            self.close()
            self.path.rename(self._archive_path(self._hour))
            self._drop_oldest_archives()
            file = self._open(hour)
        self._hour = hour
        return file

    def _open(self, hour: str) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        status = os.fstat(file)
        self._file = file
        self._size_bytes = status.st_size
        # A file that an earlier core has begun belongs to the hour of its last line.
        self._hour = _hour(status.st_mtime) if status.st_size else hour
        return file

    def _archive_path(self, hour: str) -> Path:
        taken = [index for archive_hour, index, _ in self._archives() if archive_hour == hour]
        return self._folder / f"{self._name}_{hour}_{max(taken, default=-1) + 1}.log"

    def _archives(self) -> list[tuple[str, int, Path]]:
        pattern = re.compile(rf"{re.escape(self._name)}_(\d{{4}}_\d\d_\d\d_\d\d)_(\d+)\.log")
        matches = ((pattern.fullmatch(path.name), path) for path in self._folder.iterdir())
        return sorted((match[1], int(match[2]), path) for match, path in matches if match)

    def _drop_oldest_archives(self) -> None:
        archives = [path for _, _, path in self._archives()]
        total_bytes = sum(path.stat().st_size for path in archives)
        for path in archives:
            if total_bytes <= self._limits.max_archive_bytes:
                return
            total_bytes -= path.stat().st_size
            path.unlink()


def _hour(ts: float) -> str:
    return time.strftime("%Y_%m_%d_%H", time.localtime(ts))
