"""What is done in each state of a component, and which state follows.

One coroutine for each state; each returns the state to go to, or None when the component has been closed.
They run in the component's one task. Source: the methods handleCurrentState… of Lifecycle.java, and install,
startup, handleRunScript, shutdown and handleError of GenericExternalService.java, of the classic nucleus.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_core.model.recipe_model import DEFAULT_TIMEOUT_S, Phase
from local_core.runtime.agenda import Agenda
from local_core.runtime.definition import Definition
from local_core.runtime.process import ScriptProcess
from local_core.runtime.running_scripts import RunningScripts
from local_core.runtime.states import State
from local_core.runtime.steps import StepError, Steps

# BootstrapSuccessCode: 100 asks for a restart of the nucleus, 101 for one of the device; neither is done.
_BOOTSTRAP_SUCCESS = frozenset({0, 100, 101})
_SUCCESS = frozenset({0})

STOP_GRACE_S = 5.0  # Exec.java: between SIGTERM and SIGKILL, not configurable


@dataclass(frozen=True, slots=True)
class Timings:
    """Durations that are the classic nucleus's own by default.

    Attributes:
        stop_grace_s: Between SIGTERM and SIGKILL.
        retry_delay_s: Between an error and the next try: none on the classic nucleus, a second on Lite.
    """

    stop_grace_s: float = STOP_GRACE_S
    retry_delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Main:
    """The startup or run script of the present start."""

    step: Phase
    process: ScriptProcess


class StateActions:
    """The actions of one component; see `Component` for the arguments.

    Attributes:
        scripts: Its processes.
        next_definition: What it becomes as soon as nothing of it runs.
        bootstrap_is_due: Whether the bootstrap step precedes the next installation.
    """

    def __init__(
        self,
        definition: Definition,
        steps: Steps,
        agenda: Agenda,
        dependencies_ready: Callable[[], bool],
        timings: Timings,
    ) -> None:
        self.scripts = RunningScripts(self._script_ended)
        self.next_definition = definition
        self.bootstrap_is_due = False
        self._definition = definition
        self._steps = steps
        self._log = steps.log
        self._agenda = agenda
        self._dependencies_ready = dependencies_ready
        self._timings = timings
        self._main: _Main | None = None

    def adopt_definition(self) -> None:
        """Become what the latest deployment asks for."""
        self._definition = self.next_definition

    async def new(self) -> State | None:
        """Install, once somebody wants it."""
        agenda = self._agenda
        await agenda.until(lambda: agenda.is_closing or agenda.desired.first is not None)
        if agenda.is_closing:
            return State.FINISHED
        self.adopt_definition()
        if self.bootstrap_is_due:
            if not await self._carry_out("bootstrap", _BOOTSTRAP_SUCCESS):
                return self._failed("Script errored in bootstrap")
            self.bootstrap_is_due = False
        if not await self._carry_out("install") or agenda.reported is State.ERRORED:
            return self._failed("Script errored in install")
        return State.INSTALLED

    async def installed(self) -> State | None:
        """Wait for the HARD dependencies."""
        agenda = self._agenda
        await agenda.until(
            lambda: (
                agenda.is_closing
                or agenda.desired.first in (State.NEW, State.FINISHED)
                or (agenda.desired.first is State.RUNNING and self._dependencies_ready())
            )
        )
        return State.STARTING if agenda.is_to_run else agenda.next_at_rest

    async def starting(self) -> State | None:
        """Run the startup script to its end, or start the run script; of both, startup alone counts."""
        self.adopt_definition()
        self._main = None
        await self.scripts.stop(self._timings.stop_grace_s)
        if not self._dependencies_ready():
            return State.INSTALLED
        try:
            if self._definition.phase("startup"):
                return await self._start_up()
            run = self._steps.due(self._definition, "run")
            if run is None:
                self._agenda.desired.stop()
                return State.FINISHED
            self._main = await self._start(run)
        except StepError as error:
            return self._failed(str(error))
        return State.RUNNING

    async def running(self) -> State | None:
        """Watch the script until it ends, or somebody wants something else."""
        agenda = self._agenda
        in_time = await agenda.until(
            lambda: not agenda.is_to_run or agenda.reported is not None or self._end_of_run() is not None,
            self._main.step.timeout_s if self._main and self._main.step.name == "run" else None,
        )
        if not in_time:
            return self._failed("Service failed to run within timeout, calling close in process")
        if not agenda.is_to_run:
            return State.STOPPING
        if agenda.reported is State.ERRORED:
            return self._failed("The component reported ERRORED")
        if self._end_of_run():
            return State.ERRORED
        agenda.desired.stop()  # it has done its work; it rests until somebody starts it again
        return State.STOPPING

    async def stopping(self) -> State | None:
        """Run the shutdown script, then end the processes; its time-out bounds it all."""
        return self._agenda.next_at_rest if await self._shut_down() else self._failed("Timeout in shutdown")

    async def errored(self, former: State) -> State | None:
        """Recover, and try again unless somebody wants something else."""
        agenda = self._agenda
        await self._carry_out("recover")
        if agenda.is_to_run:
            await agenda.until(lambda: not agenda.is_to_run, self._timings.retry_delay_s)
        if agenda.is_to_run:
            agenda.desired.start()
        if former in (State.STARTING, State.RUNNING):
            return State.STOPPING
        return State.NEW if former is State.NEW and agenda.is_to_run else agenda.next_at_rest

    async def broken(self) -> State | None:
        """End the processes and wait for a deployment: nothing else brings it back."""
        agenda = self._agenda
        await self._shut_down()
        self._log.event("service-broken", "service is broken. Deployment is needed", level="ERROR")
        await agenda.until(lambda: agenda.is_closing or agenda.desired.first is State.NEW)
        return None if agenda.is_closing else State.NEW

    async def finished(self) -> State | None:
        """Rest until somebody wants it again."""
        agenda = self._agenda
        await agenda.until(lambda: agenda.is_closing or agenda.desired.first is not None)
        return None if agenda.is_closing else agenda.next_at_rest

    async def uninstall(self) -> None:
        """Carry out the uninstall step of a component that has been closed; its failure is only logged."""
        about = {
            "GREENGRASS_LIFECYCLE_EVENT": "uninstall",
            "GREENGRASS_COMPONENT_NAME": self._definition.name,
            "GREENGRASS_COMPONENT_VERSION": self._definition.version,
        }
        if not await self._carry_out("uninstall", further=about, even_when_closing=True):
            self._log.event(
                "", "The uninstall script failed; the component is removed all the same", level="WARN"
            )
        await self.scripts.stop(self._timings.stop_grace_s)

    async def _start_up(self) -> State:
        agenda = self._agenda
        startup = self._steps.due(self._definition, "startup")
        if startup is None:
            return State.RUNNING
        main = self._main = await self._start(startup)
        in_time = await agenda.until(
            lambda: not agenda.is_to_run or agenda.reported is not None or main.process.exit_code is not None,
            startup.timeout_s,
        )
        if not in_time:
            return self._failed("startup timeout")
        if not agenda.is_to_run:
            return State.STOPPING
        if agenda.reported:
            return agenda.reported
        return self._failed("Non-zero exit code in startup") if main.process.exit_code else State.RUNNING

    def _end_of_run(self) -> int | None:
        # A startup script that has ended well has left the running to something else.
        code = self._main.process.exit_code if self._main else None
        return None if self._main and self._main.step.name == "startup" and code == 0 else code

    async def _shut_down(self) -> bool:
        default_s = DEFAULT_TIMEOUT_S["shutdown"]
        step = self._definition.phase("shutdown")
        if self.scripts.is_paused:
            self.scripts.resume()
        try:
            async with asyncio.timeout(step.timeout_s if step else default_s):
                await self._run_shutdown_script()
                await self.scripts.stop(self._timings.stop_grace_s)
        except TimeoutError:
            await self.scripts.stop(0)
            return False
        self._log.event("generic-service-shutdown")
        return True

    async def _run_shutdown_script(self) -> None:
        with contextlib.suppress(StepError):  # logged where it arose; the processes are ended all the same
            if step := self._steps.due(self._definition, "shutdown"):
                await (await self._start(step)).process.wait()

    async def _carry_out(
        self,
        name: str,
        success: frozenset[int] = _SUCCESS,
        *,
        further: Mapping[str, str] | None = None,
        even_when_closing: bool = False,
    ) -> bool:
        agenda = self._agenda

        def is_broken_off() -> bool:
            return agenda.is_closing and not even_when_closing

        try:
            step = self._steps.due(self._definition, name)
            if step is None or is_broken_off():
                return True
            process = (await self._start(step, further)).process
        except StepError:
            return False
        in_time = await agenda.until(lambda: process.exit_code is not None or is_broken_off(), step.timeout_s)
        if process.exit_code is None:
            await process.stop(self._timings.stop_grace_s)
        if not in_time:
            self._log.event("", f"Timeout in {name}", level="ERROR")
        return in_time and process.exit_code in success

    async def _start(self, step: Phase, further: Mapping[str, str] | None = None) -> _Main:
        process = await self._steps.start(self._definition, step, further)
        self.scripts.add(step.name, process)
        return _Main(step, process)

    def _script_ended(self, step_name: str, exit_code: int) -> None:
        self._log.event("", f"{step_name.capitalize()} script exited", about={"exitCode": exit_code})
        self._agenda.wake()

    def _failed(self, reason: str) -> State:
        if not self._agenda.is_closing:  # what is broken off has not failed
            self._log.event("service-errored", level="ERROR", reason=reason)
        return State.ERRORED
