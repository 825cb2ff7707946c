"""Where log lines go: which are shown, what they must not hold, and standard output itself.

Owns standard output. Safe from any thread; a line is written whole, and what cannot be written is lost and
counted, because readings must go on flowing where there is no room for words about them.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from structlog.typing import EventDict

from edge_common.log.limits import RateLimits
from edge_common.log.line import escape, render

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}  # the standard library's numbers

_LEVEL_OF_METHOD = {"exception": "ERROR", "critical": "ERROR", "fatal": "ERROR", "warn": "WARNING"}
_SECRET_KEYS = (
    "password",
    "secret",
    "token",
    "credentials",
    "authorization",
    "svcuid",
    "private_key",
    "access_key",
)
_HIDDEN = "***"
_STDOUT = 1  # its file descriptor
_MIN_SECRET_CHARACTERS = 6  # shorter ones would blank out ordinary words


class Output:
    """Makes and writes the lines. The process has one, never closed; tests make their own.

    Args:
        monotonic: Seconds that rate limits are measured by.

    Attributes:
        lost_lines: How many lines could not be written.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.lost_lines = 0
        self._limits = RateLimits(monotonic)
        self._lock = threading.Lock()
        self._min_level = LEVELS["INFO"]
        self._secrets: tuple[str, ...] = ()

    def set_level(self, level: str) -> None:
        """Show events of `level`, one of `LEVELS`, and above."""
        self._min_level = LEVELS[level]

    def hide(self, secret: str) -> None:
        """From now on write *** where `secret` would stand; fewer than 6 characters are no secret."""
        if len(secret) < _MIN_SECRET_CHARACTERS:
            return
        with self._lock:
            forms = {*self._secrets, secret, json.dumps(secret, ensure_ascii=False)[1:-1]}
            self._secrets = tuple(sorted(forms, key=len, reverse=True))

    def safe(self, text: str) -> str:
        """`text` on one line and without secrets."""
        return escape(self._redact(text))

    def line_of(self, _logger: object, method: str, event: EventDict) -> str:
        """The processor of structlog that makes the line.

        Raises:
            structlog.DropEvent: The event is below the level or too soon after the last of its cause.
        """
        level = _LEVEL_OF_METHOD.get(method, method.upper())
        limited_by = event.pop("limited_by", None)
        if LEVELS[level] < self._min_level:
            raise structlog.DropEvent
        if limited_by is not None:
            dropped = self._limits.admit(*limited_by)
            if dropped is None:
                raise structlog.DropEvent
            if dropped:
                event["suppressed"] = dropped
        if exc_info := event.pop("exc_info", None):
            event["error"] = exc_info[1] if isinstance(exc_info, tuple) else sys.exception()
        word = str(event.pop("event"))
        event["part"] = event.pop("part")  # last in the line: it matters least
        fields = {key: _HIDDEN if key.endswith(_SECRET_KEYS) else value for key, value in event.items()}
        return render(level, word, fields, self._redact)

    def write(self, line: str) -> None:
        """Write one line; counts it as lost when that fails."""
        with self._lock:
            try:
                prefix = f"{datetime.now().astimezone():%H:%M:%S} " if sys.stdout.isatty() else ""
                sys.stdout.write(f"{prefix}{line}\n")
                sys.stdout.flush()
            except (OSError, ValueError):  # a full disk or a closed pipe; a closed file object
                self.lost_lines += 1

    def finish(self) -> None:
        """Give up what is still unwritten, at the end of the process.

        Otherwise the interpreter's own last flush fails, and the exit code is 120 whatever the work came to.
        """
        with self._lock:
            try:
                sys.stdout.flush()
            except (OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)

    # The methods that structlog looks for on what it wraps.
    debug = info = warning = warn = error = exception = critical = fatal = write

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text
