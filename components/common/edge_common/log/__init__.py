"""Logs: one line for each event on standard output, `LEVEL event key=value …`.

Owns what is written to standard output, the level, the rate limits and the list of secrets that no line may
hold. Standard output, because the nucleus marks whatever comes by standard error as WARN, whatever its level;
no timestamp except on a terminal, because the nucleus adds one.
Events are fixed words and values go into fields: `log.warning("message_refused", topic=topic)`. Safe from any
thread; a line is written whole.

Modules:
    logger    what a part of a component logs through
    line      how an event becomes one line that nobody can forge; pure
    limits    how often a cause may be logged
    output    where lines go: level, secrets, standard output
"""

import logging
import sys
from collections.abc import Mapping
from contextlib import suppress

from edge_common.errors import ConfigError
from edge_common.log.logger import Limited, Logger, limited
from edge_common.log.output import LEVELS, Output

__all__ = [
    "LEVEL_VARIABLE",
    "Limited",
    "Logger",
    "Output",
    "configure",
    "get_logger",
    "hide",
    "limited",
    "lost_lines",
    "tell",
]

LEVEL_VARIABLE = "GG_COMPONENT_LOG_LEVEL"
# What the nucleus and the token exchange give a component process to identify itself with.
SECRET_VARIABLES = (
    "SVCUID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)

_OUTPUT = Output()


def get_logger(name: str, output: Output = _OUTPUT) -> Logger:
    """A logger whose lines end in `part=name`; `bind` gives one with further fields.

    Args:
        name: A fixed word for the part that logs, such as "publisher".
        output: Where lines go; tests give their own.
    """
    return Logger(output, name)


def configure(environment: Mapping[str, str], *, debug: bool = False) -> None:
    """Set the level, hide the process's own secrets, show foreign libraries' warnings in the same form.

    Args:
        environment: Names the level in `GG_COMPONENT_LOG_LEVEL` (absent: INFO) and holds what is hidden.
        debug: DEBUG, whatever the environment says.

    Raises:
        ConfigError: The level in the environment is not one of `LEVELS`.
    """
    for variable in SECRET_VARIABLES:
        hide(environment.get(variable, ""))
    if _LIBRARIES not in logging.getLogger().handlers:
        logging.getLogger().addHandler(_LIBRARIES)
    level = "DEBUG" if debug else environment.get(LEVEL_VARIABLE, "INFO").upper()
    if level not in LEVELS:
        allowed = ", ".join(LEVELS)
        raise ConfigError(
            [f"{LEVEL_VARIABLE}: {level!r} is not allowed. Allowed: {allowed}. Correct it or unset it."]
        )
    _OUTPUT.set_level(level)


def hide(secret: str) -> None:
    """From now on write *** where `secret` would stand; fewer than 6 characters are no secret."""
    _OUTPUT.hide(secret)


def tell(text: str) -> None:
    """Say `text` to a person on standard error, which a nucleus logs as WARN: one line, without secrets."""
    with suppress(OSError, ValueError):  # nobody listens: the exit code still says it
        sys.stderr.write(f"{_OUTPUT.safe(text)}\n")
        sys.stderr.flush()


def finish() -> None:
    """The last thing a process does with its log: what could not be written until now is given up."""
    _OUTPUT.finish()


def lost_lines() -> int:
    """How many log lines could not be written, because the disk was full or standard output closed."""
    return _OUTPUT.lost_lines


class _LibraryHandler(logging.Handler):
    """Warnings and errors of foreign libraries; their debug output may hold credentials and stays out."""

    def emit(self, record: logging.LogRecord) -> None:
        log = get_logger(record.name)
        write = log.error if record.levelno >= logging.ERROR else log.warning
        error = {"error": record.exc_info[1]} if record.exc_info else {}
        write("library_message", message=record.getMessage(), **error)


_LIBRARIES = _LibraryHandler(logging.WARNING)
