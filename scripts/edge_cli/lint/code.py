"""What a component's code calls that its recipe must provide for; read from the source, never imported."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_core.ipc.policies import MQTTPROXY, OPERATIONS, PUBSUB, SECRET_MANAGER, SHADOW_MANAGER

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
    "subscribe_to_topic": Grant(PUBSUB, "SubscribeToTopic"),
}
_SDK = "awsiot"  # has two clients: `get_secret_value` and `get_secret_value_async`, `new_get_secret_value`
_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Class of edge_common -> the component that must run for it to work.
GATEWAY_DEPENDENCIES: Mapping[str, str] = {"S3Gateway": CREDENTIALS}
# Services that are components of their own: without them nobody answers.
_SERVICE_COMPONENTS = (SECRET_MANAGER, SHADOW_MANAGER)
_AWS_SDKS = ("boto3", "botocore", "aioboto3", "aiobotocore")
_MAKES_A_CLIENT = frozenset({"client", "resource", "Session", "get_session", "create_client"})


def _sdk_words() -> dict[str, Grant]:
    words = {}
    for service, operations in OPERATIONS.items():
        for operation in operations:
            snake = _SNAKE.sub("_", operation.replace("IoT", "Iot")).lower()
            for word in (snake, f"{snake}_async", f"new_{snake}"):
                words[word] = Grant(service, operation)
    return words


# Method of an SDK's own client -> what it asks the core for.
SDK_GRANTS: Mapping[str, Grant] = _sdk_words()


@dataclass(frozen=True, slots=True)
class Code:
    """What one component's code calls, each with the first place where it does, as `app.py:12`.

    Attributes:
        grants: What it asks the core for.
        possible_grants: What it may ask for besides: calls of that name, which may be of something else.
        dependencies: The components that must run for it.
    """

    grants: Mapping[Grant, str]
    possible_grants: frozenset[Grant]
    dependencies: Mapping[str, str]


def read_code(sources: Path) -> Code:
    """What the Python files below `sources` call.

    Raises:
        SyntaxError: One of them is not Python; it has the file's name.
    """
    grants: dict[Grant, str] = {}
    possible: set[Grant] = set()
    dependencies: dict[str, str] = {}
    for path in sorted(sources.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        imported = dict(_imported(tree))
        has_sdk = any(module.split(".")[0] == _SDK for module in imported.values())
        for word, line in _words(tree):
            where = f"{path.name}:{line}"
            if (grant := GATEWAY_GRANTS.get(word)) or (has_sdk and (grant := SDK_GRANTS.get(word))):
                grants.setdefault(grant, where)
                if grant.service in _SERVICE_COMPONENTS:
                    dependencies.setdefault(grant.service, where)
            elif grant := SDK_GRANTS.get(word):
                possible.add(grant)
            if needed := GATEWAY_DEPENDENCIES.get(word):
                dependencies.setdefault(needed, where)
        for line in _aws_clients(tree, imported):
            dependencies.setdefault(CREDENTIALS, f"{path.name}:{line}")
    return Code(grants, frozenset(possible), dependencies)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name -> the module that it is, or is from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, node.module or "") for alias in node.names)


def _words(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Attributes that are read, by name or by `getattr`, and names that are called, each with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.lineno
            if node.func.id == "getattr" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                yield str(node.args[1].value), node.lineno


def _aws_clients(tree: ast.Module, imported: Mapping[str, str]) -> Iterator[int]:
    """The lines in which a client of AWS is made without our gateway: those look for credentials."""
    of_aws = {name for name, module in imported.items() if module.split(".")[0] in _AWS_SDKS}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _MAKES_A_CLIENT:
            holder: ast.expr = function.value
            while isinstance(holder, ast.Attribute):
                holder = holder.value
            if isinstance(holder, ast.Name) and holder.id in of_aws:
                yield node.lineno
        elif isinstance(function, ast.Name) and function.id in of_aws & _MAKES_A_CLIENT:
            yield node.lineno
