"""Counters: how many of each thing happened since the process started; gauges: how things stand now.

Owns the counts, and whom to ask for the gauges; the runtime logs both. Every counter may be raised from any
thread.
"""

import re
import threading
from collections.abc import Callable, Mapping

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Counter:
    """A count that only grows, from 0 at the start of the process.

    Attributes:
        name: The fixed word that logs and heartbeats show it under.
    """

    __slots__ = ("_lock", "_value", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._value = 0
        self._lock = threading.Lock()

    def add(self, amount: int = 1) -> None:
        """Raise the count.

        Raises:
            ValueError: `amount` is negative: what was counted stays counted.
        """
        if amount < 0:
            raise ValueError(f"counter {self.name} only grows, but was given {amount}")
        with self._lock:
            self._value += amount

    @property
    def value(self) -> int:
        """The count now."""
        return self._value


class Metrics:
    """All counters of one component, made where they are first asked for; lives as long as the process."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Callable[[], Mapping[str, int]]] = {}
        self._lock = threading.Lock()

    def counter(self, name: str) -> Counter:
        """The counter called `name`, the same object every time; ask for it once and keep it.

        Args:
            name: A fixed word such as `readings_published`: never made from a topic or another input, so
                that nobody outside can make the set grow.

        Raises:
            ValueError: `name` is not lower-case words joined by underscores.
        """
        _require_name(name)
        with self._lock:
            return self._counters.setdefault(name, Counter(name))

    def gauges(self, name: str, read: Callable[[], Mapping[str, int]]) -> None:
        """Show numbers that somebody else keeps, such as how much waits, all as of one instant.

        Args:
            name: A fixed word that leads theirs: "outbox" and "waiting" become `outbox_waiting`. Given again,
                it replaces the former ones.
            read: Asked at every snapshot, from the thread that takes it, until the process ends; it is quick,
                always gives the same fixed words, and does not raise.
        """
        _require_name(name)
        with self._lock:
            self._gauges[name] = read

    def snapshot(self) -> dict[str, int]:
        """Every number by name: counters in the order they were made, then gauges.

        Each counter is exact, not all at one instant; the gauges of one name are.
        """
        with self._lock:
            counters, gauges = list(self._counters.values()), list(self._gauges.items())
        numbers = {counter.name: counter.value for counter in counters}
        for name, read in gauges:
            numbers |= {f"{name}_{part}": number for part, number in read().items()}
        return numbers


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} names no counter: use lower-case words joined by underscores")
