"""One MQTT connection, from CONNECT to its loss, by paho-mqtt without its threads.

It owns what waits for an acknowledgement. It never reconnects and repeats nothing: whoever holds it makes a
new one, so no state of a broken connection can reach the next. With `driver` (the socket) and
`packets` (the values) it is all that knows paho. Everything runs in the core's event loop.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from enum import Enum

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from local_core.cloud.message import CloudMessage
from local_core.cloud.mqtt.driver import MqttDriver
from local_core.cloud.mqtt.packets import (
    make_properties,
    message_from_paho,
    publish_properties,
    subscription_identifiers,
)

HOST = "127.0.0.1"
KEEP_ALIVE_S = 60  # the nucleus's mqtt.keepAliveTimeoutMs
SESSION_EXPIRY_S = 10_080  # the nucleus's mqtt.sessionExpirySeconds

_TCP_TIMEOUT_S = 2.0
_NEW_SUBSCRIPTIONS_ONLY = 1  # MQTT 5.0, section 3.8.3.1: no retained messages for a renewed subscription

_logger = logging.getLogger(__name__)


class MqttProtocol(Enum):
    """What the broker speaks."""

    V5 = MQTTProtocolVersion.MQTTv5
    V311 = MQTTProtocolVersion.MQTTv311  # amqtt: no properties, no subscription identifiers


class MqttError(Exception):
    """A request to the broker failed; the text says why."""


class ConnectionLostError(MqttError):
    """The connection ended before the broker acknowledged."""


class RefusedError(MqttError):
    """The broker answered with a reason code that means failure; the text is its MQTT name."""


Done = Callable[[MqttError | None], None]
OnMessage = Callable[[CloudMessage, Sequence[int] | None], None]


class MqttConnection:
    """One connection. `open` it, use it until `on_lost` is called or `close` it; then make another.

    Args:
        client_id: The MQTT client id.
        protocol: What the broker speaks.
        on_message: Called for each PUBLISH with the message and the identifiers of the subscriptions it comes
            for; None instead of identifiers where the protocol has none.
        on_lost: Called once with the reason when an opened connection ends otherwise than by `close`, just
            before every request that waits is told.
    """

    def __init__(
        self, client_id: str, protocol: MqttProtocol, on_message: OnMessage, on_lost: Callable[[str], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._on_message = on_message
        self._on_lost = on_lost
        self._connack: asyncio.Future[bool] = self._loop.create_future()
        self._is_open = False
        self._has_ended = False
        self._waiting: dict[int, Done] = {}  # by MQTT packet identifier, in the order of sending
        self._all_acknowledged: asyncio.Future[None] | None = None
        self._client = self._make_client(client_id)
        self._driver = MqttDriver(self._client, on_fault=lambda: self._lose("a fault in the core"))

    async def open(self, port: int, *, clean: bool, keep_session: bool, within_s: float) -> bool:
        """Connect to the broker on loopback.

        Args:
            port: TCP port.
            clean: Forget what the broker still has of an earlier session.
            keep_session: Ask the broker to keep the session after the connection (subscriptions, and QoS 1
                messages for them) for 10,080 s. Without MQTT 5 no session is kept.
            within_s: Time limit.

        Returns:
            True when the broker remembered the session.

        Raises:
            MqttError: Nobody answers, or CONNECT was refused.
        """
        client = self._client
        client.connect_timeout = min(_TCP_TIMEOUT_S, within_s)
        try:
            if self._protocol is MqttProtocol.V5:
                expiry_s = SESSION_EXPIRY_S if keep_session else None
                properties = make_properties(PacketTypes.CONNECT, SessionExpiryInterval=expiry_s)
                client.connect(HOST, port, KEEP_ALIVE_S, clean_start=clean, properties=properties)
            else:
                client.connect(HOST, port, KEEP_ALIVE_S)
            session_present = await asyncio.wait_for(asyncio.shield(self._connack), within_s)
            self._is_open = True
        except (OSError, TimeoutError) as error:
            raise MqttError(f"no MQTT broker answers on {HOST}:{port}: {str(error) or 'time-out'}") from error
        finally:
            if not self._is_open:
                self._shut()
        return session_present

    def close(self) -> None:
        """Say DISCONNECT and close the socket; whoever still waits is told that the connection is lost."""
        if not self._has_ended:
            self._client.disconnect()
            self._driver.poll()
            self._shut()
            self._tell_waiting("closed")

    async def wait_acknowledged(self, within_s: float) -> None:
        """Wait until nothing is in flight, `within_s` seconds at most, or until the connection ends."""
        if self._waiting and not self._has_ended:
            self._all_acknowledged = self._loop.create_future()
            await asyncio.wait([self._all_acknowledged], timeout=within_s)

    def publish(self, message: CloudMessage, done: Done) -> None:
        """Send one message that `check_publishable` has let pass.

        Args:
            message: What to send.
            done: Called once, never from within this call: with None after PUBACK (QoS 1) or once the
                message is written (QoS 0), else with the error.
        """
        properties = publish_properties(message) if self._protocol is MqttProtocol.V5 else None
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        self._wait_for(info.rc, info.mid, done)

    def subscribe(self, topic_filter: str, qos: int, identifier: int, done: Done) -> None:
        """Subscribe; `done` as in `publish`, with the SUBACK.

        Args:
            topic_filter: A filter that `check_filter` has let pass.
            qos: 0 or 1.
            identifier: 1 or more; comes back with each message, in MQTT 5.
            done: Told of the SUBACK.
        """
        if self._protocol is MqttProtocol.V5:
            result, packet_id = self._client.subscribe(
                topic_filter,
                options=SubscribeOptions(qos=qos, retainHandling=_NEW_SUBSCRIPTIONS_ONLY),
                properties=make_properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=identifier),
            )
        else:
            result, packet_id = self._client.subscribe(topic_filter, qos)
        self._wait_for(result, packet_id, done)

    def unsubscribe(self, topic_filter: str) -> None:
        """Unsubscribe; nobody waits for the UNSUBACK."""
        self._client.unsubscribe(topic_filter)

    def poll(self) -> None:
        """Write what waits and read what has arrived by now, without waiting for the loop to come round."""
        self._driver.poll()

    def _wait_for(self, result: MQTTErrorCode, packet_id: int | None, done: Done) -> None:
        if result is MQTTErrorCode.MQTT_ERR_SUCCESS and packet_id is not None:
            self._waiting[packet_id] = done
        else:
            self._loop.call_soon(done, ConnectionLostError(paho.error_string(result)))

    def _make_client(self, client_id: str) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._protocol is MqttProtocol.V5 else True,
            protocol=self._protocol.value,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(0)  # no queue of paho's own: it would hide what is in flight
        client.on_connect = self._connack_received
        client.on_disconnect = self._disconnected
        client.on_publish = self._publish_ended
        client.on_subscribe = self._suback_received
        client.on_message = self._publish_received
        return client

    # Called by paho, always from within a call of this class.

    def _connack_received(
        self,
        _client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._connack.done():
            return
        if reason.is_failure:
            self._connack.set_exception(RefusedError(f"the MQTT broker refused the connection: {reason}"))
        else:
            self._connack.set_result(flags.session_present)

    def _disconnected(
        self,
        _client: paho.Client,
        _userdata: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        text = str(reason) if flags.is_disconnect_packet_from_server else "the broker is gone"
        self._loop.call_soon(self._lose, text)  # not at once: paho is still at work on what told it

    def _publish_ended(
        self,
        _client: paho.Client,
        _userdata: object,
        packet_id: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._acknowledged(packet_id, reason)

    def _suback_received(
        self,
        _client: paho.Client,
        _userdata: object,
        packet_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._acknowledged(packet_id, reasons[0])

    def _acknowledged(self, packet_id: int, reason: ReasonCode) -> None:
        self._driver.count_packet()
        done = self._waiting.pop(packet_id, None)
        if done is not None:
            done(RefusedError(str(reason)) if reason.is_failure else None)
        if not self._waiting:
            self._tell_all_acknowledged()

    def _tell_all_acknowledged(self) -> None:
        if self._all_acknowledged is not None and not self._all_acknowledged.done():
            self._all_acknowledged.set_result(None)

    def _publish_received(self, _client: paho.Client, _userdata: object, received: paho.MQTTMessage) -> None:
        self._driver.count_packet()
        self._on_message(message_from_paho(received), subscription_identifiers(received))

    def _lose(self, reason: str) -> None:
        if self._has_ended:
            return
        self._shut()
        if not self._connack.done():
            self._connack.set_exception(MqttError(f"the MQTT broker hung up: {reason}"))
        if self._is_open:
            self._on_lost(reason)
        self._tell_waiting(reason)

    def _shut(self) -> None:
        self._has_ended = True
        self._driver.stop()

    def _tell_waiting(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, {}
        for done in waiting.values():
            try:
                done(ConnectionLostError(f"the MQTT connection was lost: {reason}"))
            except Exception:
                _logger.exception("One that waited for the MQTT broker failed when told of its loss")
        self._tell_all_acknowledged()
