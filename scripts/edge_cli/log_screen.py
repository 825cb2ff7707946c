"""Logs on the screen: what there is, and what is added; in the command's thread."""

import threading
from collections import deque
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from edge_cli.console import Screen
from edge_cli.log_lines import LogFilter, LogRecord
from edge_cli.logs import Follower, choose_logs, read
from edge_cli.views import log_record, short_name

_POLL_S = 0.2


def show(screen: Screen, root: Path, word: str | None, wanted: LogFilter, lines: int | None) -> None:
    """Everything that is in the files, or the last `lines` of what is wanted of it.

    Raises:
        CommandError: There is no such log.
    """
    chosen = choose_logs(root, word)
    records: Iterable[LogRecord] = filter(wanted.passes, read(chosen))
    if lines is not None:
        records = deque(records, maxlen=lines)
    _print(screen, records, _source_width([log.name for log in chosen]))


def follow(screen: Screen, root: Path, word: str | None, wanted: LogFilter, lines: int) -> None:
    """The last `lines` of what is wanted, then whatever is added, until Ctrl-C.

    Raises:
        CommandError: There is no such log.
        KeyboardInterrupt: Ctrl-C, which is the way out.
    """
    chosen = choose_logs(root, word)
    follower = Follower(root, word)
    width = _source_width([log.name for log in chosen]) if word else _source_width(None)
    pause = threading.Event()
    try:
        history = chain(read(chosen, active=False), follower.new_records())
        _print(screen, deque(filter(wanted.passes, history), maxlen=lines), width)
        while True:
            _print(screen, filter(wanted.passes, follower.new_records()), width)
            pause.wait(_POLL_S)
    finally:
        follower.close()


def _source_width(names: list[str] | None) -> int:
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
