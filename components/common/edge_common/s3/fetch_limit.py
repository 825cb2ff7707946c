"""How often new credentials are asked for: at most six times in any minute, whatever happens.

A core's token exchange goes through to the cloud, so that a component which asks in a loop fills the uplink
of its site (aws-greengrass-nucleus pull request 1719: for hours). Not safe by itself: its owner's lock holds.
"""

from collections import deque

_WINDOW_S = 60.0
# Seconds to leave after a call, by how many there were in the last minute: so the first four calls may come
# within 10 s, and what begins to work again in that time is found within 5 s; when it goes on, they come
# every 16 or 17 s. Six gaps are the minute.
_GAPS_S = (1.0, 4.0, 5.0, 16.0, 17.0, 17.0)


class FetchLimit:
    """Remembers when calls were made, on the monotonic clock."""

    def __init__(self) -> None:
        self._calls_s: deque[float] = deque(maxlen=len(_GAPS_S))

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next call may be made; 0 when it may be made now."""
        recent = [called_s for called_s in self._calls_s if now_s - called_s < _WINDOW_S]
        if not recent:
            return 0.0
        by_gap_s = recent[-1] + _GAPS_S[len(recent) - 1]
        by_window_s = recent[0] + _WINDOW_S if len(recent) == len(_GAPS_S) else 0.0
        return max(0.0, by_gap_s - now_s, by_window_s - now_s)

    def note(self, now_s: float) -> None:
        """A call is made now."""
        self._calls_s.append(now_s)
