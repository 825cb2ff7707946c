"""Carries out a component's lifecycle steps: Skipif, working folder, environment, process, log.

Knows nothing of states: `state_actions` decides which step is due. Runs on the core's event loop.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from local_core.model.recipe_model import Phase, SkipCondition
from local_core.processes.children import Children
from local_core.runtime.component_log import ComponentLog
from local_core.runtime.definition import Definition
from local_core.runtime.process import ScriptProcess, start_script
from local_core.settings import Flavor

# ggl: `shutdown`, `recover` and `Skipif` are not supported.
_UNKNOWN_TO_LITE = frozenset({"shutdown", "recover"})

_LOGGED_COMMAND_CHARACTERS = 90  # Exec.toString


class StepError(Exception):
    """A step cannot even be started; the text says why. The component is in error by it, not the core."""


class Steps:
    """The steps of one component.

    Args:
        work: Its working folder, made for its user alone when it is not there.
        children: Starts its processes.
        log: Its log.
        environment: Makes the environment of a process; given the Setenv of the step.
        flavor: Lite has fewer steps.

    Attributes:
        log: The same, for whoever decides about steps.
    """

    def __init__(
        self,
        work: Path,
        children: Children,
        log: ComponentLog,
        environment: Callable[[Mapping[str, str]], dict[str, str]],
        flavor: Flavor,
    ) -> None:
        self.log = log
        self._work = work
        self._children = children
        self._environment = environment
        self._flavor = flavor

    def due(self, definition: Definition, name: str) -> Phase | None:
        """The step of that name if it is to be carried out; None when there is none, or Skipif holds.

        Raises:
            StepError: The Skipif cannot be read.
        """
        step = definition.phase(name)
        if step is None or (self._flavor is Flavor.LITE and name in _UNKNOWN_TO_LITE):
            return None
        return None if self._is_skipped(definition, step) else step

    async def start(
        self, definition: Definition, step: Phase, further: Mapping[str, str] | None = None
    ) -> ScriptProcess:
        """Start the step's script.

        Args:
            definition: What the step belongs to.
            step: The step, interpolated.
            further: Environment on top of everything else; None for none.

        Raises:
            StepError: The process could not be started.
        """
        script_name = f"services.{definition.name}.lifecycle.{step.name}.script"
        about = {"scriptName": script_name}
        # The script as the recipe has it: after interpolation it may hold values that belong in no log.
        written = definition.written.phases.get(step.name, step).script[:_LOGGED_COMMAND_CHARACTERS]
        command = f'["{written}"]'
        if step.requires_privilege:
            self.log.event(
                "", "RequiresPrivilege: a device runs this step as root, this core as its own user"
            )
        self.log.event("shell-runner-start", about=about, command=command)
        environment = self._environment_of(definition, step) | dict(further or {})
        try:
            for folder in (self._work, Path(environment["HOME"])):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return await start_script(
                self._children,
                step.script,
                cwd=self._work,
                env=environment,
                on_output=lambda stream, lines: self.log.output(stream, script_name, lines),
            )
        except (OSError, ValueError) as error:  # ValueError: a null byte in a value or in the script
            self.log.event("shell-runner-error", str(error), level="ERROR", about=about, command=command)
            raise StepError(f"{step.name} of {definition.name} could not be started: {error}") from error

    def _is_skipped(self, definition: Definition, step: Phase) -> bool:
        if step.skip_if is None or self._flavor is Flavor.LITE:
            return False
        try:
            condition = SkipCondition.parse(step.skip_if)
        except ValueError as error:
            raise StepError(f"Skipif of {step.name}: {error}") from error
        environment = self._environment_of(definition, step)
        if condition.check == "onpath":
            holds = shutil.which(condition.argument, path=environment["PATH"]) is not None
        else:
            holds = _in_work_folder(condition.argument, self._work, environment["HOME"]).exists()
        return holds is not condition.negated

    def _environment_of(self, definition: Definition, step: Phase) -> dict[str, str]:
        return self._environment({**definition.lifecycle.setenv, **step.setenv})


def _in_work_folder(path: str, work: Path, home: str) -> Path:
    return work / (f"{home}{path[1:]}" if path == "~" or path.startswith("~/") else path)
