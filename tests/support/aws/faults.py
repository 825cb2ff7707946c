"""What goes wrong in the stand-in because a test wants it, and what it was asked. Any thread; one lock."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

# Operations that change nothing.
_READING = ("Get", "Describe", "List", "Head")


@dataclass(frozen=True, slots=True)
class Fault:
    """How one call goes wrong.

    Attributes:
        code: Error code; empty for a call that is done and whose answer is lost.
        message: Of the error.
    """

    code: str
    message: str = ""


class Faults:
    """What will go wrong, by operation; and every call there was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, deque[Fault]] = {}
        self._always: dict[str, Fault] = {}
        self._meanwhile: dict[str, Callable[[], object]] = {}
        self._calls: list[str] = []

    def throttle(self, operation: str, times: int) -> None:
        """The next calls are too many."""
        self._script(operation, [Fault("ThrottlingException", "Rate exceeded")] * times)

    def lose_answer(self, operation: str) -> None:
        """The next call is done, but its caller never hears of it."""
        self._script(operation, [Fault("")])

    def refuse(self, operation: str, code: str, message: str) -> None:
        """The next call is refused."""
        self._script(operation, [Fault(code, message)])

    def deny(self, operation: str, message: str) -> None:
        """Every call is denied."""
        with self._lock:
            self._always[operation] = Fault("AccessDeniedException", message)

    def meanwhile(self, operation: str, happens: Callable[[], object]) -> None:
        """Something happens just before the next call is done."""
        with self._lock:
            self._meanwhile[operation] = happens

    def take(self, operation: str) -> Fault | None:
        """Note a call; how it goes wrong, None when it does not."""
        with self._lock:
            happens = self._meanwhile.pop(operation, None)
        if happens:
            happens()
        with self._lock:
            self._calls.append(operation)
            waiting = self._next.get(operation)
            return waiting.popleft() if waiting else self._always.get(operation)

    def calls(self, operation: str) -> int:
        """How often an operation was called."""
        with self._lock:
            return self._calls.count(operation)

    @property
    def changes(self) -> list[str]:
        """The calls that were to change something."""
        with self._lock:
            return [one for one in self._calls if not one.startswith(_READING)]

    def _script(self, operation: str, faults: list[Fault]) -> None:
        with self._lock:
            self._next.setdefault(operation, deque()).extend(faults)
