"""The nucleus's log format: one line to its parts, what passes a filter, several logs merged by time; pure.

The format is that of logging-java's GreengrassLogMessage and of the nucleus's ShellRunner:
`<ISO instant> [LEVEL] (thread) logger: event. message. {key=value, ...}`, exceptions on lines of their own.
"""

import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum

_HEAD = re.compile(
    r"^(?P<timestamp>\d{4}-\S+Z) \[(?P<level>\w+)\] \((?P<thread>[^)]*)\) (?P<logger>\S+):(?: (?P<rest>.*))?$"
)
_EVENT = re.compile(r"^(?P<event>stdout|stderr|[\w-]+)(?:\. |$)")
# How a component says its own level: `WARNING event key=value`, `[ERROR] text`, `INFO: text`.
_OWN_LEVEL = re.compile(r"^\[?(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b\]?:?\s*")
# Greedy: what a component prints may hold braces itself; the nucleus's context is the last thing on the line.
_CONTEXT = re.compile(r"^(?P<said>.*\. |)\{(?P<facts>\w+=.*)\}$")


class Level(IntEnum):
    """Levels in rising order, with the words of Java and of Python."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4
    FATAL = 5

    @classmethod
    def named(cls, word: str) -> "Level | None":
        """The level that a word names in any logging library; None when it names none.

        >>> Level.named("warning")
        <Level.WARN: 3>
        """
        synonyms = {"WARNING": "WARN", "CRITICAL": "FATAL", "NOTSET": "TRACE"}
        upper = word.upper()
        return cls.__members__.get(synonyms.get(upper, upper))


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of a log with the lines that belong to it.

    Attributes:
        source: Name of the log, i.e. the component's, or `greengrass`.
        timestamp: As written: UTC, ISO 8601 with `Z`; empty for lines before the first that has one.
        level: As the nucleus sees it: everything on stdout is INFO, on stderr WARN.
        event: `stdout`, `stderr` or the nucleus's event; empty where there is none.
        message: What was said, without the nucleus's trailing context.
        context: That context without its braces: `key=value, …`; empty where there is none.
        raw: The first line as it stands in the file.
        continuation: The lines that follow without a timestamp: a stack trace.
    """

    source: str
    timestamp: str
    level: Level
    event: str
    message: str
    context: str
    raw: str
    continuation: tuple[str, ...] = field(default=())

    @property
    def effective_level(self) -> Level:
        """The component's own word when its line begins with one, else the nucleus's level.

        The nucleus calls whatever comes by stdout INFO; what the component says of itself is worth more.
        """
        own = _OWN_LEVEL.match(self.message)
        return (Level.named(own[1]) if own else None) or self.level

    @property
    def text(self) -> str:
        """The message without the component's own level word."""
        return _OWN_LEVEL.sub("", self.message)

    def fact(self, key: str) -> str | None:
        """A value of the nucleus's context; None where it has no such key.

        >>> LogRecord("a", "", Level.INFO, "", "", "serviceName=X, currentState=NEW", "").fact("serviceName")
        'X'
        """
        pairs = (pair.partition("=") for pair in self.context.split(", "))
        return next((value for name, _, value in pairs if name == key), None)

    @property
    def sort_key(self) -> str:
        """What records are ordered by."""
        return sortable(self.timestamp)


def sortable(timestamp: str) -> str:
    """An ISO instant without its `Z`, which would sort after every decimal.

    >>> sortable("2026-11-22T04:26:11Z") < sortable("2026-11-22T04:26:11.001Z")
    True
    """
    return timestamp.removesuffix("Z")


def parse(source: str, line: str) -> LogRecord | None:
    """One line's parts; None for a line that only continues the one before it."""
    head = _HEAD.match(line)
    if not head:
        return None
    rest = head["rest"] or ""
    context = _CONTEXT.match(rest)
    if context:
        rest = context["said"].removesuffix(". ")
    event = _EVENT.match(rest)
    return LogRecord(
        source=source,
        timestamp=head["timestamp"],
        level=Level.named(head["level"]) or Level.INFO,
        event=event["event"] if event else "",
        message=rest[event.end() :] if event else rest,
        context=context["facts"] if context else "",
        raw=line,
    )


def records(source: str, lines: Iterable[str], before: LogRecord | None = None) -> Iterator[LogRecord]:
    """The records of one log; a line without a timestamp belongs to the record before it.

    Args:
        source: Name of the log.
        lines: Without their ends.
        before: What was read of this log last; None for nothing. What the first lines add to it comes as
            records of its time and level.
    """
    current: LogRecord | None = None
    for line in lines:
        parsed = parse(source, line)
        if parsed:
            if current:
                yield current
            current = parsed
        elif current:
            current = replace(current, continuation=(*current.continuation, line))
        elif before and before.timestamp:
            yield LogRecord(source, before.timestamp, before.effective_level, before.event, line, "", line)
        else:
            # The rest of a stack trace after a rotation, or a program that writes no such format.
            yield LogRecord(source, "", Level.INFO, "", line, "", line)
    if current:
        yield current


def merged(logs: Iterable[Iterable[LogRecord]]) -> Iterator[LogRecord]:
    """Several logs as one, by time; records of one log keep their order, equal times keep the logs' order."""
    return heapq.merge(*logs, key=lambda record: record.sort_key)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What somebody wants to see.

    Attributes:
        level: The lowest level; None means every one.
        pattern: Must occur somewhere in the record; None means anything.
    """

    level: Level | None = None
    pattern: re.Pattern[str] | None = None

    def passes(self, record: LogRecord) -> bool:
        """Whether a record is wanted."""
        if self.level is not None and record.effective_level < self.level:
            return False
        return self.pattern is None or any(
            self.pattern.search(line) for line in (record.raw, *record.continuation)
        )
