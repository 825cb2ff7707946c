"""The spools of one open outbox: its lanes, its dead letters, and the counts over all of them.

Owns the order of the durable steps when a record is given up: the dead letter first, then the release.

    dead letter appended
            │   killed here: the letter is there and the record still waits. At the next opening the release
            │   is made good, for the newest letter names its lane and number.
    record released

Only one record is given up at a time, and only when everything before it in its lane is released: so a kill
leaves at most one letter in that state, the newest, and it belongs to the head of its lane. Therefore no
letter is doubled, and "how many were given up" is the number of letters ever written, which the letters'
spool keeps exactly over restarts. (Should somebody empty that spool between the kill and the next start,
the record is tried once more and has a second letter: doubled, never lost. And should the cap take a record
in the moment between its letter and its release, then after the next start it counts as dead and as dropped,
and one fewer as delivered: the sum holds.)

Threads: `put` may be called from any; everything else that changes something is called by the delivery
thread. One lock makes giving up and the picture of all counts exclude each other, and shuts the delivery
thread out once the storage is closed: a sink that hangs may return long after another process has opened it.
"""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from edge_common.clock import Clock
from edge_common.errors import PermanentError
from edge_common.log import get_logger, limited
from edge_common.outbox import dead_letters
from edge_common.outbox.config import OutboxConfig, Shares
from edge_common.outbox.dead_letters import DEAD_FOLDER, DeadLetter
from edge_common.outbox.folder import look_at_room, prepare_folder, warn_of_left_behind
from edge_common.outbox.statistics import OutboxStatistics
from edge_common.spool import Batch, Spool

_ANY_BYTES = 1 << 62  # for reads that are bounded by the number of records
_SAME_CAUSE_S = 10.0  # between two log lines about dead letters

_log = get_logger("outbox")


class StorageClosedError(Exception):
    """The outbox was closed while the delivery thread was away; never leaves that thread."""


class Storage:
    """All spools of one outbox; `close` closes them."""

    def __init__(self, config: OutboxConfig, shares: Shares, clock: Clock) -> None:
        """Open the spools, making them where they are not there.

        Raises:
            ConfigError: The folder may not be used, or is new and `max_bytes` does not fit on its disk.
            TransientError: The disk is full or fails.
            PermanentError: Another process has it open, or its format is newer than ours.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._closed: OutboxStatistics | None = None
        self._written: tuple[str, int] | None = None  # a letter whose record is not yet released
        folder = Path(config.folder)
        prepare_folder(folder)
        is_new = not any(folder.iterdir())
        look_at_room(folder, config.max_bytes, is_new=is_new)
        if is_new:
            warn_of_left_behind(folder)
        with ExitStack() as opened:
            self.lanes: Mapping[str, Spool] = {
                name: opened.enter_context(Spool(folder / name, limits))
                for name, limits in shares.lanes.items()
            }
            self._dead_letters = opened.enter_context(Spool(folder / DEAD_FOLDER, shares.dead))
            self._dead = self._dead_letters.statistics().next_number
            self._make_good()
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close every spool; what the delivery thread wants to change afterwards is refused.

        Raises:
            TransientError: The disk fails; what was acknowledged is safe, and everything is closed.
        """
        closing = self.statistics()
        with self._lock:
            if self._closed is not None:
                return
            self._closed = closing
            self._opened.close()

    def read(self, lane: str, after: int, max_records: int, max_bytes: int = _ANY_BYTES) -> Batch:
        """What follows record `after` in a lane; see `Spool.read`."""
        with self._lock:
            self._require_open()
            return self.lanes[lane].read(after, max_records, max_bytes)

    def remember(self, lane: str, note: bytes) -> None:
        """Make the note of a lane durable; see `Spool.remember`."""
        with self._lock:
            self._require_open()
            self.lanes[lane].remember(note)

    def release(self, lane: str, through: int) -> None:
        """Make durable that a lane is delivered through a record; see `Spool.release`."""
        with self._lock:
            self._require_open()
            self.lanes[lane].release(through)

    def give_up(self, lane: str, number: int, record: bytes, error: PermanentError) -> None:
        """Keep `record` as a dead letter, then release it; it is the head of its lane.

        Repeated after a failure it writes no second letter.

        Raises:
            TransientError: The disk is full or fails; the record still waits.
        """
        letter = DeadLetter(lane, number, self._clock.timestamp(), error.code, error.reason, record)
        with self._lock:
            self._require_open()
            if self._written != (lane, number):
                self._dead_letters.append(dead_letters.encode(letter))
                self._written = (lane, number)
            dropped_meanwhile = self.lanes[lane].statistics().released > number
            self.lanes[lane].release(number)
            self._written = None
            self._dead += not dropped_meanwhile
        _log.warning(
            "dead_letter",
            lane=lane,
            number=number,
            code=error.code,
            reason=error.reason,
            **limited(f"dead_letter {lane}", _SAME_CAUSE_S),
        )

    def statistics(self) -> OutboxStatistics:
        """One consistent picture; once closed, the last one."""
        with self._lock:
            if self._closed is not None:
                return self._closed
            lanes = [lane.statistics() for lane in self.lanes.values()]
            released = sum(lane.delivered for lane in lanes)
            dead = min(self._dead, released)  # a lane may have been removed by hand, and not its dead letters
            return OutboxStatistics(
                taken=sum(lane.next_number for lane in lanes),
                waiting=sum(lane.records for lane in lanes),
                delivered=released - dead,
                dropped=sum(lane.dropped for lane in lanes),
                damaged=sum(lane.damaged for lane in lanes),
                dead=dead,
                rejected=lanes[-1].rejected,  # a lane before it overflows into it
            )

    def _make_good(self) -> None:
        """Release the record whose dead letter the last process wrote before it died."""
        newest = self._dead_letters.read(self._dead_letters.statistics().next_number - 2, 1, _ANY_BYTES)
        if not newest.records:
            return
        try:
            letter = dead_letters.decode(newest.records[0])
        except PermanentError:
            return  # a newer program's: it will know what to do
        lane = self.lanes.get(letter.lane)
        if lane is None or lane.statistics().oldest != letter.number:
            return
        if lane.read(letter.number - 1, 1, _ANY_BYTES).records == (letter.record,):
            lane.release(letter.number)

    def _require_open(self) -> None:
        if self._closed is not None:
            raise StorageClosedError
