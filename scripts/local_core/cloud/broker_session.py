"""What the broker's session of this core holds, brought in line with the subscriptions here.

Knows which filters are granted and asks for those that are not; makes no connection and keeps none.
Everything runs in the core's event loop.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from local_core.cloud.mqtt.connection import ConnectionLostError, MqttConnection, MqttError
from local_core.cloud.subscriptions import CloudFilter, Subscriptions

OPERATION_TIMEOUT_S = 30.0  # the nucleus's mqtt.operationTimeoutMs

_logger = logging.getLogger(__name__)


class BrokerSession:
    """One session, over any number of connections.

    Args:
        subscriptions: What it is to hold.
    """

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._granted_qos: dict[str, int] = {}  # by filter
        self._subacks: dict[CloudFilter, asyncio.Future[None]] = {}

    def holds(self, topic_filter: str) -> bool:
        """Whether the broker has granted this filter."""
        return topic_filter in self._granted_qos

    async def hold(self, cloud_filter: CloudFilter, connection: Callable[[], MqttConnection]) -> None:
        """Return once the broker has granted the filter; at once when it had before.

        Args:
            cloud_filter: One of the subscriptions.
            connection: Gives the one to ask on, each time that it has to be asked.

        Raises:
            MqttError: Refused by the broker, no answer within 30 s, or what `connection` raises.
        """
        while self._granted_qos.get(cloud_filter.topic_filter, -1) < cloud_filter.qos:
            suback = self._subacks.get(cloud_filter) or self._ask_for(connection(), cloud_filter)
            try:
                await asyncio.wait_for(asyncio.shield(suback), OPERATION_TIMEOUT_S)
            except TimeoutError as error:
                raise MqttError(f"no answer within {OPERATION_TIMEOUT_S:g} s") from error

    def give_up(self, cloud_filter: CloudFilter, connection: MqttConnection | None) -> None:
        """Nobody here wants the filter any more; None when the broker cannot be told now."""
        if connection is not None:
            self._granted_qos.pop(cloud_filter.topic_filter, None)
            self._subscriptions.forget(cloud_filter)
            connection.unsubscribe(cloud_filter.topic_filter)
        elif cloud_filter.topic_filter not in self._granted_qos:
            self._subscriptions.forget(cloud_filter)
        # Else the broker's session holds it, and names its identifier with each message: kept until then.

    def renew(self, connection: MqttConnection, *, is_kept: bool) -> None:
        """Bring the session in line on a new connection; no need to wait: MQTT keeps the order of packets.

        Args:
            connection: Just opened.
            is_kept: Whether the broker still has what it held before.
        """
        if not is_kept:
            self._granted_qos.clear()
        for cloud_filter in self._subscriptions.filters():
            topic_filter = cloud_filter.topic_filter
            if not cloud_filter.subscribers:
                self._subscriptions.forget(cloud_filter)
                if self._granted_qos.pop(topic_filter, None) is not None:
                    connection.unsubscribe(topic_filter)
            elif topic_filter not in self._granted_qos:
                self._ask_for(connection, cloud_filter).add_done_callback(partial(_say_refusal, topic_filter))

    def _ask_for(self, connection: MqttConnection, cloud_filter: CloudFilter) -> asyncio.Future[None]:
        """Send SUBSCRIBE; the future ends with the SUBACK."""
        suback: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        suback.add_done_callback(lambda future: future.exception())  # nobody need be waiting for it
        qos = cloud_filter.qos
        self._subacks[cloud_filter] = suback

        def done(error: MqttError | None) -> None:
            if self._subacks.get(cloud_filter) is suback:
                del self._subacks[cloud_filter]
            if error is not None:
                suback.set_exception(error)
                return
            if cloud_filter.subscribers:
                self._granted_qos[cloud_filter.topic_filter] = qos
            suback.set_result(None)

        connection.subscribe(cloud_filter.topic_filter, qos, cloud_filter.identifier, done)
        return suback


def _say_refusal(topic_filter: str, suback: asyncio.Future[None]) -> None:
    error = suback.exception()
    if error is not None and not isinstance(error, ConnectionLostError):  # after which there is another
        _logger.error(
            "IoT Core refuses the subscription to %s that it granted before: %s. Nothing comes for it until "
            "it is asked for again, at the next connection",
            *(topic_filter, error),
        )
