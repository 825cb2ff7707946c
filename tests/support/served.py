"""Operations behind a real IPC server, called by components that are the unmodified AWS SDK."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from local_core.ipc.rpc import JsonObject, Operation
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from support.ipc import connect
from support.loops import LoopThread
from support.waiting import wait_until


def allow_all(*services: str) -> Callable[[str], JsonObject]:
    """An accessControl for every component: all operations of `services` on all resources."""
    policies = {service: {f"{service}:1": {"operations": ["*"], "resources": ["*"]}} for service in services}
    return lambda _component: policies


class Served:
    """A running server; made by `served`."""

    def __init__(self, loop: LoopThread, server: IpcServer, tokens: Tokens) -> None:
        self.loop = loop
        self.server = server
        self._tokens = tokens

    def component(self, name: str) -> AbstractContextManager[GreengrassCoreIPCClientV2]:
        """A client connected as component `name`, with a token of its own."""
        return connect(self.server.address, self._tokens.issue(name))


@contextmanager
def served(loop: LoopThread, folder: Path, operations: Iterable[Operation]) -> Iterator[Served]:
    """Serve `operations` on a socket in `folder`, in `loop`."""
    tokens = Tokens()
    server = loop.call(IpcServer, folder / "ipc.socket", tokens, list(operations))
    loop.run(server.start())
    try:
        yield Served(loop, server, tokens)
    finally:
        loop.run(server.stop())


class Events:
    """What a subscription has got, in order; give `add` to the SDK as its handler."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[Any] = []

    def add(self, event: Any) -> None:
        """Record one event."""
        with self._lock:
            self._seen.append(event)

    @property
    def seen(self) -> list[Any]:
        """Everything so far."""
        with self._lock:
            return list(self._seen)

    def wait_for(self, count: int, within_s: float = 10.0) -> list[Any]:
        """Wait for at least `count` events; returns all."""
        wait_until(lambda: len(self.seen) >= count, within_s, f"{count} events")
        return self.seen
