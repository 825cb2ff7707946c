"""Kills of a pipeline's processes at random moments, each judged, each followed by a reading that arrives."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from local_core.settings import Flavor
from support.pipeline.disk import Held
from support.pipeline.pipeline import NAMES, PUBLISHER, UPLOADER, WITHIN_S, Pipeline
from support.pipeline.witness import judge_now
from support.waiting import wait_until

CORE = "core"
# A nucleus leaves a component alone that has failed three times in a row: before that it is restarted.
_FAILURES_IN_A_ROW = 2
_MAX_PAUSE_S = 0.5
_IMPATIENT_SHARE = 0.3
_WEIGHTS = {
    Flavor.LITE: {PUBLISHER: 4, UPLOADER: 4, CORE: 2},
    # What the classic nucleus has taken from the publisher is in its memory: that is its own to lose.
    Flavor.CLASSIC: {PUBLISHER: 1, UPLOADER: 1},
}


@dataclass(slots=True)
class Killings:
    """Kills one process after the other.

    Attributes:
        pipeline: Whose.
        flavor: Of its core.
        chance: Draws victims and moments.
        killed: How often which.
        restarts: How often a component was restarted by hand.
        longest_recovery_s: From a kill to the first reading taken after it that has arrived.
    """

    pipeline: Pipeline
    flavor: Flavor
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    longest_recovery_s: float = 0.0
    _in_a_row: Counter[str] = field(default_factory=Counter)

    @property
    def may_be_repeated(self) -> int:
        """How often the publisher may have ended with messages of which it did not know whether they came."""
        return self.killed[PUBLISHER] + self.killed[CORE] + self.restarts

    def kill(self, count: int) -> None:
        """Kill somebody `count` times at random moments, and judge each time.

        After most kills, and after the last one, a fresh reading must arrive unaided before the next; the
        others meet whatever is then still starting or recovering.
        """
        for number in range(count):
            self._kill_somebody(is_last=number == count - 1)

    def _kill_somebody(self, *, is_last: bool) -> None:
        weights = _WEIGHTS[self.flavor]
        victim = self.chance.choices(list(weights), list(weights.values()))[0]
        threading.Event().wait(self.chance.uniform(0, _MAX_PAUSE_S))  # nobody sets it: the moment is the draw
        killed_s = time.monotonic()
        self._kill(victim)
        held = judge_now(self.pipeline)
        if victim == CORE:
            self.pipeline.start_core()
        failures = self._note(victim)
        if self.chance.random() < _IMPATIENT_SHARE and failures < _FAILURES_IN_A_ROW and not is_last:
            return
        for name in NAMES if is_last or victim == CORE else (victim,):
            wait_until(self._fresh(name, held), WITHIN_S, f"a fresh reading of {name}")
        self.longest_recovery_s = max(self.longest_recovery_s, time.monotonic() - killed_s)
        if failures == _FAILURES_IN_A_ROW:
            self._in_a_row[victim] = 0
            self.restarts += 1
            self.pipeline.restart(victim)

    def _kill(self, victim: str) -> None:
        self.killed[victim] += 1
        if victim == CORE:
            self.pipeline.kill_core()
        else:
            self.pipeline.kill(victim)

    def _fresh(self, name: str, held: dict[str, Held]) -> Callable[[], bool]:
        """Whether a reading has arrived that was neither there nor on the disk when this was asked for."""
        cloud, taken = self.pipeline.cloud, held[UPLOADER].counts.taken
        if name == PUBLISHER:
            known = held[PUBLISHER].waiting | set(cloud.published())
            return lambda: not known.issuperset(cloud.published())
        return lambda: any(number >= taken for number in cloud.uploaded_numbers())

    def _note(self, victim: str) -> int:
        """How often in a row the core has seen this component fail."""
        if victim == CORE:
            self._in_a_row.clear()  # a new one knows of no failure
        else:
            self._in_a_row[victim] += 1
        return self._in_a_row[victim]
