"""What a component's accessControl says: policies by service, read as the classic nucleus reads them.

    accessControl: {<service>: {<policy id>: {policyDescription, operations: [...], resources: [...]}}}

What the nucleus drops is dropped here too, and logged as an error with the nucleus's words; a fault that the
nucleus would log must not end the core. Sources: AuthorizationPolicyParser, AuthorizationHandler.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from local_core.ipc.messages import NAMESPACE

_log = logging.getLogger(__name__)

PUBSUB = "aws.greengrass.ipc.pubsub"
MQTTPROXY = "aws.greengrass.ipc.mqttproxy"
SECRET_MANAGER = "aws.greengrass.SecretManager"  # noqa: S105  the name of a service
SHADOW_MANAGER = "aws.greengrass.ShadowManager"
LIFECYCLE = "aws.greengrass.ipc.lifecycle"
CLI = "aws.greengrass.Cli"
COMPONENT_METRIC = "aws.greengrass.ipc.componentmetric"
CLIENT_DEVICES = "aws.greengrass.clientdevices.Auth"

ANY_OPERATION = "*"

# What each service registers with the nucleus's AuthorizationHandler.
OPERATIONS: Mapping[str, frozenset[str]] = {
    PUBSUB: frozenset({"PublishToTopic", "SubscribeToTopic"}),
    MQTTPROXY: frozenset({"PublishToIoTCore", "SubscribeToIoTCore"}),
    SECRET_MANAGER: frozenset({"GetSecretValue"}),
    SHADOW_MANAGER: frozenset(
        {"GetThingShadow", "UpdateThingShadow", "DeleteThingShadow", "ListNamedShadowsForThing"}
    ),
    LIFECYCLE: frozenset({"PauseComponent", "ResumeComponent"}),
    COMPONENT_METRIC: frozenset({"PutComponentMetric"}),
    CLI: frozenset(
        {
            "CancelLocalDeployment",
            "CreateDebugPassword",
            "CreateLocalDeployment",
            "GetComponentDetails",
            "GetLocalDeploymentStatus",
            "ListComponents",
            "ListLocalDeployments",
            "RestartComponent",
            "StopComponent",
        }
    ),
    CLIENT_DEVICES: frozenset(
        {
            "AuthorizeClientDeviceAction",
            "GetClientDeviceAuthToken",
            "SubscribeToCertificateUpdates",
            "VerifyClientDeviceIdentity",
        }
    ),
}

_POLICY_KEYS = {"policydescription", "operations", "resources"}


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of one component for one service.

    Attributes:
        policy_id: Must be unique over all components of a core.
        operations: As written, with namespace; from `read_policies` only registered ones, without namespace.
        resources: As written, not checked yet.
    """

    policy_id: str
    operations: tuple[str, ...]
    resources: tuple[str, ...]


class PolicyError(ValueError):
    """An accessControl that is not of the form above: the nucleus drops all of the component's policies."""


def read_policies(access_control: Any, component: str) -> dict[str, list[Policy]]:
    """The policies of `component` by service, without what the nucleus drops.

    Args:
        access_control: The value of its `accessControl`: a mapping, or the JSON text of one.
        component: Whose it is, for the log.
    """
    try:
        written = _deserialize(access_control)
    except PolicyError as error:
        _log.error("Unable to deserialize access control map of %s, it grants nothing: %s", component, error)
        return {}
    usable = {}
    for service, policies in written.items():
        if service not in OPERATIONS:
            _log.error("Component %s is invalid or not registered with the AuthorizationHandler", service)
        elif "" in (policy.policy_id for policy in policies):
            _log.error(
                "Component %s contains an invalid policy: %s has one with an empty id", service, component
            )
        else:
            usable[service] = [
                _with_registered_operations(policy, service)
                for policy in policies
                if _has_operations(policy, service)
            ]
    return usable


def _has_operations(policy: Policy, service: str) -> bool:
    if not policy.operations:
        _log.error("Policy operations are missing or invalid: policy %s for %s", policy.policy_id, service)
    return bool(policy.operations)


def _with_registered_operations(policy: Policy, service: str) -> Policy:
    registered = {NAMESPACE + operation for operation in OPERATIONS[service]} | {ANY_OPERATION}
    unregistered = [operation for operation in policy.operations if operation not in registered]
    if unregistered:
        _log.error(
            "Component %s contains an invalid operation in policy %s: %s",
            service,
            policy.policy_id,
            ", ".join(unregistered),
        )
    return replace(
        policy,
        operations=tuple(
            operation.removeprefix(NAMESPACE) for operation in policy.operations if operation in registered
        ),
    )


def _deserialize(access_control: Any) -> dict[str, list[Policy]]:
    if isinstance(access_control, str):
        try:
            access_control = orjson.loads(access_control)
        except orjson.JSONDecodeError as error:
            raise PolicyError(f"accessControl is text that is no JSON: {error}") from error
    return {
        service: [
            _policy(service, policy_id, body) for policy_id, body in _mapping(policies, service).items()
        ]
        for service, policies in _mapping(access_control, "accessControl").items()
    }


def _policy(service: str, policy_id: str, body: Any) -> Policy:
    where = f"{service}/{policy_id}"
    fields = {
        str(key).lower(): value for key, value in _mapping(body, where).items()
    }  # any case, as the nucleus
    unknown = fields.keys() - _POLICY_KEYS
    if unknown:
        raise PolicyError(f"{where}: unknown key {', '.join(sorted(unknown))}")
    if not isinstance(fields.get("policydescription", ""), str):
        raise PolicyError(f"{where}: policyDescription is no text")
    return Policy(
        policy_id,
        operations=_texts(fields.get("operations", []), f"{where}/operations"),
        resources=_texts(fields.get("resources", []), f"{where}/resources"),
    )


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError(f"{where} is no mapping")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str | int | float) for entry in value):
        raise PolicyError(f"{where} is no list of texts")
    return tuple(entry if isinstance(entry, str) else orjson.dumps(entry).decode() for entry in value)
