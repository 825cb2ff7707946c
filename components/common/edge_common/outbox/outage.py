"""What a person is told while deliveries fail: once when it begins, once when it is over.

Owns the counters of failed tries and the log lines about them; used by the delivery thread. A far end that is
away for a day is one line, not one for each try, and a storm of short failures is one line in `_QUIET_S`.
"""

import traceback

from edge_common.clock import Clock
from edge_common.errors import EdgeError, RefusedError
from edge_common.log import get_logger
from edge_common.metrics import Metrics

_QUIET_S = 30.0  # between the beginnings of two outages that are told

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
        self._quiet_until_s = float("-inf")

    def failed(self, error: BaseException, waiting: int) -> None:
        """A try has failed, and `waiting` records wait."""
        now_s = self._clock.monotonic_s()
        self._failed.add()
        if self._began_s is None:
            self._began_s = now_s
        if isinstance(error, RefusedError):
            if self._is_news(f"refused {error.code}"):
                self._log.error("delivery_refused", code=error.code, reason=error.reason, waiting=waiting)
        elif isinstance(error, EdgeError):
            if not self._told and now_s >= self._quiet_until_s and self._is_news("failing"):
                self._quiet_until_s = now_s + _QUIET_S
                self._log.warning("delivery_failing", reason=error.reason, waiting=waiting)
        else:
            self._crashed.add()
            if self._is_news(f"crashed {type(error).__name__}"):
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

    def _is_news(self, what: str) -> bool:
        news = what not in self._told
        self._told.add(what)
        return news
