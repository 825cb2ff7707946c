"""`IpcGateway`: what a component knows of Greengrass IPC. The work is done in `session` and below."""

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self

from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.ipc import requests
from edge_common.ipc.address import CoreAddress
from edge_common.ipc.delivery import MAX_PENDING_BYTES, OnMessage
from edge_common.ipc.errors import Asked, GatewayFailedError
from edge_common.ipc.link import State
from edge_common.ipc.session import Session
from edge_common.ipc.stream import Filter
from edge_common.ipc.subscription import Subscription
from edge_common.ipc.timing import ReconnectPolicy
from edge_common.log import get_logger
from edge_common.metrics import Metrics

DEFAULT_TIMEOUT_S = 10.0

_log = get_logger("ipc")


class IpcGateway:
    """The connection of this component to its Greengrass core, rebuilt whenever it is lost.

    A context manager: entering starts two threads and returns at once; the first call waits for the
    connection. Leaving delivers what has arrived (for 0.3 s at most), closes the subscriptions, then the
    connection, and takes less than a second. It raises `GatewayFailedError` when the gateway has failed,
    unless another exception is on its way. All methods may be called from any thread, also from inside
    `on_message`.

    How calls end, and what is lost or repeated: see the package.

    Args:
        socket_path: The core's socket; None takes it from the environment that the core sets.
        token: SVCUID; None takes it from the environment.
        policy: Pauses and deadlines of the supervisor.
        metrics: Gets the counters `ipc_connects`, `ipc_published` and those of `delivery`; None keeps them
            to the gateway.
        stop: The component's stop event: once set, no call waits more than 0.4 s. Set by the gateway when it
            has failed.
        max_payload_bytes: The largest payload for IoT Core. Greengrass Lite takes about 6,000 bytes in its
            default build and ends the connection above 7,400.
        max_pending_bytes: How much may wait for a slow `on_message`; beyond it messages are dropped, counted.

    Raises:
        ConfigError: The environment lacks the socket or the token: this process was not started by a core.
    """

    def __init__(  # noqa: PLR0913  all keyword-only, each with a default that suits a component
        self,
        *,
        socket_path: str | None = None,
        token: str | None = None,
        policy: ReconnectPolicy | None = None,
        metrics: Metrics | None = None,
        stop: threading.Event | None = None,
        max_payload_bytes: int = requests.MAX_IOT_CORE_PAYLOAD_BYTES,
        max_pending_bytes: int = MAX_PENDING_BYTES,
    ) -> None:
        metrics = metrics or Metrics()
        self._max_payload_bytes = max_payload_bytes
        self._published = metrics.counter("ipc_published")
        self._session = Session(
            CoreAddress.of(socket_path, token),
            policy or ReconnectPolicy(),
            metrics,
            stop=stop or threading.Event(),
            max_pending_bytes=max_pending_bytes,
        )

    def __enter__(self) -> Self:
        self._session.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()
        failure = self._session.link.failure
        if error is None:
            self._session.link.raise_if_failed()
        elif failure is not None and not isinstance(error, GatewayFailedError):
            _log.error("ipc_failed", reason=failure)  # the exception on its way does not say it

    @property
    def state(self) -> State:
        """Where the connection is now."""
        return self._session.link.state

    def publish_to_iot_core(
        self, topic: str, payload: bytes, *, qos: Literal[0, 1] = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Publish to AWS IoT Core through the core.

        Args:
            topic: At most 256 bytes and 7 slashes, no wildcards.
            payload: At most `max_payload_bytes`.
            qos: With 0 the core may drop it while the cloud is away.
            timeout_s: Seconds for everything, waiting for a connection included.

        Raises:
            EdgeError: See the package.
        """
        request = requests.publish_to_iot_core(topic, payload, qos, self._max_payload_bytes)
        self._session.ask(Asked("PublishToIoTCore", topic), request, timeout_s)
        self._published.add()

    def publish_many_to_iot_core(
        self,
        messages: Sequence[tuple[str, bytes]],
        *,
        qos: Literal[0, 1] = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> list[EdgeError | None]:
        """Publish messages to AWS IoT Core: all sent in order on one connection, then all answers awaited.

        The core gets them in this order; one that it refuses does not hold up those behind it. Greengrass
        Lite takes ten unanswered ones from all components together.

        Args:
            messages: Topic and payload of each, with the limits of `publish_to_iot_core`.
            qos: As there.
            timeout_s: Seconds to wait for a connection, and then as long again for the answers.

        Returns:
            One outcome for each message: None when the core has taken it, else what `publish_to_iot_core`
            would have raised.

        Raises:
            GatewayFailedError: IPC is lost for good; what became of the messages is unknown.
        """
        refused: dict[int, EdgeError | None] = {}
        wanted: dict[int, tuple[Asked, Any]] = {}
        for index, (topic, payload) in enumerate(messages):
            try:
                request = requests.publish_to_iot_core(topic, payload, qos, self._max_payload_bytes)
            except PermanentError as error:
                refused[index] = error.with_traceback(None)
            else:
                wanted[index] = (Asked("PublishToIoTCore", topic), request)
        ended = refused | dict(zip(wanted, self._ended(list(wanted.values()), timeout_s), strict=True))
        return [ended[index] for index in range(len(messages))]

    def subscribe_to_iot_core(
        self,
        topic_filter: str,
        on_message: OnMessage,
        *,
        qos: Literal[0, 1] = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        resubscribe_after_silence_s: float | None = None,
    ) -> Subscription:
        """Get the messages of AWS IoT Core for `topic_filter`, until the subscription or the gateway closes.

        Args:
            topic_filter: With MQTT's wildcards.
            on_message: Called on the delivery thread, one message at a time; what it raises is counted.
            qos: Maximum QoS.
            timeout_s: How long to wait for the core's first answer. When it says "not now" or nothing, the
                subscription is returned nevertheless, not `active` yet: the supervisor goes on trying.
            resubscribe_after_silence_s: On Greengrass Lite subscriptions die without notice when its MQTT
                daemon restarts. After this many seconds without a message the subscription is made anew, in
                place of the old one: nothing is lost or doubled by it except retained messages, which come
                again. A dead one is deaf for at most this long. None never does; the classic nucleus needs
                none.

        Raises:
            EdgeError: See the package.
        """
        wanted = Filter.of_iot_core(topic_filter, qos, resubscribe_after_silence_s)
        return self._session.subscribe(wanted, on_message, timeout_s)

    def subscribe_to_topic(
        self, topic_filter: str, on_message: OnMessage, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Subscription:
        """Get the messages of this core's components for `topic_filter`; see `subscribe_to_iot_core`.

        A filter with wildcards does not get this component's own messages (on Lite it does), and unlike in
        MQTT `a/#` does not match `a`.

        Raises:
            EdgeError: See the package.
        """
        wanted = Filter.of_topic(topic_filter)
        return self._session.subscribe(wanted, on_message, timeout_s)

    def _ended(self, wanted: list[tuple[Asked, Any]], timeout_s: float) -> list[EdgeError | None]:
        if not wanted:
            return []
        try:
            errors = [outcome.error for outcome in self._session.ask_all(wanted, timeout_s)]
        except TransientError as no_connection:
            return [no_connection.with_traceback(None)] * len(wanted)
        self._published.add(errors.count(None))
        return errors

    def close(self) -> None:
        """End everything within a second; calls in flight fail as lost. May be called again."""
        self._session.close()
