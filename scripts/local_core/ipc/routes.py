"""Which handler answers which operation, and which operations a real core would know."""

from collections.abc import Iterable
from dataclasses import dataclass

from local_core.ipc.messages import NAMESPACE, TERMINATE_STREAM, MessageType, Template
from local_core.ipc.rpc import Call, JsonObject, Operation, service_error

# Every operation of the SDK's model (awsiot.greengrasscoreipc.model, awsiotsdk 1.31).
KNOWN_OPERATIONS = frozenset(
    {
        "AuthorizeClientDeviceAction",
        "CancelLocalDeployment",
        "CreateDebugPassword",
        "CreateLocalDeployment",
        "DeferComponentUpdate",
        "DeleteThingShadow",
        "GetClientDeviceAuthToken",
        "GetComponentDetails",
        "GetConfiguration",
        "GetLocalDeploymentStatus",
        "GetSecretValue",
        "GetThingShadow",
        "ListComponents",
        "ListLocalDeployments",
        "ListNamedShadowsForThing",
        "PauseComponent",
        "PublishToIoTCore",
        "PublishToTopic",
        "PutComponentMetric",
        "RestartComponent",
        "ResumeComponent",
        "SendConfigurationValidityReport",
        "StopComponent",
        "SubscribeToCertificateUpdates",
        "SubscribeToComponentUpdates",
        "SubscribeToConfigurationUpdate",
        "SubscribeToIoTCore",
        "SubscribeToIoTCoreConnectionStatus",
        "SubscribeToTopic",
        "SubscribeToValidateConfigurationUpdates",
        "UpdateConfiguration",
        "UpdateState",
        "UpdateThingShadow",
        "ValidateAuthorizationToken",
        "VerifyClientDeviceIdentity",
    }
)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation and the two frames that can answer it.

    Attributes:
        operation: Who answers.
        response: The response that leaves a streaming operation's stream open.
        last_response: The response that ends its stream.
    """

    operation: Operation
    response: Template
    last_response: Template


class Routes:
    """The table of operations of one server.

    Args:
        operations: What this core can do; the other operations of the SDK answer ServiceError, as the nucleus
            answers for what it has no handler for (GreengrassCoreIPCService).
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        offered = {operation.name: operation for operation in operations}
        missing = {name: Operation(name, unsupported) for name in KNOWN_OPERATIONS - offered.keys()}
        self._routes = {
            NAMESPACE + name: _route(operation) for name, operation in (offered | missing).items()
        }

    def find(self, operation_header: str) -> Route | None:
        """The route of an `operation` header with its namespace; None for what no core knows."""
        return self._routes.get(operation_header)


def _route(operation: Operation) -> Route:
    shape = f"{operation.name}Response"
    kind = MessageType.APPLICATION_MESSAGE
    return Route(operation, Template(kind, 0, shape), Template(kind, TERMINATE_STREAM, shape))


def unsupported(call: Call) -> JsonObject:
    """Answer as a core does that knows the operation and does not have it."""
    raise service_error(f"Operation {NAMESPACE}{call.operation} is not supported by Greengrass")
