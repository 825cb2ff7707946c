"""The publisher's wiring: a sensor source in, the outbox, IoT Core out.

Threads: the main one takes a reading at every tick and stores it; the outbox's delivery thread publishes what
is stored (`sink`). A reading is safe once stored: from then on it survives the process and the power, and it
leaves the disk when the core has confirmed it. One that is in hand when the process dies before that is lost.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack

from edge_common.context import Context, Mode
from edge_common.errors import TransientError
from edge_common.ipc import IpcGateway, ReconnectPolicy
from edge_common.log import get_logger
from edge_common.messages import Reading, encode
from edge_common.outbox import LIVE_RECORDS, MessageOutbox
from edge_common.sampling import Sampler
from edge_common.sensors import Source, open_source
from mqtt_publisher.config import MqttPublisherConfig
from mqtt_publisher.logic import DeliveryLines, line_fields
from mqtt_publisher.sink import IotCoreSink

_DRAIN_LOOK_S = 60.0  # a drain without an end is asked again so often

_log = get_logger("publisher")


class MqttPublisher:
    """Stores a reading at every tick until told to stop, and publishes what is stored; with `--once`, one."""

    def __init__(self, config: MqttPublisherConfig, context: Context) -> None:
        self._config = config
        self._context = context

    def run(self) -> None:
        """Read, store and publish; with `--once` and at the end of a recording, until nothing waits.

        Raises:
            GatewayFailedError: The core was away for longer than `give_up_after_s`, or refuses the token.
            ConfigError: The outbox's folder cannot be used as it is set.
            PermanentError: The source cannot be opened or read, such as a recording that is not there.
            TransientError: With `--once`, the core has not taken everything within `give_up_after_s`.
        """
        with ExitStack() as opened:
            source = opened.enter_context(
                open_source(self._config.sensor, self._context.clock, self._context.metrics)
            )
            if self._context.dry_run:
                self._sampler(source, self._print).run()
                return
            gateway = IpcGateway(
                policy=ReconnectPolicy(give_up_after_s=self._config.give_up_after_s),
                metrics=self._context.metrics,
                stop=self._context.stop,
                max_payload_bytes=self._config.max_payload_bytes,
            )
            lines = DeliveryLines(self._context.clock.boot_id, LIVE_RECORDS)
            sink = IotCoreSink(gateway, self._config, self._context, lines)
            outbox = MessageOutbox(self._config.outbox, sink, self._config.max_in_flight, self._context)
            opened.enter_context(outbox)  # first: what it refuses, it refuses before any connection
            opened.enter_context(gateway)
            opened.push(outbox)  # it also ends first: answers that are on their way still count

            def store(reading: Reading) -> None:
                lines.stored(reading.sequence)
                outbox.put(encode(reading))
                _log.info("reading_stored", **line_fields(reading))

            self._sampler(source, store).run()
            self._drain(outbox)

    def _sampler(self, source: Source, take: Callable[[Reading], None]) -> Sampler:
        interval_s = self._config.publish_interval_s
        return Sampler(source, interval_s, self._context, take, interval_setting="publish_interval_s")

    def _print(self, reading: Reading) -> None:
        sys.stdout.write(f"{self._config.data_topic} {encode(reading).decode()}\n")

    def _drain(self, outbox: MessageOutbox) -> None:
        """Nothing more is read: wait until everything is delivered, unless the component is told to stop."""
        stop, once_s = self._context.stop, self._config.give_up_after_s
        if self._context.mode is Mode.RUN:
            while not stop.is_set() and not outbox.drain(_DRAIN_LOOK_S):
                _log.info("still_waiting", waiting=outbox.statistics().waiting)
        elif not outbox.drain(once_s) and not stop.is_set():
            raise TransientError(
                f"the core has not taken everything within {once_s:g} s. Waiting in the outbox for the next "
                f"start: {outbox.statistics().waiting}. Look at the core and its connection."
            )
