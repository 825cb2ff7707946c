"""The core's link to "IoT Core": an MQTT connection that is always made anew.

Owns the connection and the outage on request; what the broker's session holds is for `broker_session`. It
keeps no message: what cannot be sent now is refused, and what is lost on the way is told to whoever sent it
(the spooler repeats). It knows no IPC and no component. Everything runs in the core's event loop.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

from local_core.cloud.broker_session import BrokerSession
from local_core.cloud.message import CloudMessage
from local_core.cloud.mqtt.connection import Done, MqttConnection, MqttError, MqttProtocol
from local_core.cloud.subscriptions import OnMessage, Subscriber, Subscriptions
from local_core.errors import CoreError

CONNECT_TIMEOUT_S = 10.0
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 5.0  # the nucleus goes up to 2 min; a broker on the same machine is back sooner
STABLE_S = 10.0  # a connection that has lived this long starts the back-off anew
LAST_WORDS_S = 1.0

_logger = logging.getLogger(__name__)


class OfflineError(MqttError):
    """There is no connection now."""


class Link:
    """Connects as the thing, reconnects with back-off and jitter, subscribes again.

    Args:
        thing_name: The MQTT client id, as on a device.
        once_per_subscription: True: each subscription gets a message once, however many filters of this core
            match it (the classic nucleus). False: once for each copy that the broker sends, which is one for
            each matching filter (Greengrass Lite). A broker without MQTT 5 does not say what a copy is for:
            it is always as with False.
        keep_session: True: the broker keeps subscriptions and their QoS 1 messages over an outage (the
            classic nucleus). False: they are lost (Lite).
    """

    def __init__(
        self, thing_name: str, *, once_per_subscription: bool = True, keep_session: bool = True
    ) -> None:
        self._thing_name = thing_name
        self._keep_session = keep_session
        self._port = 0
        self._protocol = MqttProtocol.V5
        self._subscriptions = Subscriptions(once_per_subscription=once_per_subscription)
        self._session = BrokerSession(self._subscriptions)
        self._watchers: list[Callable[[], None]] = []
        self._connection: MqttConnection | None = None
        self._has_been_online = False
        self._may_be_online = asyncio.Event()  # cleared while the fault "offline" is on
        self._is_connected = asyncio.Event()
        self._is_disconnected = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, port: int, protocol: MqttProtocol = MqttProtocol.V5) -> None:
        """Connect to the broker on loopback and stay connected until `stop`.

        Raises:
            CoreError: No connection within 10 s.
        """
        self._port, self._protocol = port, protocol
        self._keeper = asyncio.create_task(self._keep_connected(), name="link to IoT Core")
        await self.go_online()

    async def stop(self) -> None:
        """Disconnect for good. Whoever still waits is told that the connection is lost."""
        self._may_be_online.clear()
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        self._disconnect()

    @property
    def is_online(self) -> bool:
        """Whether a publish has a chance now."""
        return self._connection is not None and self._may_be_online.is_set()

    @property
    def subscription_count(self) -> int:
        """Subscribers of this core, not filters at the broker."""
        return len(self._subscriptions)

    def watch(self, on_change: Callable[[], None]) -> None:
        """Call `on_change` each time that `is_online` has changed."""
        self._watchers.append(on_change)

    async def go_offline(self) -> None:
        """Fault: IoT Core is out of reach until `go_online`.

        From now on nothing is taken. The connection closes as soon as what is in flight is acknowledged,
        after 1 s at the latest, so that this fault by itself makes no duplicates.
        """
        self._may_be_online.clear()
        self._tell_watchers()
        if self._connection is not None:
            await self._connection.wait_acknowledged(LAST_WORDS_S)
        self._disconnect()

    async def go_online(self) -> None:
        """End the outage; returns when the link is up.

        Raises:
            CoreError: Not within 10 s; the link goes on trying.
        """
        self._may_be_online.set()
        try:
            await asyncio.wait_for(self._is_connected.wait(), CONNECT_TIMEOUT_S)
        except TimeoutError as error:
            raise CoreError(
                f"The core could not connect to its MQTT broker on 127.0.0.1:{self._port} within "
                f"{CONNECT_TIMEOUT_S:g} s. See broker.log in the core's logs folder for what the broker says."
            ) from error

    def publish(self, message: CloudMessage, done: Done) -> None:
        """Send one message that `check_publishable` has let pass.

        Args:
            message: What to send.
            done: Called once, never from within this call: with None after PUBACK (QoS 1) or once the message
                is written (QoS 0), else with the error.
        """
        try:
            connection = self._usable()
        except OfflineError as error:
            asyncio.get_running_loop().call_soon(done, error)
        else:
            connection.publish(message, done)

    def poll(self) -> None:
        """Take in acknowledgements that have arrived by now, without waiting for the loop to come round."""
        if self._connection is not None:
            self._connection.poll()

    async def subscribe(self, topic_filter: str, qos: int, on_message: OnMessage) -> Subscriber:
        """Subscribe; returns after the SUBACK. The first messages may come before that.

        A filter that the broker knows already is shared: no SUBSCRIBE is sent, so retained messages do not
        come again, and it works offline, as on the nucleus.

        Args:
            topic_filter: A filter that `check_filter` has let pass.
            qos: 0 or 1; the highest of all subscribers of a filter counts for each of them.
            on_message: Called for each message.

        Raises:
            MqttError: Offline, refused by the broker, or no answer within 30 s.
        """
        subscriber = self._subscriptions.add(topic_filter, qos, on_message)
        has_succeeded = False
        try:
            await self._session.hold(subscriber.cloud_filter, self._usable)
            has_succeeded = True
        finally:
            if not has_succeeded:
                self.unsubscribe(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Give a subscription up; nothing is delivered any more. Twice does no harm."""
        if self._subscriptions.remove(subscriber):
            self._session.give_up(subscriber.cloud_filter, self._connection)

    def _usable(self) -> MqttConnection:
        """The connection, for something new.

        Raises:
            OfflineError: There is none now, or the outage is on.
        """
        if self._connection is None or not self._may_be_online.is_set():
            raise OfflineError("Device is offline.")
        return self._connection

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await self._may_be_online.wait()
            is_stable = False
            try:
                await self._connect()
                since = loop.time()
                await self._is_disconnected.wait()
                is_stable = loop.time() - since >= STABLE_S
            except MqttError as error:
                _logger.warning("No connection to IoT Core: %s", error)
            except Exception:
                _logger.exception("The link to IoT Core failed by a fault in the core; it is tried again")
                self._disconnect()
            if self._may_be_online.is_set():  # lost, not given up on purpose
                failures = 0 if is_stable else failures + 1
                await asyncio.sleep(_back_off_s(failures))

    async def _connect(self) -> None:
        connection = MqttConnection(
            self._thing_name, self._protocol, self._subscriptions.dispatch, self._connection_lost
        )
        session_present = await connection.open(
            self._port,
            clean=not (self._keep_session and self._has_been_online),
            keep_session=self._keep_session,
            within_s=CONNECT_TIMEOUT_S,
        )
        self._connected(connection, session_present=session_present)

    def _connected(self, connection: MqttConnection, *, session_present: bool) -> None:
        if not self._may_be_online.is_set():
            connection.close()
            return
        self._connection = connection
        self._has_been_online = True
        self._is_disconnected.clear()
        self._session.renew(connection, is_kept=session_present)
        _logger.info("Connected to IoT Core: MQTT broker on 127.0.0.1:%d", self._port)
        self._is_connected.set()
        self._tell_watchers()

    def _connection_lost(self, reason: str) -> None:
        _logger.warning("Connection to IoT Core interrupted: %s", reason)
        was_online = self.is_online
        self._disconnect()
        if was_online:
            self._tell_watchers()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._is_connected.clear()
        self._is_disconnected.set()
        if connection is not None:
            connection.close()

    def _tell_watchers(self) -> None:
        for on_change in self._watchers:
            try:
                on_change()
            except Exception:
                _logger.exception("A part of the core was not told that the link to IoT Core has changed")


def _back_off_s(failures: int) -> float:
    """Exponential, with jitter: cores that lost the same broker do not come back in step."""
    longest_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 10))
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret
