"""What the tests of our IPC gateway share: names, policies without patience, and looking at what is left."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from edge_common.backoff import Backoff
from edge_common.ipc import Message, ReconnectPolicy
from support.waiting import wait_until

TOPIC = "orangepi5-core-001/sensors/data"
FILTER = "orangepi5-core-001/+/+"
HASTE = Backoff(initial_s=0.01, max_s=0.05)
QUICK = ReconnectPolicy(backoff=HASTE, stable_after_s=0.1, give_up_after_s=20)
IMPATIENT = ReconnectPolicy(
    backoff=HASTE, connect_timeout_s=0.2, subscribe_timeout_s=0.3, give_up_after_s=0.5
)
PATIENT_BUT_FOR_REFUSALS = ReconnectPolicy(backoff=HASTE, give_up_after_s=3600, refused_after_s=0.5)
PATIENCE_S = 20.0


class Received:
    """What a subscription got; `on_message` of a gateway."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def __call__(self, message: Message) -> None:
        """Note the message."""
        self.messages.append(message)

    @property
    def payloads(self) -> list[bytes]:
        """Of all messages so far."""
        return [message.payload for message in list(self.messages)]

    def wait_for(self, count: int) -> list[bytes]:
        """Wait for `count` messages; the payloads of all that came."""
        wait_until(lambda: len(self.messages) >= count, PATIENCE_S, f"{count} messages")
        return self.payloads


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that connections arrive at; what becomes of them is the test's."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        yield listener


def threads_and_descriptors() -> tuple[int, int]:
    """Native threads and open file descriptors of this process."""
    return len(list(Path("/proc/self/task").iterdir())), len(list(Path("/proc/self/fd").iterdir()))
