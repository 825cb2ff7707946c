"""GetComponentDetails, ListComponents, RestartComponent, StopComponent: greengrass-cli's `component` words.

Source: CLIEventStreamAgent of aws-greengrass-cli. Allowed for the command itself, for others by a policy of
the service aws.greengrass.Cli. On the core's event loop.
"""

from local_core.ipc.authorization import CLI, Authorizer
from local_core.ipc.rpc import Call, JsonObject, Operation, invalid_arguments, not_found
from local_core.model.configuration import ConfigurationStore
from local_core.runtime.component import Component
from local_core.runtime.states import State
from local_core.runtime.supervisor import ComponentStatus, Supervisor

_ANYTHING = "*"  # AuthorizationHandler.ANY_REGEX: the resource of calls that are about no single component
_SUCCEEDED, _FAILED = "SUCCEEDED", "FAILED"


class ComponentOperations:
    """What the command asks of components.

    Args:
        supervisor: The components.
        store: Their configurations.
        authorizer: Who may ask.
    """

    def __init__(self, supervisor: Supervisor, store: ConfigurationStore, authorizer: Authorizer) -> None:
        self._supervisor = supervisor
        self._store = store
        self._authorizer = authorizer

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [
            Operation("GetComponentDetails", self._get_details),
            Operation("ListComponents", self._list),
            Operation("RestartComponent", self._restart),
            Operation("StopComponent", self._stop),
        ]

    def _get_details(self, call: Call) -> JsonObject:
        name = self._named(call)
        status = next((each for each in self._supervisor.status() if each.name == name), None)
        if status is None:
            raise _unknown(name)
        return {"componentDetails": self._details(status)}

    def _list(self, call: Call) -> JsonObject:
        self._authorizer.check(call.component, CLI, call.operation, _ANYTHING)
        return {"components": [self._details(status) for status in self._supervisor.status()]}

    def _restart(self, call: Call) -> JsonObject:
        component = self._component(call)
        if component is None:
            return {"restartStatus": _FAILED, "message": "It is part of the core and has no process"}
        if component.state is State.BROKEN:
            return {"restartStatus": _FAILED, "message": "It is BROKEN. Deployment is needed"}
        if not component.restart():
            return {"restartStatus": _FAILED, "message": "It has not been started yet"}
        return {"restartStatus": _SUCCEEDED}

    def _stop(self, call: Call) -> JsonObject:
        component = self._component(call)
        if component is None:
            return {"stopStatus": _FAILED, "message": "It is part of the core and has no process"}
        component.stop()
        return {"stopStatus": _SUCCEEDED}

    def _named(self, call: Call) -> str:
        name = call.request.get("componentName")
        if not isinstance(name, str) or not name:
            raise invalid_arguments("Component name cannot be empty")
        self._authorizer.check(call.component, CLI, call.operation, name)
        return name

    def _component(self, call: Call) -> Component | None:
        name = self._named(call)
        if name in self._supervisor.built_ins:
            return None
        component = self._supervisor.components.get(name)
        if component is None:
            raise _unknown(name)
        return component

    def _details(self, status: ComponentStatus) -> JsonObject:
        details: JsonObject = {
            "componentName": status.name,
            "version": status.version,
            "state": status.state,
        }
        if status.name in self._store.component_names():
            details["configuration"] = self._store.get(status.name)
        return details


def _unknown(name: str) -> Exception:
    return not_found(f"Component with name {name} not found in Greengrass", "Component", name)
