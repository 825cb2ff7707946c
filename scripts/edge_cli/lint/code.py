"""What a component's code calls that its recipe must provide for; read from the source, never imported."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_core.ipc.policies import MQTTPROXY, PUBSUB

CREDENTIALS = "aws.greengrass.TokenExchangeService"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One operation of one service, as accessControl names them; the operation without its namespace."""

    service: str
    operation: str


# Method of edge_common.ipc.IpcGateway -> what it asks the core for. Calls that need no grant are not here.
GATEWAY_GRANTS: Mapping[str, Grant] = {
    "publish_to_iot_core": Grant(MQTTPROXY, "PublishToIoTCore"),
    "publish_many_to_iot_core": Grant(MQTTPROXY, "PublishToIoTCore"),
    "subscribe_to_iot_core": Grant(MQTTPROXY, "SubscribeToIoTCore"),
    "publish_to_topic": Grant(PUBSUB, "PublishToTopic"),
    "subscribe_to_topic": Grant(PUBSUB, "SubscribeToTopic"),
}
# Class of edge_common -> the component that must run for it to work.
GATEWAY_DEPENDENCIES: Mapping[str, str] = {"S3Gateway": CREDENTIALS}


@dataclass(frozen=True, slots=True)
class Code:
    """What one component's code calls, each with the first place where it does, as `app.py:12`."""

    grants: Mapping[Grant, str]
    dependencies: Mapping[str, str]


def read_code(sources: Path) -> Code:
    """What the Python files below `sources` call."""
    grants: dict[Grant, str] = {}
    dependencies: dict[str, str] = {}
    for word, where in _names(sources):
        if word in GATEWAY_GRANTS:
            grants.setdefault(GATEWAY_GRANTS[word], where)
        if word in GATEWAY_DEPENDENCIES:
            dependencies.setdefault(GATEWAY_DEPENDENCIES[word], where)
    return Code(grants, dependencies)


def _names(sources: Path) -> Iterator[tuple[str, str]]:
    """Attributes that are read and names that are called, each with its place."""
    for path in sorted(sources.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if isinstance(node, ast.Attribute):
                yield node.attr, f"{path.name}:{node.lineno}"
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, f"{path.name}:{node.lineno}"
