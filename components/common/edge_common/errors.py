"""The exceptions of every component, and what each one asks of its reader.

Owns the tree below and nothing else: no I/O, no threads, no imports. A gateway translates its library's
errors into one of these at the edge, so that nobody above it needs to know the library.

    EdgeError               anything a component reports in its own words: one line, no traceback
    ├── ConfigError         the configuration is wrong: a person must change it (exit code 2)
    ├── TransientError      the same call may succeed later: whoever owns the work tries it again
    │   └── RefusedError    it will when a person has acted at the far end: nothing is wrong with what is sent
    └── PermanentError      the same call fails for ever: dead-letter the message, count it, go on

The message says what, where, why and what to do; what a program needs to know stands in attributes.
"""

from collections.abc import Sequence


class EdgeError(Exception):
    """Root of the tree; catch it where work is owned, raise one of its children.

    Attributes:
        reason: One line for a person: what happened, where, why, and what to do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConfigError(EdgeError):
    """The configuration is wrong; raised before any connection is opened.

    Attributes:
        faults: Every fault found, each a line of its own that names the key, the value that was given, what
            is allowed with its unit, and what to do. Never empty.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class TransientError(EdgeError):
    """The far end could not do it now; the same call with the same bytes may succeed later.

    Attributes:
        retry_after_s: Seconds the far end asked to be left alone, or None when it did not say.
        code: A fixed word for the cause, such as "no_answer" or "clock_skew": while something is tried again
            and again, another word is news to a person.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None, code: str = "transient") -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.code = code


class RefusedError(TransientError):
    """The far end refuses whatever is sent: no such bucket, no permission. A person must act there.

    What is sent is kept and tried again, slowly, so that it goes through unaided once that person has acted.

    Attributes:
        code: A fixed word for logs and counters, such as "no_such_bucket" or "access_denied".
    """

    def __init__(self, reason: str, *, code: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason, retry_after_s=retry_after_s, code=code)


class PermanentError(EdgeError):
    """Trying again cannot help: the message, the permission or the request itself is wrong.

    Attributes:
        code: A fixed word for counters and for the dead letter, such as "not_json" or "unauthorized".
    """

    def __init__(self, reason: str, *, code: str = "permanent") -> None:
        super().__init__(reason)
        self.code = code
