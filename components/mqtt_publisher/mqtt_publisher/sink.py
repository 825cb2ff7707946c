"""Where the publisher's outbox delivers to: IoT Core, through the Greengrass core.

Everything here runs in the outbox's delivery thread. Nothing is lost when the process dies in it: what the
core had not confirmed, or was about to, is sent again at the next start.
"""

from collections.abc import Sequence

from edge_common.context import Context
from edge_common.errors import EdgeError, RefusedError
from edge_common.ipc import IpcGateway, NotGrantedError
from edge_common.log import get_logger, limited
from edge_common.messages import encode
from edge_common.outbox import LIVE_RECORDS
from mqtt_publisher.config import MqttPublisherConfig
from mqtt_publisher.logic import DeliveryLines, Heartbeats

_SAME_CAUSE_S = 60.0  # between two log lines about heartbeats that do not get through

_log = get_logger("publisher")


class IotCoreSink:
    """Publishes readings, and a heartbeat along with them when one is due.

    A heartbeat goes in the same burst as the readings and its outcome is only logged: it is never sent again,
    and no reading waits for it longer than for the other answers of the burst.

    Args:
        gateway: Open for as long as the outbox is.
        config: The component's settings.
        context: The component's.
        lines: Which deliveries are logged.
    """

    def __init__(
        self, gateway: IpcGateway, config: MqttPublisherConfig, context: Context, lines: DeliveryLines
    ) -> None:
        self._gateway = gateway
        self._config = config
        self._clock = context.clock
        self._metrics = context.metrics
        self._lines = lines
        self._heartbeats = Heartbeats(context.thing_name, config.heartbeat_every, LIVE_RECORDS)
        self._sent = context.metrics.counter("messages_sent")
        self._published = context.metrics.counter("readings_published")

    def send(self, records: Sequence[bytes]) -> list[EdgeError | None]:
        """Publish readings, all at once; one outcome for each.

        Raises:
            GatewayFailedError: IPC is lost for good, and the component told to stop.
        """
        messages = [(self._config.data_topic, record) for record in records]
        heartbeats = self._due_heartbeats()
        outcomes = self._gateway.publish_many_to_iot_core(
            messages + heartbeats, timeout_s=self._config.publish_timeout_s
        )
        self._sent.add(outcomes.count(None))
        for error in outcomes[len(records) :]:
            if error is not None:
                once = limited("heartbeat_not_published", _SAME_CAUSE_S)
                _log.warning("heartbeat_not_published", reason=error.reason, **once)
        errors = [_kept_if_not_granted(error) for error in outcomes[: len(records)]]
        self._tell([record for record, error in zip(records, errors, strict=True) if error is None])
        return errors

    def _due_heartbeats(self) -> list[tuple[str, bytes]]:
        """One or none."""
        heartbeat = self._heartbeats.next(
            self._published.value, self._metrics.snapshot(), self._clock.timestamp()
        )
        return [] if heartbeat is None else [(self._config.heartbeat_topic, encode(heartbeat))]

    def _tell(self, delivered: Sequence[bytes]) -> None:
        self._published.add(len(delivered))
        for reading in self._lines.delivered(delivered):
            _log.info("reading_published", boot_id=reading.boot_id, sequence=reading.sequence)
        if count := self._lines.backlog(self._clock.monotonic_s()):
            _log.info("backlog_published", count=count, waiting=self._metrics.snapshot()["outbox_waiting"])


def _kept_if_not_granted(error: EdgeError | None) -> EdgeError | None:
    """A grant that is missing is mended by a deployment: readings wait for it, they are not given up."""
    if isinstance(error, NotGrantedError):
        return RefusedError(error.reason, code=error.code)
    return error
