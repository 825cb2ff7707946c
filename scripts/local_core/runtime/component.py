"""One component: its state, the task that moves it from state to state, and its processes.

Owns what others may ask of a component. The rules are in `states`, what is done in each state in
`state_actions`. One task per component, on the core's event loop.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from local_core.runtime.agenda import Agenda
from local_core.runtime.definition import Change, Definition, change_between, needs_bootstrap
from local_core.runtime.state_actions import StateActions, Timings
from local_core.runtime.states import DONE, ErrorHistory, State, may_report
from local_core.runtime.steps import Steps

_LOG = logging.getLogger(__name__)


class Component:
    """A component of the core: `open` starts its task, `close` ends it and all its processes.

    Args:
        definition: What it is made of.
        steps: Carries out its lifecycle steps; their log is closed with the component.
        dependencies_ready: Whether its HARD dependencies let it start or go on.
        on_state: Called after each change of state, with the former state.
        timings: Durations.

    Attributes:
        state_since: When it came there, by the monotonic clock.
        restarts: How often it has been started again because somebody asked: a person, a deployment, a
            dependency that went.
        crashes: How often it has failed: a script ended with an error or too late, or it reported ERRORED.
    """

    def __init__(
        self,
        definition: Definition,
        steps: Steps,
        dependencies_ready: Callable[[], bool],
        on_state: Callable[["Component", State], None],
        timings: Timings,
    ) -> None:
        self.state_since = time.monotonic()
        self.restarts = 0
        self.crashes = 0
        self._was_asked_to_start = False  # else what follows a crash is no answer to anybody
        self._has_started = False
        self._definition = definition
        self._agenda = Agenda()
        self._errors = ErrorHistory()
        self._dependencies_ready = dependencies_ready
        self._on_state = on_state
        self._log = steps.log
        self._actions = StateActions(definition, steps, self._agenda, dependencies_ready, timings)
        self._task: asyncio.Task[None] | None = None

    @property
    def definition(self) -> Definition:
        """What it is to be made of; while it is being stopped for an update, its old scripts still run."""
        return self._definition

    @property
    def state(self) -> State:
        """Where it is; changes only by its own task."""
        return self._agenda.state

    @property
    def name(self) -> str:
        """Component name."""
        return self._definition.name

    @property
    def pid(self) -> int | None:
        """Id of its running script; None when none runs."""
        return self._actions.scripts.pid

    @property
    def is_paused(self) -> bool:
        """True between PauseComponent and ResumeComponent."""
        return self._actions.scripts.is_paused

    @property
    def has_settled(self) -> bool:
        """True when it runs or is finished, and nobody has asked for anything else since."""
        return self.state in DONE and self._agenda.desired.are_reached_in(self.state)

    def open(self, *, with_bootstrap: bool) -> None:
        """Begin to live; `start` must follow for anything to happen."""
        self._actions.bootstrap_is_due = with_bootstrap
        self._task = asyncio.create_task(self._live(), name=f"{self.name}-lifecycle")

    def start(self) -> None:
        """Ask it to run."""
        self._agenda.desired.start()
        self._agenda.wake()

    def stop(self) -> None:
        """Ask it to stop, and to stay stopped until the next start."""
        self._agenda.desired.stop()
        self._agenda.wake()

    def restart(self) -> bool:
        """Ask it to stop and start again; False when it has never been started."""
        will = self._agenda.desired.restart(self.state)
        self._agenda.wake()
        return will

    def reinstall(self) -> None:
        """Ask it to stop, install and start again; the only way out of BROKEN."""
        self._agenda.desired.reinstall()
        self._agenda.wake()

    def update(self, definition: Definition) -> Change:
        """Have it become `definition`, disturbed no more than the change demands; returns how much."""
        change = change_between(self._definition, definition)
        bootstrap_is_due = needs_bootstrap(self._definition, definition)
        self._definition = definition
        self._actions.next_definition = definition
        if change is Change.REINSTALL:
            self._actions.bootstrap_is_due |= bootstrap_is_due
            self.reinstall()
        elif change is Change.RESTART:
            self.restart()
        else:
            self._actions.adopt_definition()
        return change

    def report(self, state: State) -> None:
        """What the component says of itself (UpdateState); ignored where its state does not allow it."""
        if not may_report(self.state, state):
            _LOG.warning(
                "Invalid reported state",
                extra={"event_type": "service-invalid-state-error", "contexts": self._facts(newState=state)},
            )
            return
        self._agenda.reported = state
        self._agenda.wake()

    def dependency_changed(self) -> None:
        """Look at the dependencies again: wait no longer for them, or restart because one is gone."""
        if self.state in (State.STARTING, State.RUNNING) and not self._dependencies_ready():
            _LOG.info(
                "Restarting service because a dependency was in a bad state",
                extra={"event_type": "service-restart", "contexts": self._facts()},
            )
            self._agenda.desired.restart(self.state)
        self._agenda.wake()

    def pause(self) -> None:
        """Freeze its processes; its state stays RUNNING."""
        self._actions.scripts.pause()

    def resume(self) -> None:
        """Let its processes go on."""
        self._actions.scripts.resume()

    async def uninstall(self) -> None:
        """Carry out the uninstall step of a component that has been closed; its failure is only logged."""
        await self._actions.uninstall()
        self._log.close()

    async def close(self) -> None:
        """Stop for good and wait for it; whatever is in hand is broken off."""
        self._agenda.is_closing = True
        self.stop()
        if self._task:
            await self._task
        self._log.close()

    async def _live(self) -> None:
        former = State.NEW
        actions: Mapping[State, Callable[[], Awaitable[State | None]]] = {
            State.NEW: self._actions.new,
            State.INSTALLED: self._actions.installed,
            State.STARTING: self._actions.starting,
            State.RUNNING: self._actions.running,
            State.STOPPING: self._actions.stopping,
            State.ERRORED: lambda: self._actions.errored(former),
            State.BROKEN: self._actions.broken,
            State.FINISHED: self._actions.finished,
        }
        while (successor := await self._act(actions[self.state])) is not None:
            former = self.state
            self._enter(self._errors.leave(former, successor, time.monotonic()))

    async def _act(self, action: Callable[[], Awaitable[State | None]]) -> State | None:
        try:
            return await action()
        except Exception:  # noqa: BLE001  the loop that owns the component: its faults must not end the others
            _LOG.exception("Fault of the core in this component's life", extra={"contexts": self._facts()})
            return State.BROKEN if self.state is not State.BROKEN else None

    def _enter(self, state: State) -> None:
        _LOG.info(
            "", extra={"event_type": "service-set-state", "contexts": self._facts(newState=state.value)}
        )
        former, self._agenda.state = self.state, state
        self.state_since = time.monotonic()
        self._agenda.reported = None
        if state is State.STARTING:
            self.restarts += self._has_started and self._was_asked_to_start
            self._has_started = self._was_asked_to_start = True
        elif former is State.BROKEN:
            self._errors.forget()
            self._was_asked_to_start = True
        elif former is not State.ERRORED and state in (State.ERRORED, State.BROKEN):
            self.crashes += 1
            self._was_asked_to_start = False
        self._on_state(self, former)

    def _facts(self, **further: object) -> dict[str, object]:
        return {"serviceName": self.name, "currentState": self.state.value} | further
