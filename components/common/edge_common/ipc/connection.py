"""One connection of the SDK to the core: opened once, lost once, never used again.

The SDK never reconnects and its calls wait for ever; here every wait has a deadline. `on_lost` is called once
on the SDK's I/O thread, which must not wait for anything.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from awscrt.io import ClientBootstrap, DefaultHostResolver, EventLoopGroup, SocketDomain, SocketOptions
from awsiot.eventstreamrpc import Connection as SdkConnection
from awsiot.eventstreamrpc import MessageAmendment
from awsiot.greengrasscoreipc import model
from awsiot.greengrasscoreipc.client import GreengrassCoreIPCClient

from edge_common.errors import EdgeError, TransientError
from edge_common.ipc.address import CoreAddress
from edge_common.ipc.call import Call, Outcome
from edge_common.ipc.errors import CONNECT, Asked, NotSentError, failure_of, translate
from edge_common.ipc.timing import Deadline, DeadlineExceededError

# The SDK logs each failed attempt on stderr, a warning in a component's log; ours says it once, in one line.
logging.getLogger("awsiot").setLevel(logging.CRITICAL)

# The operation's constructor in the SDK's client.
_NEW = {
    "PublishToIoTCore": "new_publish_to_iot_core",
    "SubscribeToIoTCore": "new_subscribe_to_iot_core",
    "SubscribeToTopic": "new_subscribe_to_topic",
    "GetConfiguration": "new_get_configuration",  # of `probe`
}


class Transport:
    """The SDK's native I/O thread, one for all connections of this process: `Transport.of_process()`.

    It is never given back. awscrt crashes the process natively when the last reference to a ClientBootstrap
    goes just as an exception unwinds the stack, and nobody can say which reference will be the last: a
    traceback holds frames, and frames hold connections. One thread that stays is the smaller price.
    """

    _of_process: "Transport | None" = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        group = EventLoopGroup(num_threads=1)
        self.bootstrap = ClientBootstrap(group, DefaultHostResolver(group))
        self.socket_options = SocketOptions()
        self.socket_options.domain = SocketDomain.Local

    @classmethod
    def of_process(cls) -> "Transport":
        """The one of this process, made when it is first asked for; any thread."""
        with cls._lock:
            if cls._of_process is None:
                cls._of_process = cls()
            return cls._of_process


class Connection:
    """One attempt to talk to the core; `open` it, `close` it in any case.

    Args:
        transport: The process's.
        address: The core's socket, and the token to show there.
        on_lost: Called once with the reason when an opened connection ends without `close` (I/O thread).
    """

    def __init__(
        self,
        transport: Transport,
        address: CoreAddress,
        on_lost: "Callable[[Connection, str], None]",
    ) -> None:
        self._socket_path = address.socket_path
        self._on_lost = on_lost
        self._closing = threading.Event()
        self._sdk = SdkConnection(
            host_name=address.socket_path,
            port=0,  # not used for Unix sockets
            bootstrap=transport.bootstrap,
            socket_options=transport.socket_options,
            connect_message_amender=MessageAmendment.create_static_authtoken_amender(address.token),
        )
        self._client = GreengrassCoreIPCClient(self._sdk)

    def open(self, deadline: Deadline) -> None:
        """Connect and be accepted.

        Raises:
            TokenRefusedError: The core is there and does not take the token.
            TransientError: No socket, nobody listens, or nobody answers.
        """
        asked = Asked(CONNECT, self._socket_path)
        try:
            connected = self._sdk.connect(_Lifecycle(self._sdk, self._sdk_lost))
            deadline.wait_for(connected)
        except DeadlineExceededError:
            raise TransientError(f"{asked}: nobody answered in time.") from None
        except Exception as refusal:  # the native layer refuses some attempts at once
            raise translate(refusal, asked) from refusal
        if (error := failure_of(connected)) is not None:
            raise translate(error, asked) from error

    def ask_all(self, wanted: Sequence[tuple[Asked, Any]], deadline: Deadline) -> list[Outcome]:
        """Send every request, in order, before the first answer is waited for; then wait for the answers.

        Returns:
            How each of them ended. `NotSentError`: the connection was lost before. `NoAnswerError`: not
            before the deadline, and the connection cannot be trusted any more. Other errors are the core's,
            or say that the connection was lost meanwhile.
        """
        calls = [self._sent(asked, request) for asked, request in wanted]
        return [call.outcome(deadline) for call in calls]

    def probe(self, deadline: Deadline) -> None:
        """Find out whether the core answers at all; any modelled answer will do.

        A core that accepts connections and then says nothing would otherwise look healthy for ever.

        Raises:
            TransientError: It does not, or the connection was lost.
        """
        asked = Asked("GetConfiguration", "accessControl")  # needs no grant, and every recipe has it
        operation = self.new_operation(asked)
        self.send(operation, asked, model.GetConfigurationRequest(key_path=[asked.resource]))
        try:
            deadline.wait_for(operation.get_response())
        except DeadlineExceededError:
            raise TransientError("The core accepted the connection but answers nothing.") from None
        error = failure_of(operation.get_response())
        if error is not None and not isinstance(error, model.GreengrassCoreIPCError):
            raise translate(error, asked) from error

    def new_operation(self, asked: Asked, *events: Any) -> Any:
        """An operation of the SDK, not sent yet; `events` is the handler of its events, if it has any.

        Raises:
            NotSentError: The connection is lost.
        """
        try:
            return getattr(self._client, _NEW[asked.operation])(*events)
        except Exception as error:
            raise _not_sent(error, asked) from error

    def send(self, operation: Any, asked: Asked, request: Any) -> None:
        """Put the operation's request on the wire; does not wait.

        Raises:
            NotSentError: The connection is lost.
            PermanentError: The request cannot be put on the wire.
        """
        try:
            operation.activate(request)
        except Exception as error:
            raise _not_sent(error, asked) from error

    def _sent(self, asked: Asked, request: Any) -> Call:
        try:
            operation = self.new_operation(asked)
            self.send(operation, asked, request)
        except EdgeError as error:
            return Call(asked, not_sent=error.with_traceback(None))
        return Call(asked, operation.get_response())

    def close(self) -> "Future[None]":
        """End the connection; does not wait, may be called again.

        Returns:
            The SDK's future of the end; it fails when the connection was lost before.
        """
        self._closing.set()
        closed: Future[None] = self._sdk.close()
        return closed

    def _sdk_lost(self, reason: object) -> None:
        if not self._closing.is_set():
            self._on_lost(self, f"the core ended the connection ({reason}).")


def _not_sent(error: Exception, asked: Asked) -> EdgeError:
    translated = translate(error, asked)
    if isinstance(translated, TransientError):
        return NotSentError(f"{asked}: nothing was sent, for the connection is lost ({error}).")
    return translated


class _Lifecycle:
    """What the SDK calls about a connection, all on its I/O thread."""

    def __init__(self, sdk: SdkConnection, on_disconnect: Callable[[object], None]) -> None:
        self._sdk = sdk
        self._on_disconnect = on_disconnect

    def on_connect(self) -> None:
        """Accepted: `Connection.open` is waiting for the same news."""

    def on_disconnect(self, reason: object) -> None:
        """The connection has ended, whoever ended it."""
        self._on_disconnect(reason)

    def on_error(self, _error: Exception) -> bool:
        """A protocol error: nothing that comes after it can be trusted."""
        return True

    def on_ping(self, headers: Sequence[Any], payload: bytes) -> None:
        """Answer as the protocol asks: the same payload, the same headers but the protocol's own."""
        own = [header for header in headers if not header.name.startswith(":")]
        self._sdk.send_ping_response(MessageAmendment(headers=own, payload=payload))
