"""Which operations a core answers: every family, and what Greengrass Lite leaves out."""

from dataclasses import dataclass
from pathlib import Path

from local_core.deployments.queue import Deployments
from local_core.ipc.authorization import Authorizer
from local_core.ipc.routes import unsupported
from local_core.ipc.rpc import Handler, Operation
from local_core.ipc.tokens import Tokens
from local_core.model.configuration import ConfigurationStore
from local_core.model.shadow_store import ShadowStore
from local_core.operations.authorization_tokens import AuthorizationTokens
from local_core.operations.component_updates import ComponentUpdates
from local_core.operations.components import ComponentOperations
from local_core.operations.configuration import ConfigurationOperations
from local_core.operations.deployments import DeploymentOperations
from local_core.operations.iot_core import IotCore
from local_core.operations.lifecycle import LifecycleOperations
from local_core.operations.pubsub import PubSub
from local_core.operations.secret_values import SecretOperations
from local_core.operations.shadows import ShadowOperations
from local_core.runtime.builtin import CLI
from local_core.runtime.supervisor import Supervisor
from local_core.settings import Flavor

# What Greengrass Lite 2.6.0 answers to components, seen by running it; anything else is ServiceError there.
LITE_OPERATIONS = frozenset(
    {
        "PublishToTopic",
        "SubscribeToTopic",
        "PublishToIoTCore",
        "SubscribeToIoTCore",
        "GetConfiguration",
        "UpdateConfiguration",
        "SubscribeToConfigurationUpdate",
        "UpdateState",
        "CreateLocalDeployment",
        "RestartComponent",
        "ValidateAuthorizationToken",
    }
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the operations stand on."""

    authorizer: Authorizer
    deployments: Deployments
    iot_core: IotCore
    pubsub: PubSub
    secrets_file: Path
    shadows_folder: Path
    store: ConfigurationStore
    supervisor: Supervisor
    tokens: Tokens
    updates: ComponentUpdates


def offered_operations(parts: Parts, flavor: Flavor) -> list[Operation]:
    """Every operation that the core answers.

    The laptop's command may use them all on Lite too, where the device has a command of its own.
    """
    families = (
        parts.pubsub,
        parts.iot_core,
        ConfigurationOperations(parts.store),
        LifecycleOperations(parts.supervisor, parts.authorizer),
        parts.updates,
        ComponentOperations(parts.supervisor, parts.store, parts.authorizer),
        DeploymentOperations(parts.deployments, parts.authorizer),
        ShadowOperations(ShadowStore(parts.shadows_folder), parts.authorizer),
        SecretOperations(parts.secrets_file, parts.authorizer),
        AuthorizationTokens(parts.tokens),
    )
    operations = [operation for family in families for operation in family.operations()]
    if flavor is Flavor.CLASSIC:
        return operations
    return [
        operation
        if operation.name in LITE_OPERATIONS
        else Operation(operation.name, _for_the_command_only(operation.handler), operation.streaming)
        for operation in operations
    ]


def _for_the_command_only(handler: Handler) -> Handler:
    return lambda call: handler(call) if call.component == CLI else unsupported(call)
