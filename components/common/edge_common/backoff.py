"""How long to wait before something is tried again, and how spread out. Pure.

Owns the policy only. Who tries again, and waits, is `edge_common.outbox.courier` for what is delivered and
`edge_common.ipc.timing` for connections and subscriptions.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

_MAX_DOUBLINGS = 64  # far beyond any cap; 2.0**1024 would overflow


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait between tries: exponential, capped, with full jitter.

    A wait is drawn evenly from 0 to min(max_s, initial_s * 2**n), n = 0 after the first failure: the "full
    jitter" of M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, which spreads out a
    fleet that lost its server together.

    Attributes:
        initial_s: Seconds that the first wait may last at most; > 0.
        max_s: Seconds that any wait may last at most; >= initial_s.
        uniform: Draws a number between two, each as likely; tests give their own.
    """

    initial_s: float
    max_s: float
    uniform: Callable[[float, float], float] = random.uniform

    def __post_init__(self) -> None:
        if not 0 < self.initial_s <= self.max_s:
            raise ValueError(f"0 < initial_s <= max_s, but got {self.initial_s} and {self.max_s}")

    def delay_s(self, failures: int) -> float:
        """Seconds to wait after `failures` failed tries (1 after the first)."""
        doublings = min(failures - 1, _MAX_DOUBLINGS)
        return self.uniform(0.0, min(self.max_s, self.initial_s * 2.0**doublings))
