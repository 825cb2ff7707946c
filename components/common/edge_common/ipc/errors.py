"""The SDK's exceptions translated into the tree of `edge_common.errors`, with what to do about them.

Pure functions; any thread.
"""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from awscrt.exceptions import AwsCrtError
from awsiot import eventstreamrpc
from awsiot.greengrasscoreipc import model

from edge_common.errors import EdgeError, PermanentError, TransientError

CONNECT = "CONNECT"  # what opening a connection asks of the core
_CLOSED = "the core closed the connection before it answered, and may have acted on it. Try again."
# Names of the services as an accessControl section spells them; operations that are not here need no grant.
_SERVICE_OF = {
    "PublishToIoTCore": "aws.greengrass.ipc.mqttproxy",
    "SubscribeToIoTCore": "aws.greengrass.ipc.mqttproxy",
    "SubscribeToTopic": "aws.greengrass.ipc.pubsub",
}
# What the native layer raises as RuntimeError or AwsCrtError, by the name in its text.
_NATIVE_TEXTS = {
    "AWS_ERROR_FILE_INVALID_PATH": "there is no socket at this path. Is the core running?",
    "AWS_IO_SOCKET_CONNECTION_REFUSED": "nobody listens on this socket. Is the core running?",
    "AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED": _CLOSED,
    "AWS_ERROR_EVENT_STREAM_RPC_STREAM_CLOSED": _CLOSED,
}
# Greengrass Lite hangs up on a CONNECT with a token it does not know (client_ready in its
# modules/ggipcd/src/ipc_server.c); the classic nucleus answers without the flag of acceptance.
_HUNG_UP = "AWS_IO_SOCKET_CLOSED"
_REFUSED = (
    "the core refused the token of this process (SVCUID). It was probably restarted, "
    "and only a process that it starts now gets a valid one."
)
# aws-c-event-stream refuses frames above its own limits (24 MiB of payload) before anything is sent.
_TOO_LARGE = "AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED"


class GatewayFailedError(EdgeError):
    """IPC is lost for good in this process: end it with a non-zero exit code.

    Neither transient (the token of this process is used up) nor permanent (the messages are not at fault and
    must stay in the spool): the core starts the component again, with a new token.
    """


class NoAnswerError(TransientError):
    """The deadline passed without an answer: whether the core acted on the request is unknown."""


class NotSentError(TransientError):
    """Nothing was sent, for the connection was lost before: the same request may go to the next one."""


class TokenRefusedError(TransientError):
    """The core does not know the token of this process, or not yet; stays inside this package."""


class NotGrantedError(PermanentError):
    """The recipe's accessControl does not allow it; a deployment must change it.

    Attributes:
        service: Key below `accessControl`, e.g. `aws.greengrass.ipc.mqttproxy`; empty when the operation
            needs no such grant.
        operation: E.g. `PublishToIoTCore`.
        resource: The topic or filter that was asked for.
    """

    def __init__(self, reason: str, asked: "Asked") -> None:
        super().__init__(reason, code="not_granted")
        self.service = asked.service
        self.operation = asked.operation
        self.resource = asked.resource


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asked of the core, for the text of its error.

    Attributes:
        operation: E.g. `PublishToIoTCore`.
        resource: Topic, filter, or configuration key path.
    """

    operation: str
    resource: str = ""

    @property
    def service(self) -> str:
        """Key below `accessControl`; empty for an operation that needs no grant."""
        return _SERVICE_OF.get(self.operation, "")

    def __str__(self) -> str:
        return f'{self.operation} "{self.resource}"' if self.resource else self.operation


def no_answer(asked: Asked, timeout_s: float, *, stopping: bool) -> NoAnswerError:
    """The error for a call whose deadline passed, or came closer because the component is told to stop."""
    if stopping:
        return NoAnswerError(
            f"{asked}: the component is told to stop before the core has answered. It may have acted on it."
        )
    return NoAnswerError(
        f"{asked}: the core did not answer within {timeout_s:.3g} s. It may have acted on the request; "
        "the connection is being replaced. Try again."
    )


def failure_of(future: "Future[Any]") -> BaseException | None:
    """What a future of the SDK, done already, failed with; None when it did not.

    The SDK's exception holds its operation by the traceback, and the operation holds the exception: without
    the traceback nothing of a failed call waits for the garbage collector.
    """
    error = future.exception()
    return None if error is None else error.with_traceback(None)


def translate(error: BaseException, asked: Asked) -> EdgeError:
    """One of ours for one of the SDK's.

    Modelled errors are transient or permanent as the SDK's own model says (`is_retryable`: ServiceError and
    InvalidTokenError); a lost connection is transient; a request that cannot be put on the wire is permanent.
    """
    match error:
        case EdgeError():
            return error
        case model.UnauthorizedError():
            return _not_granted(error, asked)
        case model.GreengrassCoreIPCError():
            return _modelled(error, asked)
        case eventstreamrpc.SerializeError():
            return PermanentError(f"{asked}: the request is not JSON: {error}.", code="not_json")
        case RuntimeError() | AwsCrtError() if _TOO_LARGE in str(error):
            return PermanentError(f"{asked}: the message is too large for IPC. Send less.", code="too_large")
        case _:
            return _unmodelled(error, asked)


def _not_granted(error: Any, asked: Asked) -> NotGrantedError:
    grant = (
        f'add "aws.greengrass#{asked.operation}" on "{asked.resource}" to {asked.service} '
        "below accessControl in the recipe, and deploy with reset /accessControl: "
        "a core keeps the grants of the version before"
        if asked.service
        else "the core lets only certain components do this"
    )
    return NotGrantedError(f"{asked} is not granted to this component ({_text(error)}): {grant}.", asked)


def _modelled(error: Any, asked: Asked) -> EdgeError:
    shape = type(error).__name__
    if error.is_retryable():
        return TransientError(f"{asked}: the core could not do it now ({shape}: {_text(error)}). Try again.")
    return PermanentError(
        f"{asked}: the core refused the request ({shape}: {_text(error)}). Trying again cannot help.",
        code=shape,
    )


def _unmodelled(error: BaseException, asked: Asked) -> TransientError:
    hung_up = isinstance(error, AwsCrtError) and error.name == _HUNG_UP and asked.operation == CONNECT
    if hung_up or isinstance(error, eventstreamrpc.AccessDeniedError):
        return TokenRefusedError(f"{asked}: {_REFUSED}")
    return TransientError(f"{asked}: {_lost(error)}")


def _lost(error: BaseException) -> str:
    match error:
        case eventstreamrpc.StreamClosedError() | eventstreamrpc.ConnectionClosedError():
            return _CLOSED
        case _:
            known = (text for name, text in _NATIVE_TEXTS.items() if name in str(error))
            return next(known, f"{type(error).__name__}: {error} Try again.")


def _text(error: Any) -> str:
    # Greengrass Lite fills other members than `message`, which the Python SDK does not read.
    return str(error.message or "no text")
