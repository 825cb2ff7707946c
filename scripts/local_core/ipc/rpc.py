"""The vocabulary between the IPC server and the operations: calls, streams, modelled errors.

No sockets and no frames here: `server` turns frames into calls, `local_core.operations` answers them.
Everything runs on the core's one event loop; nothing here is thread-safe.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

JsonObject = dict[str, Any]

SERVICE = "aws.greengrass#GreengrassCoreIPC"


class RpcError(Exception):
    """A modelled error of the Greengrass IPC service: the answer to one call, not a fault of the core.

    Args:
        shape: The error's shape without namespace, e.g. `UnauthorizedError`.
        message: What the SDK shows as the exception's `message`.
        **fields: Further members of the shape, e.g. `resourceType` of ResourceNotFoundError.
    """

    def __init__(self, shape: str, message: str, **fields: str) -> None:
        super().__init__(f"{shape}: {message}")
        self.shape = shape
        self.message = message
        self.fields = fields

    def to_json(self) -> JsonObject:
        """Every spelling the nuclei use: Python's SDK reads `message`, Lite sends only the `_` keys."""
        return {
            "message": self.message,
            "_message": self.message,
            "_errorCode": self.shape,
            "_service": SERVICE,
            **self.fields,
        }


def service_error(message: str) -> RpcError:
    """The core or what stands behind it failed; the SDK calls it retryable."""
    return RpcError("ServiceError", message)


def invalid_arguments(message: str) -> RpcError:
    """The request breaks a rule of its operation."""
    return RpcError("InvalidArgumentsError", message)


def unauthorized(message: str) -> RpcError:
    """The caller's recipe does not grant it."""
    return RpcError("UnauthorizedError", message)


def not_found(message: str, resource_type: str = "", resource_name: str = "") -> RpcError:
    """What the request names does not exist."""
    return RpcError("ResourceNotFoundError", message, resourceType=resource_type, resourceName=resource_name)


class Stream(Protocol):
    """The server's end of one call's event stream.

    Events sent before the call's response is written are dropped: the SDK would take the first message for
    the response. Events sent after either side has closed the stream are dropped too.
    """

    def send(self, shape: str, event: JsonObject) -> None:
        """Queue one event; `shape` without namespace, e.g. `IoTCoreMessage`."""

    def close(self) -> None:
        """End the stream from the server's side (the client's on_stream_closed)."""

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when the stream ends, whoever ended it, also when the connection is lost."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of one component.

    Attributes:
        component: Name of the calling component: the owner of the token that CONNECT carried.
        operation: Operation without namespace, e.g. `PublishToTopic`.
        request: The decoded JSON request; absent keys are absent, a null counts as absent.
        stream: The call's stream; only streaming operations send on it.
    """

    component: str
    operation: str
    request: JsonObject
    stream: Stream


Handler = Callable[[Call], JsonObject | Awaitable[JsonObject]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as a module of `local_core.operations` offers it.

    Attributes:
        name: Without namespace, e.g. `SubscribeToTopic`.
        handler: Answers one call: returns the response's JSON (or an awaitable of it), or raises RpcError.
            A plain function is answered within the same loop step; that is the fast path.
        streaming: True when the response opens a stream of events; False ends the stream with the response.
    """

    name: str
    handler: Handler
    streaming: bool = False
