"""The spool that components use: append, read, release.

Owns the life cycle: lock, recovery, the preparing thread, closing. See the package's docstring for what it
promises.
"""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_common.errors import PermanentError
from edge_common.spool.commit import Committer
from edge_common.spool.folder import SpoolFolder
from edge_common.spool.limits import SpoolLimits
from edge_common.spool.reader import Batch
from edge_common.spool.recovery import recover
from edge_common.spool.stats import Statistics


class Spool:
    """A durable FIFO of byte records in one folder; a context manager, or call `close`.

    Any thread may call any method, but no signal handler may. A thread of its own prepares the next file.
    """

    def __init__(self, path: Path, limits: SpoolLimits) -> None:
        """Open the spool in the folder `path`, making it when it is not there.

        The file of its first segment is made here, where the disk has room: so a spool that is used late, as
        one of dead letters, takes something in on a full disk too.

        Args:
            path: A folder of the component's own; its parent exists.
            limits: May differ from the last time, except that files keep the size they have until recycled.

        Raises:
            ConfigError: The folder is a symbolic link, somebody else's, writable by everybody, or no spool.
            TransientError: The disk fails, or is full when the spool is first made.
            PermanentError: Another process has it open, it cannot be read, or its format is newer than ours.
        """
        self._limits = limits
        self._folder = SpoolFolder(path)
        try:
            self._store = recover(self._folder, limits)
        except BaseException:
            self._folder.close()
            raise
        self._committer = Committer(self._store.commit, frame_payload_bytes=limits.frame_payload_bytes)
        self._preparer = threading.Thread(target=self._store.ahead.run, name="spool-preparer", daemon=True)
        self._preparer.start()
        self._closed = False

    def append(self, record: bytes) -> int:
        """Take in one record; when this returns it is on disk.

        Returns:
            Its number: 0 for the first record ever, then one more each time, over restarts too.

        Raises:
            SpoolFullError: The cap is reached and the policy is to reject.
            TransientError: The disk is full or fails. The record was not taken in; should the process die
                now, it may be there all the same.
            PermanentError: The record is longer than a segment; the spool is closed, this is a fork of the
                process that opened it, or another append was interrupted (Ctrl-C in the main thread).
        """
        return self.append_many((record,)).start

    def append_many(self, records: Sequence[bytes]) -> range:
        """Take in records, in order and with consecutive numbers; when this returns all are on disk.

        Up to 1 MiB of them is one commit, all or nothing. More is several, in order: after an error or a
        crash a beginning of them may be there.

        Returns:
            Their numbers; empty for no records.

        Raises:
            SpoolFullError: As `append`.
            TransientError: As `append`.
            PermanentError: As `append`; then none of them was taken in.
        """
        if not records:
            return range(0)
        longest = max(map(len, records))
        if longest > self._limits.max_record_bytes:
            raise PermanentError(
                f"a record has {longest} bytes, and a segment of the spool {self._folder.path} takes "
                f"{self._limits.max_record_bytes}. Dead-letter it, or raise segment_bytes.",
                code="record_too_large",
            )
        first = self._committer.append(records)
        return range(first, first + len(records))

    def read(self, after: int, max_records: int, max_bytes: int) -> Batch:
        """Read the records that follow number `after`; they stay until released.

        Args:
            after: Number of the last one read before; -1 for the oldest there is.
            max_records: At most so many, 1 or more.
            max_bytes: At most so many bytes of records, but always one record.

        Returns:
            Consecutive records, ending early at a gap that damage left. Empty when nothing follows.

        Raises:
            TransientError: The disk fails.
            PermanentError: A frame of a newer format.
        """
        return self._store.read(after, max_records, max_bytes)

    def wait(self, after: int, timeout_s: float | None) -> bool:
        """Wait until there is a record with a number above `after`.

        Not for a thread that Ctrl-C interrupts: an interrupted wait takes the lock from whoever has it.

        Args:
            after: Number of the last one read.
            timeout_s: None to wait for ever.

        Returns:
            Whether there is one.
        """
        return self._store.wait(after, timeout_s)

    def release(self, through: int) -> None:
        """Make durable that everything up to number `through` is delivered, and free what held it.

        On return it is on disk: 8 KiB written in place, so this works with no byte free. If the process dies
        before, the records are read again. The note is cleared by the same write; where there is none,
        releasing what is released does nothing.

        Raises:
            ValueError: There is no record `through` yet.
            TransientError: The disk fails; nothing was freed, and the call may be repeated.
            PermanentError: The files are not ours to write, or this is a fork of the process that opened it.
        """
        self._committer.refuse_fork()
        self._store.release(through)

    @property
    def note(self) -> bytes:
        """What `remember` last made durable and no release has cleared since; b"" for nothing.

        Dropping records at the cap leaves it as it is.
        """
        return self._store.note

    def remember(self, note: bytes) -> None:
        """Make a note of the reader's own durable, such as what it is about to send and under which name.

        It replaces the former one, all or nothing. On return it is on disk: 8 KiB written in place, so this
        works with no byte free. If the process dies before, either note may be found.

        Args:
            note: At most 1024 bytes; b"" for none.

        Raises:
            ValueError: It is longer.
            TransientError: The disk fails; either note may be found after a restart, and the call may be
                repeated.
            PermanentError: The files are not ours to write, or this is a fork of the process that opened it.
        """
        self._committer.refuse_fork()
        self._store.remember(note)

    def statistics(self) -> Statistics:
        """One consistent picture of the spool."""
        return self._store.statistics()

    def close(self) -> None:
        """Commit what is queued, end the thread and give up the lock. Closing again does nothing.

        In a fork of the process that opened it nothing is written: only the lock's descriptor is closed.

        Raises:
            TransientError: The disk fails; what was acknowledged is safe, and everything is closed.
        """
        if self._closed:
            return
        self._closed = True
        with ExitStack() as closing:  # each step is taken, whatever becomes of the one before
            closing.callback(self._folder.close)
            if self._committer.is_fork:  # what is on disk is the parent's
                return
            closing.callback(self._store.close)
            closing.callback(self._preparer.join)
            closing.callback(self._store.ahead.stop)
            self._committer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
