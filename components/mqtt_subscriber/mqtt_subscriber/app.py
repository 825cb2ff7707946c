"""The subscriber's wiring: IPC in; log and record out.

Threads: the gateway's delivery thread runs `_receive` for one message after the other and alone owns the
statistics and the record; the main thread only waits for the end.
"""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from edge_common.context import Context, Mode
from edge_common.errors import EdgeError, PermanentError
from edge_common.ipc import IpcGateway, Message, ReconnectPolicy
from edge_common.log import get_logger, limited
from mqtt_subscriber.config import MqttSubscriberConfig, RecordFormat, Source, SubscriptionConfig
from mqtt_subscriber.logic import Condition, RollingStatistics, is_shown, limits_exceeded, numbers_in
from mqtt_subscriber.record import csv_line, json_line, open_record
from mqtt_subscriber.record_file import RecordFile

_SAME_CAUSE_S = 10.0  # between two log lines about bad messages or a full disk

_log = get_logger("subscriber")


class MqttSubscriber:
    """Shows what its subscriptions carry until told to stop; with `--once`, until one message has come.

    Messages that arrive while the component is not running, or while there is no connection to the core, are
    not seen: IPC keeps none back.
    """

    def __init__(self, config: MqttSubscriberConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._conditions = [Condition(c.field, c.operator, c.value) for c in config.show_when]
        self._statistics = RollingStatistics(config.statistics_window)
        self._record: RecordFile | None = None
        self._line = csv_line if config.record.format is RecordFormat.CSV else json_line
        self._received = context.metrics.counter("messages_received")
        self._shown = context.metrics.counter("messages_shown")
        self._refused = context.metrics.counter("messages_refused")
        self._warnings = context.metrics.counter("limit_warnings")
        self._unrecorded = context.metrics.counter("messages_not_recorded")

    def run(self) -> None:
        """Subscribe and wait.

        Raises:
            GatewayFailedError: The core was away for longer than `give_up_after_s`, or refuses the token.
            PermanentError: A subscription is not granted, or the record cannot be written.
        """
        if self._context.dry_run:
            for subscription in self._config.subscriptions:
                _log.info("would_subscribe", source=subscription.source.value, filter=subscription.filter)
            return
        with ExitStack() as opened:
            self._record = open_record(self._config.record, Path.cwd())
            if self._record is not None:
                opened.callback(self._record.close)
            gateway = opened.enter_context(
                IpcGateway(
                    policy=ReconnectPolicy(give_up_after_s=self._config.give_up_after_s),
                    metrics=self._context.metrics,
                    stop=self._context.stop,
                )
            )
            for subscription in self._config.subscriptions:
                if not self._context.stop.is_set():  # while the core is away each one waits
                    self._subscribe(gateway, subscription)
            self._context.stop.wait()

    def _subscribe(self, gateway: IpcGateway, subscription: SubscriptionConfig) -> None:
        if subscription.source is Source.IOT_CORE:
            made = gateway.subscribe_to_iot_core(
                subscription.filter,
                partial(self._receive, subscription.source),
                qos=subscription.qos,
                resubscribe_after_silence_s=self._config.resubscribe_after_silence_s,
            )
        else:
            made = gateway.subscribe_to_topic(
                subscription.filter, partial(self._receive, subscription.source)
            )
        named = {"source": subscription.source.value, "filter": subscription.filter}
        if made.active:
            _log.info("subscribed", **named)
        else:
            reason = made.last_error or "the core has not answered; the subscription is made when it does."
            _log.warning("not_subscribed_yet", **named, reason=reason)

    def _receive(self, source: Source, message: Message) -> None:
        self._received.add()
        try:
            values = numbers_in(message.payload)
        except PermanentError as error:
            self._refused.add()
            _log.warning(
                "message_refused",
                topic=message.topic,
                reason=error.reason,
                **limited(error.code, _SAME_CAUSE_S),
            )
            return
        messages_of_topic = self._statistics.add(message.topic, values)
        for exceeded in limits_exceeded(values, self._config.warn_above):
            self._warnings.add()
            _log.warning(
                "limit_exceeded",
                topic=message.topic,
                field=exceeded.field,
                value=exceeded.value,
                limit=exceeded.limit,
            )
        if is_shown(values, self._conditions):
            self._shown.add()
            _log.info("message", source=source.value, topic=message.topic, payload=message.payload.decode())
            self._write_record(message)
        every = self._config.statistics_every
        if every and messages_of_topic and messages_of_topic % every == 0:
            self._log_statistics(message.topic)
        if self._context.mode is Mode.ONCE:
            self._context.stop.set()

    def _write_record(self, message: Message) -> None:
        if self._record is None:
            return
        try:
            self._record.append(self._line(self._context.clock.timestamp(), message.topic, message.payload))
        except EdgeError as error:
            # A full or read-only disk must not end the viewing: the message is in the log, and counted.
            self._unrecorded.add()
            _log.warning(
                "message_not_recorded", reason=error.reason, **limited("message_not_recorded", _SAME_CAUSE_S)
            )

    def _log_statistics(self, topic: str) -> None:
        fields = (
            f"{field} {summary.mean:.2f} ({summary.minimum:g} to {summary.maximum:g} in {summary.count})"
            for field, summary in self._statistics.summaries(topic).items()
        )
        _log.info("statistics", topic=topic, means=", ".join(fields))
