"""Who may call what on which resource: deny by default, as the nucleus's AuthorizationHandler decides.

Compiles each component's accessControl once and remembers verdicts, because every message asks. Runs on the
core's event loop; nothing here is thread-safe.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable

from local_core.ipc.messages import NAMESPACE
from local_core.ipc.policies import (
    ANY_OPERATION,
    CLI,
    COMPONENT_METRIC,
    LIFECYCLE,
    MQTTPROXY,
    OPERATIONS,
    PUBSUB,
    SECRET_MANAGER,
    SHADOW_MANAGER,
    Policy,
    read_policies,
)
from local_core.ipc.resource_patterns import ResourceError, check_resource, matcher
from local_core.ipc.rpc import JsonObject, unauthorized

__all__ = [
    "CLI",
    "COMPONENT_METRIC",
    "LIFECYCLE",
    "MQTTPROXY",
    "PUBSUB",
    "SECRET_MANAGER",
    "SHADOW_MANAGER",
    "Authorizer",
]

_log = logging.getLogger(__name__)

MAX_VERDICTS = 10_000  # remembered at once; then all are forgotten and asked for again
MAX_REMEMBERED_RESOURCE_CHARACTERS = 512  # a longer one is decided anew each time: it is no IoT Core topic

_CLI_CLIENT_PREFIX = "greengrass-cli#"  # the names under which greengrass-cli itself connects (CLIService)
_METRIC_COMPONENT_PREFIX = "aws."  # ComponentMetricIPCEventStreamAgent refuses every other component


def _no_names() -> Iterable[str]:
    return ()


class Authorizer:
    """Decides by the policies in the components' configurations.

    Args:
        access_control: Component name -> the accessControl of its effective configuration, {} when none.
        component_names: Names of all components, to find policy ids that two of them use: the nucleus then
            drops every policy of that service. Without it no such clash is found.
    """

    def __init__(
        self,
        access_control: Callable[[str], JsonObject],
        component_names: Callable[[], Iterable[str]] = _no_names,
    ) -> None:
        self._access_control = access_control
        self._component_names = component_names
        self._verdicts: dict[tuple[str, str, str, str], bool] = {}
        self._granted: dict[tuple[str, str, str], re.Pattern[str]] = {}
        self._policies: dict[str, dict[str, list[Policy]]] = {}
        self._clashing_services: frozenset[str] | None = None

    def check(self, component: str, service: str, operation: str, resource: str) -> None:
        """Return when the call is allowed.

        Args:
            component: Who calls.
            service: One of this module's constants.
            operation: Without namespace, one that the service has.
            resource: What the call is about, e.g. the topic.

        Raises:
            RpcError: UnauthorizedError with the text of that service.
        """
        key = (component, service, operation, resource)
        allowed = self._verdicts.get(key)
        if allowed is None:
            allowed = self._decide(component, service, operation, resource)
            if len(resource) <= MAX_REMEMBERED_RESOURCE_CHARACTERS:
                if len(self._verdicts) >= MAX_VERDICTS:
                    self._verdicts.clear()
                self._verdicts[key] = allowed
        if not allowed:
            raise unauthorized(_text(service, _denial(component, service, operation, resource)))

    def forget(self, component: str | None = None) -> None:
        """The configuration of `component` (None: of any) has changed: read policies anew.

        As in the nucleus that means the policies of every component: an id of one can clash with another's.
        """
        _log.debug("accessControl of %s has changed: policies are read anew", component or "some components")
        self._verdicts.clear()
        self._granted.clear()
        self._policies.clear()
        self._clashing_services = None

    def _decide(self, component: str, service: str, operation: str, resource: str) -> bool:
        if operation not in OPERATIONS[service]:
            raise ValueError(f"{service} has no operation {operation}")
        if service == CLI and (component == CLI or component.startswith(_CLI_CLIENT_PREFIX)):
            return True
        if service == COMPONENT_METRIC and not component.startswith(_METRIC_COMPONENT_PREFIX):
            return False
        key = (component, service, operation)
        granted = self._granted.get(key)
        if granted is None:
            granted = self._granted[key] = self._compile(component, service, operation)
        allowed = bool(resource) and granted.fullmatch(resource) is not None
        if not allowed:
            _log.info("Not Authorized: %s", _denial(component, service, operation, resource))
        return allowed

    def _compile(self, component: str, service: str, operation: str) -> re.Pattern[str]:
        policies = self._policies_of(component).get(service, [])
        if policies and service in self._services_with_clashes():
            policies = []
        usable = [
            resource
            for policy in policies
            if operation in policy.operations or ANY_OPERATION in policy.operations
            for resource in policy.resources
            if _is_usable(resource, policy, component, service)
        ]
        return matcher(usable, mqtt=service == MQTTPROXY)

    def _policies_of(self, component: str) -> dict[str, list[Policy]]:
        if component not in self._policies:
            self._policies[component] = read_policies(self._access_control(component), component)
        return self._policies[component]

    def _services_with_clashes(self) -> frozenset[str]:
        if self._clashing_services is None:
            ids = Counter(
                (service, policy.policy_id)
                for component in set(self._component_names())
                for service, policies in self._policies_of(component).items()
                for policy in policies
            )
            clashes = [key for key, count in ids.items() if count > 1]
            for service, policy_id in clashes:
                _log.error(
                    'Component %s contains an invalid policy: Duplicate policy ID "%s". '
                    "All policies for it are dropped: give each component's policies ids of their own",
                    service,
                    policy_id,
                )
            self._clashing_services = frozenset(service for service, _ in clashes)
        return self._clashing_services


def _is_usable(resource: str, policy: Policy, component: str, service: str) -> bool:
    try:
        check_resource(resource)
    except ResourceError as error:
        _log.error(
            "Error while adding permission for component %s to IPC Service %s: policy %s, resource %r: %s",
            component,
            service,
            policy.policy_id,
            resource,
            error,
        )
        return False
    return True


def _denial(component: str, service: str, operation: str, resource: str) -> str:
    asked = f"{service}:{NAMESPACE}{operation}"
    return f"Principal {component} is not authorized to perform {asked} on resource {resource}"


def _text(service: str, denial: str) -> str:
    return "Not Authorized" if service == MQTTPROXY else denial  # MqttProxyIPCAgent tells its caller no more
