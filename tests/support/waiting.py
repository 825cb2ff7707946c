"""Waiting on a condition with a deadline: the only kind of waiting that tests do."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.02


def wait_until(condition: Callable[[], T | None], within_s: float, what: str) -> T:
    """The first truthy value of `condition`.

    Args:
        condition: Asked every 20 ms.
        within_s: Seconds until the test fails.
        what: Named in the failure.

    Raises:
        AssertionError: It did not come true in time.
    """
    deadline = time.monotonic() + within_s
    tick = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what}; last seen: {value!r}")
        tick.wait(POLL_S)
