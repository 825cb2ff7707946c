"""How often one cause may be logged: a flood of bad messages must not fill the disk.

Owns the time of each cause's last line. Safe from any thread.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

MAX_CAUSES = 1_000  # beyond it the cause whose last line is oldest is forgotten


class RateLimits:
    """When each cause was last logged, and how many events were dropped since.

    Args:
        monotonic: Seconds to measure by.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._causes: OrderedDict[str, tuple[float, int]] = OrderedDict()  # last line at (s), dropped since

    def admit(self, cause: str, per_s: float) -> int | None:
        """How many events of `cause` were dropped since its last line; None: drop this one too."""
        now_s = self._monotonic()
        with self._lock:
            known = self._causes.get(cause)
            if known is not None and now_s - known[0] < per_s:
                self._causes[cause] = (known[0], known[1] + 1)
                return None
            self._causes[cause] = (now_s, 0)
            self._causes.move_to_end(cause)
            if len(self._causes) > MAX_CAUSES:
                self._causes.popitem(last=False)
            return known[1] if known else 0
