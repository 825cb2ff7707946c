"""UpdateState, PauseComponent, ResumeComponent (LifecycleIPCEventStreamAgent). On the core's event loop."""

from local_core.ipc.authorization import LIFECYCLE, Authorizer
from local_core.ipc.rpc import Call, JsonObject, Operation, invalid_arguments, not_found
from local_core.runtime.component import Component
from local_core.runtime.states import State
from local_core.runtime.supervisor import Supervisor

_REPORTABLE = {State.RUNNING.value: State.RUNNING, State.ERRORED.value: State.ERRORED}


class LifecycleOperations:
    """What components say of themselves, and do to each other's processes.

    Args:
        supervisor: The components.
        authorizer: Pausing and resuming need a policy; UpdateState needs none.
    """

    def __init__(self, supervisor: Supervisor, authorizer: Authorizer) -> None:
        self._supervisor = supervisor
        self._authorizer = authorizer

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [
            Operation("UpdateState", self._update_state),
            Operation("PauseComponent", self._pause),
            Operation("ResumeComponent", self._resume),
        ]

    def _update_state(self, call: Call) -> JsonObject:
        component = self._supervisor.components.get(call.component)
        if component is None:
            raise not_found("Component with given name not found", "Component", call.component)
        state = _REPORTABLE.get(str(call.request.get("state")))
        if state is None:
            raise invalid_arguments(f"state must be one of {', '.join(_REPORTABLE)}")
        component.report(state)
        return {}

    def _pause(self, call: Call) -> JsonObject:
        component = self._target(call, "Only generic components can be paused.")
        if component.state is not State.RUNNING:
            raise invalid_arguments(f"Component {component.name} is not running")
        component.pause()
        return {}

    def _resume(self, call: Call) -> JsonObject:
        component = self._target(call, "Only generic components can be resumed.")
        if not component.is_paused:
            raise invalid_arguments(f"Component {component.name} is not paused")
        component.resume()
        return {}

    def _target(self, call: Call, only_generic: str) -> Component:
        name = call.request.get("componentName")
        if not isinstance(name, str) or not name:
            raise invalid_arguments("Component name is required.")
        self._authorizer.check(call.component, LIFECYCLE, call.operation, name)
        if name in self._supervisor.built_ins:
            raise invalid_arguments(only_generic)
        component = self._supervisor.components.get(name)
        if component is None:
            raise not_found(f"Component with name {name} not found in Greengrass", "Component", name)
        return component
