"""Listening to and sending single messages, at the cloud's side or on the core's local pub/sub.

Messages arrive on a gateway's thread and are handed to the command's thread through a queue.
"""

import json
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.text import Text

from edge_cli import core_process
from edge_cli.cloud_mqtt import CloudClient
from edge_cli.console import Screen
from edge_cli.errors import CommandError
from edge_cli.greengrass_ipc import CoreConnection
from edge_cli.topic_messages import TopicMessage, iso_ms

_END = None  # in the queue: the far end has ended the connection


def tap(
    screen: Screen, root: Path, topic_filter: str, *, local: bool, count: int | None, duration_s: float | None
) -> int:
    """Show messages as they come, until enough have come, time is up, or Ctrl-C.

    Args:
        screen: Where to show them.
        root: The core's folder.
        topic_filter: MQTT filter; for `local`, one of Greengrass's pub/sub.
        local: Listen on the core's local pub/sub rather than at the cloud's broker.
        count: Stop after so many messages; None for no limit.
        duration_s: Stop after so many seconds; None for no limit.

    Returns:
        How many came.

    Raises:
        CommandError: The far end refused, or ended the connection.
    """
    deadline = None if duration_s is None else time.monotonic() + duration_s
    arrived: queue.SimpleQueue[TopicMessage | None] = queue.SimpleQueue()
    shown = 0
    with _listening(root, topic_filter, arrived, local=local) as where:
        screen.say(f"[dim]Listening to {_escaped(topic_filter)} {where}. Ctrl-C ends it.[/]")
        while count is None or shown < count:
            try:
                left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
                message = arrived.get(timeout=left_s)
            except queue.Empty:
                break
            if message is _END:
                raise CommandError(f"The core on {root} ended the connection. Is it still running? edge core status")
            show(screen, message)
            shown += 1
    return shown


def show(screen: Screen, message: TopicMessage) -> None:
    """One message on one line: when, where, what."""
    if screen.as_json:
        screen.write(json.dumps(message.document(), ensure_ascii=False))
        return
    line = Text(iso_ms(message.received_at)[11:23], "dim")
    line.append(f" {message.topic} ", "cyan")
    line.append(message.text())
    screen.console.print(line, soft_wrap=True)


def publish(root: Path, topic: str, payload: bytes, *, local: bool, qos: int, retain: bool) -> str:
    """Send one message; returns where it went, in words.

    Raises:
        CommandError: The far end refused or did not answer.
    """
    if local:
        with CoreConnection(root) as core:
            core.publish_local(topic, payload)
        return "on the core's local pub/sub"
    endpoint = core_process.status(root)["endpoints"]["mqtt"]
    with CloudClient(endpoint) as cloud:
        cloud.publish(topic, payload, qos=qos, retain=retain)
    return "in the cloud"


def checked_payload(text: str, *, as_text: bool) -> bytes:
    """What to send.

    Args:
        text: As typed, or as read from stdin.
        as_text: Send it as it is, JSON or not.

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


@contextmanager
def _listening(
    root: Path, topic_filter: str, arrived: "queue.SimpleQueue[TopicMessage | None]", *, local: bool
) -> Iterator[str]:
    def ended() -> None:
        arrived.put(_END)

    if local:
        with CoreConnection(root) as core:
            core.subscribe_local(topic_filter, arrived.put, ended)
            yield "on the core's local pub/sub"
    else:
        endpoint = core_process.status(root)["endpoints"]["mqtt"]
        with CloudClient(endpoint, arrived.put, ended) as cloud:
            cloud.subscribe(topic_filter)
            yield "in the cloud"


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
