"""Where log lines go: which are shown, what they must not hold, and standard output itself.

Owns standard output. Safe from any thread; a line is written whole, and what cannot be written is lost and
counted, because readings must go on flowing where there is no room for words about them.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from edge_common.log.limits import RateLimits
from edge_common.log.line import escape, render

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}  # the standard library's numbers

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

    def write(
        self,
        level: str,
        event: str,
        fields: Mapping[str, object],
        part: str,
        limited_by: tuple[str, float] | None,
    ) -> None:
        """Write an event as one line, or drop it: below the level, or too soon after the last of its cause.

        Args:
            level: One of `LEVELS`.
            event: A fixed word.
            fields: Key -> value, in the order they are shown.
            part: Who says it; last in the line, because it matters least.
            limited_by: A cause and the seconds between two lines of it; None: however often.
        """
        if LEVELS[level] < self._min_level:
            return
        suppressed = self._limits.admit(*limited_by) if limited_by else 0
        if suppressed is None:
            return
        shown = {key: _HIDDEN if key.endswith(_SECRET_KEYS) else value for key, value in fields.items()}
        if suppressed:
            shown["suppressed"] = suppressed
        shown["part"] = part
        self._print(render(level, event, shown, self._redact))

    def finish(self) -> None:
        """Give up what is still unwritten, at the end of the process.

        Otherwise the interpreter's own last flush fails, and the exit code is 120 whatever the work came to.
        """
        with self._lock:
            try:
                sys.stdout.flush()
            except (OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)

    def _print(self, line: str) -> None:
        with self._lock:
            try:
                prefix = f"{datetime.now().astimezone():%H:%M:%S} " if sys.stdout.isatty() else ""
                sys.stdout.write(f"{prefix}{line}\n")
                sys.stdout.flush()
            except (OSError, ValueError):  # a full disk or a closed pipe; a closed file object
                self.lost_lines += 1

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text
