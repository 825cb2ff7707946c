"""Logs on the screen: what there is, and what is added; in the command's thread."""

import contextlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from edge_cli.logs.lines import LogFilter, LogRecord
from edge_cli.logs.tails import Follower
from edge_cli.screen.console import Screen
from edge_cli.screen.views import log_record, short_name

_POLL_S = 0.2


class Following(Protocol):
    """Records that are added; close it when done."""

    def new_records(self) -> Sequence[LogRecord]:
        """Records since the last call, by time; never waits."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class LogSource(Protocol):
    """Where records come from."""

    names: Sequence[str]
    """Names of the logs."""

    def history(self) -> Iterable[LogRecord]:
        """All that there is, by time."""
        ...

    def follow(self, lines: int) -> tuple[Iterable[LogRecord], Following]:
        """What there is, of which the last `lines` are wanted, and what is added from there on."""
        ...


class FileSource:
    """The log files of a core or of a classic nucleus.

    Args:
        root: Its folder.
        word: As for `choose_logs`.
        with_life: Join what the nucleus says, in its own log, of the components that are meant.

    Raises:
        CommandError: There is no such log, or this user may not read it.
    """

    def __init__(self, root: Path, word: str | None, *, with_life: bool) -> None:
        self._follower = Follower(root, word, with_life=with_life and word is not None)
        self.names: Sequence[str] = self._follower.names

    def history(self) -> Iterator[LogRecord]:
        """As `LogSource.history`."""
        with contextlib.closing(self._follower):
            yield from self._follower.so_far()

    def follow(self, lines: int) -> tuple[Iterable[LogRecord], Following]:
        """As `LogSource.follow`."""
        del lines
        return self._follower.so_far(), self._follower


def show(screen: Screen, source: LogSource, wanted: LogFilter, lines: int | None) -> None:
    """Everything that there is, or the last `lines` of what is wanted of it."""
    records: Iterable[LogRecord] = filter(wanted.passes, source.history())
    if lines is not None:
        records = deque(records, maxlen=lines)
    _print(screen, records, _source_width(source.names))


def follow(screen: Screen, source: LogSource, wanted: LogFilter, lines: int, *, fixed: bool) -> None:
    """The last `lines` of what is wanted, then whatever is added, until Ctrl-C.

    Args:
        screen: Where to.
        source: Where from.
        wanted: What passes.
        lines: How many of those there are already.
        fixed: No other logs can appear than there are now.

    Raises:
        KeyboardInterrupt: Ctrl-C, which is the way out.
    """
    width = _source_width(source.names if fixed else None)
    pause = threading.Event()
    history, follower = source.follow(lines)
    try:
        _print(screen, deque(filter(wanted.passes, history), maxlen=lines), width)
        while True:
            _print(screen, filter(wanted.passes, follower.new_records()), width)
            pause.wait(_POLL_S)
    finally:
        follower.close()


def _source_width(names: Sequence[str] | None) -> int:
    """Width of the component's column: 0 when one log says it all, fixed when more may appear."""
    if names is None:
        return max(map(len, ("MqttSubscriber", "greengrass")))
    return 0 if len(names) == 1 else max(len(short_name(name)) for name in names)


def _print(screen: Screen, records: Iterable[LogRecord], source_width: int) -> None:
    for record in records:
        if screen.as_json:
            screen.emit(document(record))
        else:
            screen.console.print(log_record(record, source_width), soft_wrap=True)


def document(record: LogRecord) -> dict[str, object]:
    """A record for programs."""
    return {
        "timestamp": record.timestamp,
        "level": record.effective_level.name,
        "component": record.source,
        "event": record.event,
        "message": record.text,
        "context": record.context,
        "continuation": list(record.continuation),
    }
