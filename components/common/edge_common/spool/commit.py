"""Group commit: who appends writes for all who have come by then, and one sync serves them all.

Owns the queue of those who append, and that one of them writes at a time; nothing else writes records. Who
finds nobody before it writes at once, in its own thread. The others wait: then their records are on disk with
those of another, or the first of them is called to write. Nobody writes longer than until its own are there.
No threads; what is queued is bounded by those who append.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Never

from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.spool.frame import payload_bytes

# Who waits looks for itself then: a call is lost where the one who calls is interrupted (Ctrl-C).
_LOOK_AFTER_S = 1.0


class _Ticket:
    """One call of append or append_many, in the queue until it is settled.

    Attributes:
        parts: What is not yet on disk, each with its size: all of it there or not, and none before the last.
            Empty when the ticket is settled.
        first: Number of the first record, once its part is on disk.
        error: Why nothing more was written.
    """

    __slots__ = ("_uncalled", "error", "first", "parts")

    def __init__(self, parts: Iterable[tuple[Sequence[bytes], int]]) -> None:
        self.parts = deque(parts)
        self.first: int | None = None
        self.error: EdgeError | None = None
        self._uncalled = threading.Lock()  # an Event costs 2 us more, of the 10 that an append computes
        self._uncalled.acquire()

    def accept(self, first: int) -> None:
        """The next part is on disk, its records numbered from `first`."""
        self.first = first if self.first is None else self.first
        self.parts.popleft()
        if not self.parts:
            self.call()

    def refuse(self, error: EdgeError) -> None:
        """The next part was not written: the rest may not stand alone."""
        self.error = error
        self.parts.clear()
        self.call()

    def call(self) -> None:
        """It is settled, or has to write. Only who writes calls."""
        if self._uncalled.locked():
            self._uncalled.release()

    def wait(self) -> bool:
        """Until called, but not for ever; whether it was."""
        return self._uncalled.acquire(timeout=_LOOK_AFTER_S)


class Committer:
    """Lives as long as its spool; `close` ends it.

    If the process dies here, records whose append has not returned may be there or not; those whose append
    has returned are. The same holds when the thread that writes is interrupted (Ctrl-C in the main thread);
    everything after that is refused, until the spool is opened anew.
    """

    def __init__(self, commit: Callable[[Sequence[bytes]], int], *, frame_payload_bytes: int) -> None:
        """Nothing is queued.

        Args:
            commit: Writes records as one frame and syncs it; gives the number of the first. Called by one
                thread at a time.
            frame_payload_bytes: How much one commit gathers.
        """
        self._commit = commit
        self._frame_payload_bytes = frame_payload_bytes
        self._process = os.getpid()
        self._is_closed = False
        self._queue: deque[_Ticket] = deque()
        self._joining = threading.Lock()
        self._writing = threading.Lock()  # only who has it takes out of the queue

    def append(self, records: Sequence[bytes]) -> int:
        """Wait until `records`, at least one, are on disk; gives the number of the first, the others follow.

        Raises:
            TransientError: The disk is full or fails, or the cap is reached; see `Store.commit`.
            PermanentError: The spool is closed, not ours to write, or the writing of it was interrupted.
        """
        self.refuse_fork()
        ticket = _Ticket(self._split(records))
        with self._joining:
            if self._is_closed:
                raise PermanentError("the spool is closed. Append before closing it.", code="spool_closed")
            is_alone = not self._queue
            self._queue.append(ticket)
        if not is_alone:
            while ticket.parts and not ticket.wait() and self._writing.locked():
                pass  # who writes calls, or is interrupted and gives up the lock
        if ticket.parts:
            with self._writing:
                while ticket.parts:
                    self._settle_group()
        if ticket.error is not None:
            raise ticket.error
        if ticket.first is None:
            raise AssertionError("a ticket without an error has a number")
        return ticket.first

    def close(self) -> None:
        """Take in nothing more, and commit what is queued."""
        with self._joining:
            self._is_closed = True
        with self._writing:
            while self._queue:
                self._settle_group()

    @property
    def is_fork(self) -> bool:
        """Whether this process is a fork of the one that opened the spool."""
        return self._process != os.getpid()

    def refuse_fork(self) -> None:
        """A fork has the lock of the folder too, and would write over what this process writes.

        Raises:
            PermanentError: This is one.
        """
        if self.is_fork:
            raise PermanentError(
                f"the spool was opened by process {self._process}, and this is a fork of it. Append there.",
                code="spool_of_another_process",
            )

    def _split(self, records: Sequence[bytes]) -> list[tuple[Sequence[bytes], int]]:
        """`records` in parts that one frame takes, each with its size in it."""
        parts: list[tuple[Sequence[bytes], int]] = []
        part: list[bytes] = []
        size_bytes = 0
        for record in records:
            more = payload_bytes((record,))
            if part and size_bytes + more > self._frame_payload_bytes:
                parts.append((part, size_bytes))
                part, size_bytes = [], 0
            part.append(record)
            size_bytes += more
        parts.append((part, size_bytes))
        return parts

    def _settle_group(self) -> None:
        """Commit what stands first in the queue, as much as one frame takes, and call the next."""
        group = self._next_group()
        commit, self._commit = self._commit, _refuse  # until the end of this, or for good without one
        try:
            first = commit([record for _, part in group for record in part])
        except Exception as error:  # noqa: BLE001  the work is everybody's in the group: each is told
            told = error if isinstance(error, EdgeError) else TransientError(f"the spool failed: {error!r}")
            for ticket, _ in group:
                ticket.refuse(told)
        else:
            for ticket, part in group:
                ticket.accept(first)
                first += len(part)
        while self._queue and not self._queue[0].parts:
            self._queue.popleft()
        self._commit = commit
        if self._queue:
            self._queue[0].call()

    def _next_group(self) -> list[tuple[_Ticket, Sequence[bytes]]]:
        """The parts that stand first in the queue: at least one, and as many as one frame takes."""
        group: list[tuple[_Ticket, Sequence[bytes]]] = []
        room_bytes = self._frame_payload_bytes
        with self._joining:
            for ticket in self._queue:
                for part, size_bytes in ticket.parts:
                    if group and size_bytes > room_bytes:
                        return group
                    group.append((ticket, part))
                    room_bytes -= size_bytes
        return group


def _refuse(_records: Sequence[bytes]) -> Never:
    raise PermanentError(
        "writing to the spool was interrupted, so it is not known what is on disk. Open it anew.",
        code="spool_interrupted",
    )
