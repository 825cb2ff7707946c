"""The publisher's wiring: a sensor source in, IoT Core out.

One thread of ours, the main one: read, publish, wait for the next tick. Until the core has taken a reading it
is in memory only: a reading that cannot be published within `publish_timeout_s` is given up, logged and
counted, and one that is in hand when the process dies is lost. Ticks that pass meanwhile have no reading and
are counted: no burst catches up.
"""

import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Protocol

from edge_common.errors import PermanentError, TransientError
from edge_common.ipc import IpcGateway, ReconnectPolicy
from edge_common.log import get_logger, limited
from edge_common.messages import Heartbeat, Reading, encode
from edge_common.retry import Backoff, retry
from edge_common.runtime import Context, Mode
from edge_common.sensors import EndOfReplayError, Source, open_source
from mqtt_publisher.config import MqttPublisherConfig
from mqtt_publisher.logic import Sequence, Ticks

_SAME_CAUSE_S = 10.0  # between two log lines about a sensor that cannot be read
_LEAST_TRY_S = 0.5  # of the last try: a call given up sooner would cost a connection that is sound

_log = get_logger("publisher")


class Publish(Protocol):
    """Hands one message over."""

    def __call__(self, topic: str, payload: bytes, timeout_s: float) -> None:
        """Return when it is taken over; raise EdgeError when not within `timeout_s`."""


class MqttPublisher:
    """Publishes a reading at every tick until told to stop; with `--once`, one reading."""

    def __init__(self, config: MqttPublisherConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._sequence = Sequence(context.thing_name, context.clock.boot_id, config.heartbeat_every)
        self._sent = context.metrics.counter("messages_sent")
        self._published = context.metrics.counter("readings_published")
        self._not_published = context.metrics.counter("readings_not_published")
        self._not_read = context.metrics.counter("readings_not_read")
        self._not_taken = context.metrics.counter("readings_not_taken")

    def run(self) -> None:
        """Read and publish.

        Raises:
            GatewayFailedError: The core was away for longer than `give_up_after_s`, or refuses the token.
            PermanentError: The source cannot be opened or read, such as a recording that is not there.
        """
        with ExitStack() as opened:
            source = opened.enter_context(
                open_source(self._config.sensor, self._context.clock, self._context.metrics)
            )
            if self._context.dry_run:
                self._publish_readings(source, _print)
                return
            gateway = opened.enter_context(
                IpcGateway(
                    policy=ReconnectPolicy(give_up_after_s=self._config.give_up_after_s),
                    metrics=self._context.metrics,
                    stop=self._context.stop,
                )
            )
            self._publish_readings(source, partial(gateway.publish_to_iot_core, qos=self._config.qos))

    def _publish_readings(self, source: Source, publish: Publish) -> None:
        ticks = Ticks(self._config.publish_interval_s, self._context.clock.monotonic_s())
        while not self._context.stop.is_set():
            try:
                self._take_reading(source, publish)
            except EndOfReplayError as end:
                _log.info("replay_ended", reason=end.reason)
                return
            if self._context.mode is Mode.ONCE:
                return
            self._wait(source, ticks)

    def _take_reading(self, source: Source, publish: Publish) -> None:
        try:
            sensors = source.read()
        except TransientError as error:
            self._not_read.add()
            _log.warning("sensor_not_read", reason=error.reason, **limited("sensor", _SAME_CAUSE_S))
            return
        self._publish_reading(publish, sensors)
        self._publish_heartbeat(publish)

    def _publish_reading(self, publish: Publish, sensors: Mapping[str, float]) -> None:
        reading = self._sequence.reading(sensors, self._context.clock.timestamp())
        named = {"boot_id": reading.boot_id, "sequence": reading.sequence}
        try:
            self._deliver(publish, self._config.data_topic, reading)
        except (TransientError, PermanentError) as error:
            self._not_published.add()
            _log.warning("reading_not_published", **named, reason=error.reason)
            return
        self._published.add()
        _log.info("reading_published", **named, **sensors)

    def _publish_heartbeat(self, publish: Publish) -> None:
        heartbeat = self._sequence.heartbeat(
            self._sent.value, self._not_published.value, self._context.clock.timestamp()
        )
        if heartbeat is None or self._context.stop.is_set():  # a second wait would outlast the stop request
            return
        try:
            self._deliver(publish, self._config.heartbeat_topic, heartbeat)
        except (TransientError, PermanentError) as error:
            _log.warning("heartbeat_not_published", reason=error.reason)

    def _deliver(self, publish: Publish, topic: str, message: Reading | Heartbeat) -> None:
        payload = encode(message)
        clock, timeout_s = self._context.clock, self._config.publish_timeout_s
        give_up_at_s = clock.monotonic_s() + timeout_s
        least_s = min(_LEAST_TRY_S, timeout_s)
        retry(
            lambda: publish(topic, payload, timeout_s=max(least_s, give_up_at_s - clock.monotonic_s())),
            stop=self._context.stop,
            clock=clock,
            backoff=Backoff(deadline_s=timeout_s),
        )
        self._sent.add()

    def _wait(self, source: Source, ticks: Ticks) -> None:
        """Wait until the next reading is due: when a recording says, else at the next tick."""
        due_s = source.due_s
        now_s = self._context.clock.monotonic_s()
        if due_s is None:
            due_s, missed = ticks.after(now_s)
            self._note_not_taken(missed)
        if due_s > now_s:
            self._context.stop.wait(min(due_s - now_s, threading.TIMEOUT_MAX))  # a recording may have a gap

    def _note_not_taken(self, count: int) -> None:
        if not count:
            return
        self._not_taken.add(count)
        interval = f"publish_interval_s, {self._config.publish_interval_s:g} s"
        reason = (
            f"a reading took longer than {interval}: look at the sensor and the core, or raise the setting"
        )
        _log.warning("readings_not_taken", count=count, reason=reason)


def _print(topic: str, payload: bytes, timeout_s: float) -> None:  # noqa: ARG001  nothing to wait for
    sys.stdout.write(f"{topic} {payload.decode()}\n")
