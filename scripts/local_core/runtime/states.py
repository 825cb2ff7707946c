"""The states of a component and the rules between them, as data: no processes, no clock, no event loop.

Source of every rule: Lifecycle.java and GreengrassService.java of the classic nucleus.
"""

from collections.abc import Mapping
from enum import StrEnum

MAX_ERRORS = 3  # Lifecycle.MAXIMUM_CONTINUAL_ERROR
ERROR_RESET_TIME_S = 3600.0  # Lifecycle.DEFAULT_ERROR_RESET_TIME_IN_SEC


class State(StrEnum):
    """States of a component, spelt as IPC spells them."""

    NEW = "NEW"
    INSTALLED = "INSTALLED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    ERRORED = "ERRORED"
    BROKEN = "BROKEN"
    STOPPING = "STOPPING"
    FINISHED = "FINISHED"


DONE = frozenset({State.RUNNING, State.FINISHED})
"""What a deployment waits for."""

READY_FOR_DEPENDANTS = frozenset({State.RUNNING, State.STOPPING, State.FINISHED})
"""What a HARD dependency must be in (GreengrassService.dependencyReady)."""

AT_REST = frozenset({State.NEW, State.INSTALLED, State.BROKEN, State.FINISHED})
"""No process lives; a component may be taken away."""

_REPORTABLE: Mapping[State, frozenset[State]] = {
    State.NEW: frozenset({State.ERRORED}),
    State.STARTING: frozenset({State.RUNNING, State.ERRORED, State.FINISHED}),
    State.RUNNING: frozenset({State.ERRORED, State.FINISHED}),
    State.STOPPING: frozenset({State.ERRORED, State.FINISHED}),
}
_COUNTED = frozenset({State.NEW, State.STARTING, State.RUNNING})


def may_report(current: State, reported: State) -> bool:
    """Whether a component in `current` may say that it is in `reported` (Lifecycle.reportState)."""
    return reported in _REPORTABLE.get(current, frozenset())


class ErrorHistory:
    """Counts errors in a row for each state they happened in; the third means BROKEN.

    A state's count begins anew when the state is left without an error, or when an hour lies between two.
    """

    def __init__(self) -> None:
        self._times: dict[State, list[float]] = {}

    def leave(self, current: State, successor: State, now: float) -> State:
        """Note that `current` is being left for `successor`; returns the state to go to instead.

        Args:
            current: The state it happens in.
            successor: Where the component would go.
            now: Seconds of any clock that does not jump.
        """
        if successor is not State.ERRORED or current not in _COUNTED:
            self._times.pop(current, None)
            return successor
        times = self._times.setdefault(current, [])
        if times and now - times[-1] >= ERROR_RESET_TIME_S:
            times.clear()
        times.append(now)
        return State.BROKEN if len(times) >= MAX_ERRORS else successor

    def forget(self) -> None:
        """A new chance: what a reinstallation gives a broken component."""
        self._times.clear()


class DesiredStates:
    """The path of states that a component is to take; empty when nobody asks for anything."""

    def __init__(self) -> None:
        self._path: list[State] = []

    @property
    def first(self) -> State | None:
        """The next state to reach; None when there is none."""
        return self._path[0] if self._path else None

    def are_reached_in(self, state: State) -> bool:
        """True when a component in `state` has nowhere else to go."""
        return all(desired is state for desired in self._path)

    def reached(self, state: State) -> None:
        """Take off the states at the head of the path that are `state`."""
        while self._path and self._path[0] is state:
            del self._path[0]

    def start(self) -> None:
        """Be running in the end."""
        if not self._path or self._path == [State.FINISHED]:
            self._path = [State.RUNNING]
        elif self._path[-1] is State.FINISHED:
            self._path[-1] = State.RUNNING
        elif self._path[-1] is not State.RUNNING:
            self._path.append(State.RUNNING)

    def restart(self, current: State) -> bool:
        """Stop and start again; False when it has never been asked to start."""
        if not self._path and current is State.NEW:
            return False
        self._path = self._until_new() or [State.INSTALLED]
        self._path.append(State.RUNNING)
        return True

    def reinstall(self) -> None:
        """Stop, install and start again; the only way out of BROKEN."""
        self._path = [State.NEW, State.RUNNING]

    def stop(self) -> None:
        """Be stopped in the end; a reinstallation that is under way is still done."""
        self._path = [*self._until_new(), State.FINISHED]

    def _until_new(self) -> list[State]:
        return self._path[: self._path.index(State.NEW) + 1] if State.NEW in self._path else []
