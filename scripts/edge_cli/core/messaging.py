"""Listening to and sending single messages, at the cloud's side or on the core's local pub/sub.

Messages arrive on a gateway's thread and are handed to the command's thread through a queue.
"""

import json
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from edge_cli.core import daemon
from edge_cli.core.cloud_mqtt import CloudClient
from edge_cli.core.greengrass_ipc import CoreConnection
from edge_cli.core.topic_messages import TopicMessage
from edge_cli.errors import CommandError
from edge_cli.screen.console import Screen
from edge_common.timestamps import format_timestamp
from local_core.ipc.topics import TopicError, check_wildcards

_END = None  # in the queue: the far end has ended the connection


@dataclass(frozen=True, slots=True)
class Side:
    """Where one listens or sends.

    Attributes:
        root: The core's folder.
        is_local: On the core's local pub/sub, rather than at the cloud's broker.
    """

    root: Path
    is_local: bool

    @property
    def words(self) -> str:
        """For people."""
        return "on the core's local pub/sub" if self.is_local else "in the cloud"


def tap(screen: Screen, side: Side, topic_filter: str, *, count: int | None, duration_s: float | None) -> int:
    """Show messages as they come, until enough have come, time is up, or Ctrl-C.

    Args:
        screen: Where to show them.
        side: Where to listen.
        topic_filter: MQTT filter in the cloud, one of Greengrass's pub/sub locally.
        count: Stop after so many messages; None for no limit.
        duration_s: Stop after so many seconds; None for no limit.

    Returns:
        How many came.

    Raises:
        CommandError: The filter is none, or the far end refused it, or ended the connection.
    """
    _check_filter(topic_filter)
    deadline = None if duration_s is None else time.monotonic() + duration_s
    arrived: queue.SimpleQueue[TopicMessage | None] = queue.SimpleQueue()
    shown = 0
    with _listening(side, topic_filter, arrived):
        screen.note(f"Listening to {topic_filter} {side.words}. Ctrl-C ends it.")
        while count is None or shown < count:
            try:
                left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
                message = arrived.get(timeout=left_s)
            except queue.Empty:
                break
            if message is _END:
                raise CommandError(
                    f"The core on {side.root} ended the connection. Is it still running? "
                    f"scripts/edge core status --root {side.root}"
                )
            show(screen, message)
            shown += 1
    return shown


def show(screen: Screen, message: TopicMessage) -> None:
    """One message on one line: when, where, what."""
    if screen.as_json:
        screen.emit(message.document())
        return
    line = Text().append(format_timestamp(message.received_at)[11:23], "dim")
    line.append(f" {message.topic} ", "cyan")
    line.append(message.text())
    screen.console.print(line, soft_wrap=True)


def publish(side: Side, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
    """Send one message; `qos` and `retain` count in the cloud only.

    Raises:
        CommandError: The far end refused or did not answer.
    """
    if side.is_local:
        with CoreConnection(side.root) as core:
            core.publish_local(topic, payload)
        return
    with CloudClient(daemon.status(side.root)["endpoints"]["mqtt"]) as cloud:
        cloud.publish(topic, payload, qos=qos, retain=retain)


def checked_payload(text: str, *, as_text: bool) -> bytes:
    """What to send.

    Args:
        text: As typed, or as read from stdin.
        as_text: Send the text as it is, even if it is not JSON.

    Raises:
        CommandError: It is not JSON: a component that expects JSON would only refuse it later.
    """
    if not as_text:
        try:
            json.loads(text)
        except ValueError as error:
            raise CommandError(
                f"The payload is not JSON: {error}. Quote it for the shell, e.g. '{{\"a\": 1}}', "
                f"or send it as it is with --text."
            ) from None
    return text.encode()


def _check_filter(topic_filter: str) -> None:
    """The core's local pub/sub takes any text as a filter, and then nothing ever comes."""
    try:
        check_wildcards(topic_filter)
    except TopicError as error:
        raise CommandError(
            f"'{topic_filter}' is not a topic filter: {error}. Examples: 'a/+/c', 'a/#'"
        ) from None


@contextmanager
def _listening(
    side: Side, topic_filter: str, arrived: "queue.SimpleQueue[TopicMessage | None]"
) -> Iterator[None]:
    def ended() -> None:
        arrived.put(_END)

    if side.is_local:
        with CoreConnection(side.root) as core:
            core.subscribe_local(topic_filter, arrived.put, ended)
            yield
    else:
        endpoint = daemon.status(side.root)["endpoints"]["mqtt"]
        with CloudClient(endpoint, arrived.put, ended) as cloud:
            cloud.subscribe(topic_filter)
            yield
