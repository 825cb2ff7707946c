"""What a part of a component logs through: events with fields, and the part's name in every line.

Owns nothing but which fields a logger carries; it is immutable and may be used from any thread.
"""

import sys
from typing import TypedDict, cast

from edge_common.log.output import Output


class Limited(TypedDict):
    """What `limited` adds to a call; it is no field of the line."""

    limited_by: tuple[str, float]


def limited(key: str, per_s: float) -> Limited:
    """Let one event of this cause through every `per_s` seconds; the next that passes says `suppressed=N`.

    Use it wherever strangers decide how often something is logged:
    `log.warning("message_refused", reason=error.reason, **limited("message_refused", 10))`.

    Args:
        key: The cause; fixed words, not what was received.
        per_s: Seconds between two lines.
    """
    return {"limited_by": (key, per_s)}


class Logger:
    """Writes events of one part.

    Every method takes the event, a fixed word, and the fields of the line by name, in the order they are
    shown. A field may have any name but `limited_by`; one called `part` would be overwritten.

    Args:
        output: Where lines go.
        part: A fixed word for the part that logs; last in each line.
        fields: Stand in each line, before those of the call.
    """

    def __init__(self, output: Output, part: str, fields: dict[str, object] | None = None) -> None:
        self._output = output
        self._part = part
        self._fields = fields or {}

    def bind(self, **fields: object) -> "Logger":
        """A logger that writes these fields, too, in each line."""
        return Logger(self._output, self._part, {**self._fields, **fields})

    def debug(self, event: str, /, **fields: object) -> None:
        """What only somebody who looks for a fault wants to know."""
        self._write("DEBUG", event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """What happens in the ordinary course of things, and seldom."""
        self._write("INFO", event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """What somebody should look at; the component goes on by itself."""
        self._write("WARNING", event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """What somebody must mend."""
        self._write("ERROR", event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """An error, with the exception that is being handled as the field `error`."""
        self._write("ERROR", event, {**fields, "error": sys.exception()})

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        limited_by = cast("tuple[str, float] | None", fields.pop("limited_by", None))
        self._output.write(level, event, {**self._fields, **fields}, self._part, limited_by)
