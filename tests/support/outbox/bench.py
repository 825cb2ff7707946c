"""An outbox without its thread: a trial puts, steps and lets the process die at the moment it likes.

Everything else is as in a component: the same `put`, the same steps, the same spools, only small.
"""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from edge_common.clock import Clock
from edge_common.errors import EdgeError
from edge_common.outbox import Batching, BatchOutbox, BatchSink, MessageOutbox, MessageSink, OutboxConfig
from edge_common.outbox.config import MIN_MAX_BYTES, Shares
from edge_common.outbox.courier import Courier
from edge_common.outbox.dead_letters import BACKLOG_FOLDER, LIVE_FOLDER, RECORDS_FOLDER, DeadLetter, decode
from edge_common.outbox.storage import Storage
from edge_common.spool import OnFull, Spool
from support.outbox.ends import context_of
from support.spool.spooling import records_of, small_limits

BATCHING = Batching(max_records=4, max_age_s=30.0, max_bytes=20_000)
WINDOW = 3
LANES = 2  # of messages; each has a window of its own
_DURABLE = ("append", "remember", "release")
_MOST_STEPS = 100_000


class Killed(BaseException):
    """The process died here; no code of the outbox may catch it."""


class _NoThread:
    """Takes the place of the delivery thread."""

    def wake(self) -> None:
        """There is nobody to wake."""


class Bench:
    """An open outbox, and its step.

    Args:
        folder: Where it is.
        sink: For batches, or for messages.
        clock: Its time.
        on_full: What happens at the cap.
        segments: How many segments of 32 KiB the cap is.
        batches: Whether `sink` takes batches; else messages, with `max_in_flight`.
        max_in_flight: How many messages at once.
    """

    def __init__(  # noqa: PLR0913  what a trial varies
        self,
        folder: Path,
        sink: BatchSink | MessageSink,
        clock: Clock,
        *,
        batches: bool,
        on_full: OnFull = OnFull.REJECT,
        segments: int = 60,
        max_in_flight: int = WINDOW,
    ) -> None:
        config = OutboxConfig(folder=str(folder), max_bytes=MIN_MAX_BYTES, min_free_bytes=0)
        shares = small_shares(on_full, segments, batches=batches)
        self.storage = Storage(config, shares, clock)
        context = context_of(clock)
        self._outbox: BatchOutbox | MessageOutbox
        if batches:
            self._outbox = BatchOutbox(config, BATCHING, cast("BatchSink", sink), context)
        else:
            self._outbox = MessageOutbox(config, cast("MessageSink", sink), max_in_flight, context)
        self._outbox._opened = (self.storage, cast("Courier", _NoThread()))
        self.step = self._outbox._begin(self.storage)
        self.put = self._outbox.put
        self.hurry = self._outbox._hurry

    def deliver_all(self) -> None:
        """Step until nothing waits, whatever goes wrong in between.

        Raises:
            AssertionError: It never ends.
        """
        self.hurry()
        for _ in range(_MOST_STEPS):
            with suppress(EdgeError, ZeroDivisionError):
                if self.step() is None:
                    return
        raise AssertionError("it is never done")

    def die(self, work: Callable[[], None], before_call: int, left: Path) -> None:
        """Do `work` until the process dies: `left` is what the disk holds then.

        Args:
            work: What is going on; how it fails is nobody's concern any more.
            before_call: The process dies before durable call number so much, or when `work` is done.
            left: A folder to be made.
        """
        calls = 0

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def durable(*given: Any) -> Any:
                nonlocal calls
                if calls == before_call:
                    raise Killed
                calls += 1
                return call(*given)

            return durable

        for spool in self._spools():
            for name in _DURABLE:
                setattr(spool, name, counted(getattr(spool, name)))
        with suppress(Killed, EdgeError, ZeroDivisionError):
            work()
        _copy(Path(self._outbox._config.folder), left)
        for spool in self._spools():
            for name in _DURABLE:
                delattr(spool, name)
        self.close()

    def letters(self) -> list[DeadLetter]:
        """All dead letters that are kept."""
        return [decode(content) for content in records_of(self.storage._dead_letters).values()]

    def close(self) -> None:
        """An orderly end."""
        self.storage.close()

    def _spools(self) -> list[Spool]:
        return [*self.storage.lanes.values(), self.storage._dead_letters]


def small_shares(on_full: OnFull, segments: int, *, batches: bool) -> Shares:
    """Small spools: segments of 32 KiB, and one block more for dead letters."""
    limits = small_limits(segments, on_full, segment_blocks=8)
    live = {LIVE_FOLDER: small_limits(2, OnFull.REJECT, segment_blocks=8)}
    lanes = {RECORDS_FOLDER: limits} if batches else live | {BACKLOG_FOLDER: limits}
    return Shares(lanes, small_limits(8, OnFull.DROP_OLDEST, segment_blocks=9))


def _copy(folder: Path, left: Path) -> None:
    """Copy a folder in which a file may just be in the making."""
    while True:
        with suppress(shutil.Error, FileNotFoundError):
            shutil.copytree(folder, left)
            return
        shutil.rmtree(left, ignore_errors=True)
