"""What a person is told while deliveries fail: once when it begins, once when it is over.

Owns the counters of failed tries and the log lines about them; used by the delivery thread. A far end that is
away for a day is one line, not one for each try; another cause in the middle of that is a line of its own. A
storm of short failures, or of one thing refused between others that are taken, is one line in `_QUIET_S`.
"""

import traceback

from edge_common.clock import Clock
from edge_common.errors import EdgeError, PermanentError, RefusedError, TransientError
from edge_common.log import get_logger
from edge_common.metrics import Metrics

_QUIET_S = 30.0  # between two causes that pass by themselves, and between two lines of one refusal

_log = get_logger("outbox")


class Outage:
    """Failures since the last delivery that succeeded.

    Args:
        name: Of the outbox.
        clock: Measures how long it took.
        metrics: Counts `NAME_tries_failed`, and those of them that are our bugs, `NAME_tries_crashed`.
    """

    def __init__(self, name: str, clock: Clock, metrics: Metrics) -> None:
        self._log = _log.bind(outbox=name)
        self._clock = clock
        self._failed = metrics.counter(f"{name}_tries_failed")
        self._crashed = metrics.counter(f"{name}_tries_crashed")
        self._began_s: float | None = None
        self._told: set[str] = set()  # what was told of this outage
        self._quiet_until_s: dict[str, float] = {}  # by what was told

    def failed(self, error: BaseException, waiting: int) -> None:
        """A try has failed, and `waiting` records wait."""
        now_s = self._clock.monotonic_s()
        self._failed.add()
        if self._began_s is None:
            self._began_s = now_s
        if isinstance(error, RefusedError):
            if self._is_news(f"refused {error.code}", now_s):
                self._log.error("delivery_refused", code=error.code, reason=error.reason, waiting=waiting)
        elif isinstance(error, EdgeError):
            if self._is_news(f"failing {_cause(error)}", now_s, quiet_with="failing"):
                self._log.warning("delivery_failing", reason=error.reason, waiting=waiting)
        else:
            self._crashed.add()
            if self._is_news(f"crashed {type(error).__name__}", now_s):
                where = traceback.extract_tb(error.__traceback__)[-1:]
                self._log.error(
                    "delivery_crashed",
                    kind=type(error).__name__,
                    reason=str(error),
                    where=f"{where[0].filename}:{where[0].lineno}" if where else "",
                    waiting=waiting,
                )

    def over(self, waiting: int) -> None:
        """A delivery has succeeded."""
        if self._began_s is None:
            return
        if self._told:
            lasted_s = round(self._clock.monotonic_s() - self._began_s, 1)
            self._log.info("delivery_recovered", after_s=lasted_s, waiting=waiting)
        self._began_s = None
        self._told.clear()

    def _is_news(self, what: str, now_s: float, *, quiet_with: str = "") -> bool:
        """Whether to tell `what` now: once in an outage, and not soon after it, or its like, was told."""
        like = quiet_with or what
        if what in self._told or now_s < self._quiet_until_s.get(like, now_s):
            return False
        self._told.add(what)
        self._quiet_until_s[like] = now_s + _QUIET_S
        return True


def _cause(error: EdgeError) -> str:
    return error.code if isinstance(error, TransientError | PermanentError) else ""
