"""Group commit: many threads append, one thread writes, one sync serves them all.

Owns the committer thread and the queue before it. Nothing else writes records. An appender waits until its
records are on disk or refused; so what is queued is bounded by the appenders there are.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.spool.frame import payload_bytes


class _Ticket:
    """One call of append or append_many, waiting."""

    __slots__ = ("done", "error", "first", "open_parts")

    def __init__(self, parts: int) -> None:
        self.done = threading.Event()
        self.error: EdgeError | None = None
        self.first: int | None = None
        self.open_parts = parts

    def settle(self, first: int | None, error: EdgeError | None) -> None:
        self.first = first if self.first is None else self.first
        self.error = self.error or error
        self.open_parts -= 1
        if self.open_parts == 0:
            self.done.set()


class Committer:
    """Runs one thread from construction to `close`.

    If the process dies here, records whose append has not returned may be there or not; those whose append
    has returned are.
    """

    def __init__(
        self, commit: Callable[[Sequence[bytes]], int], *, frame_payload_bytes: int, interval_s: float
    ) -> None:
        """Start the thread.

        Args:
            commit: Writes records as one frame and syncs it; gives the number of the first.
            frame_payload_bytes: How much one commit gathers.
            interval_s: How long it waits for more; 0 to begin at once.
        """
        self._commit = commit
        self._frame_payload_bytes = frame_payload_bytes
        self._interval_s = interval_s
        self._queue: deque[tuple[_Ticket, Sequence[bytes], int]] = deque()
        self._queued_bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="spool-committer", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[bytes]) -> int:
        """Wait until `records`, at least one, are on disk; gives the number of the first, the others follow.

        Raises:
            TransientError: The disk is full or fails, or the cap is reached; see `Store.commit`.
            PermanentError: The spool is closed, or not ours to write.
        """
        parts = self._split(records)
        ticket = _Ticket(len(parts))
        with self._changed:
            if self._closing:
                raise PermanentError("the spool is closed. Append before closing it.", code="spool_closed")
            for part, size_bytes in parts:
                self._queue.append((ticket, part, size_bytes))
                self._queued_bytes += size_bytes
            self._changed.notify_all()
        ticket.done.wait()
        if ticket.error is not None:
            raise ticket.error
        if ticket.first is None:
            raise AssertionError("a ticket without an error has a number")
        return ticket.first

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _split(self, records: Sequence[bytes]) -> list[tuple[Sequence[bytes], int]]:
        """`records` in parts that one frame takes: each is all there or not, and none before the last."""
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

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                self._changed.wait_for(
                    lambda: self._closing or self._queued_bytes >= self._frame_payload_bytes, self._interval_s
                )
                group = self._take_group()
            self._commit_group(group)

    def _take_group(self) -> list[tuple[_Ticket, Sequence[bytes]]]:
        """As many queued parts as one frame takes, at least one."""
        group: list[tuple[_Ticket, Sequence[bytes]]] = []
        size_bytes = 0
        while self._queue and (not group or size_bytes + self._queue[0][2] <= self._frame_payload_bytes):
            ticket, part, part_bytes = self._queue.popleft()
            self._queued_bytes -= part_bytes
            if ticket.error is not None:
                ticket.settle(None, None)  # an earlier part failed: the rest may not stand alone
                continue
            group.append((ticket, part))
            size_bytes += part_bytes
        return group

    def _commit_group(self, group: list[tuple[_Ticket, Sequence[bytes]]]) -> None:
        if not group:
            return
        try:
            first = self._commit([record for _, part in group for record in part])
        except Exception as error:  # noqa: BLE001  the loop that owns the work: every appender is told
            told = error if isinstance(error, EdgeError) else TransientError(f"the spool failed: {error!r}")
            for ticket, _ in group:
                ticket.settle(None, told)
            return
        for ticket, part in group:
            ticket.settle(first, None)
            first += len(part)
