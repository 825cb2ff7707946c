"""How Greengrass Lite publishes: straight to the broker, ten at a time, nothing kept.

Measured on Lite 2.6.0: offline, every publish fails at once; beyond 10 unacknowledged QoS 1 messages the next
one fails at once. The component's own spool is the only buffer. Runs in the core's event loop.
"""

import asyncio
from collections.abc import Callable

from local_core.cloud.message import CloudMessage
from local_core.cloud.mqtt.connection import MqttError
from local_core.cloud.spooler import PublishError, Uplink

MAX_UNACKNOWLEDGED = 10  # IOTCORED_MQTT_MAX_PUBLISH_RECORDS of iotcored

# With the default build 6,000 bytes pass and 7,000 do not; the limit between them was not measured.
MAX_PAYLOAD_BYTES = 6_500

_FAILED = "Failed to publish the message."


class DirectPublisher:
    """Publishes without a spool.

    Args:
        link: Where messages go.
        on_published: Called with each message that the cloud has acknowledged.
    """

    def __init__(self, link: Uplink, on_published: Callable[[CloudMessage], None]) -> None:
        self._link = link
        self._on_published = on_published
        self._unacknowledged = 0

    @property
    def in_flight(self) -> int:
        """QoS 1 messages sent and not yet acknowledged."""
        return self._unacknowledged

    async def publish(self, message: CloudMessage) -> None:
        """Send one message that `check_publishable` has let pass; returns after the PUBACK.

        Raises:
            PublishError: Offline, too large, ten unacknowledged already, refused, or the connection was lost.
        """
        is_counted = message.qos > 0
        is_refused = (
            not self._link.is_online
            or len(message.payload) > MAX_PAYLOAD_BYTES
            or (is_counted and self._unacknowledged >= MAX_UNACKNOWLEDGED)
        )
        if is_refused:
            raise PublishError(_FAILED)
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: MqttError | None) -> None:
            self._unacknowledged -= is_counted
            if error is None:
                self._on_published(message)
            if not acknowledged.done():  # its component may be gone
                acknowledged.set_result(None) if error is None else acknowledged.set_exception(error)

        self._unacknowledged += is_counted
        self._link.publish(message, done)
        try:
            await acknowledged
        except MqttError as error:
            raise PublishError(_FAILED) from error
