"""The Greengrass IPC server: listens on the Unix socket, and owns every connection made there.

Knows no operation by name; what they do lies in `local_core.operations`. Runs on the core's event loop.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from local_core.ipc.connection import Connection
from local_core.ipc.dialect import CLASSIC, Dialect
from local_core.ipc.routes import Routes
from local_core.ipc.rpc import Operation
from local_core.ipc.tokens import Tokens
from local_core.ipc.unix_address import UnixAddress

_BACKLOG = 128  # connections that wait to be accepted: every component of a core at once
_CANCEL_GRACE_S = 1.0  # for the work of cancelled calls to notice that it is cancelled


class IpcServer:
    """Serves the operations of a core to components that hold a token.

    Life cycle: `start`, any number of `restart`, `stop`; a stopped server may be started again. Its owner
    stops it before the event loop ends.

    Args:
        socket_path: Where the socket lies on disk; may be longer than a socket's name can be, see `address`.
        tokens: Who may connect, as whom.
        operations: What may be called.
        dialect: Of which nucleus.
    """

    def __init__(
        self,
        socket_path: Path,
        tokens: Tokens,
        operations: Iterable[Operation],
        dialect: Dialect = CLASSIC,
    ) -> None:
        self._socket_path = socket_path
        self._tokens = tokens
        self._routes = Routes(operations)
        self._dialect = dialect
        self._mute: set[tuple[str | None, str | None]] = set()  # component, operation or None for all
        self._connections: set[Connection] = set()
        self._is_empty = asyncio.Event()  # set when the last connection has left
        self._unix: UnixAddress | None = None
        self._listener: asyncio.Server | None = None

    @property
    def address(self) -> Path:
        """What clients connect to, at most 107 bytes: the socket's path, or a short name for it.

        Stays the same over `restart`, so that components may keep it in their environment.

        Raises:
            RuntimeError: The server has not been started.
        """
        if self._unix is None:
            raise RuntimeError("the IPC server has no address before start()")
        return self._unix.name

    @property
    def connection_count(self) -> int:
        """Open connections, also those that have not said yet who they are."""
        return len(self._connections)

    async def start(self) -> None:
        """Listen; returns when clients can connect.

        Raises:
            CoreError: The socket cannot be made.
        """
        if self._unix is not None:
            raise RuntimeError("the IPC server runs already")
        unix = UnixAddress(self._socket_path)
        try:
            await self._listen(unix)
        except BaseException:
            unix.close()
            raise
        self._unix = unix

    async def stop(self) -> None:
        """End every connection and remove the socket; nothing of the server runs afterwards."""
        if self._unix is None:
            return
        unix, self._unix = self._unix, None
        await self._hang_up(unix)
        unix.close()

    async def restart(self) -> None:
        """A fault on request: every connection and the socket are gone, then the server listens again.

        It answers everybody again. Tokens stay valid unless their owner revokes them before, as Lite's
        restart of its IPC does.
        """
        if self._unix is None:
            raise RuntimeError("the IPC server does not run")
        await self._hang_up(self._unix)
        self._mute.clear()
        await self._listen(self._unix)

    def mute(self, component: str, operation: str | None = None) -> None:
        """A fault on request: what `component` asks is done and never answered, until `restart`.

        Events of its subscriptions do not come either. It may connect, and its connections stay open.

        Args:
            component: Whose calls.
            operation: Those of this one only, such as `PublishToIoTCore`; None: of all.
        """
        self._mute.add((component, operation))

    # ---- for connections (connection.Host) ----

    def joined(self, connection: Connection) -> None:
        """A peer has been accepted; too late when the server has stopped listening in the meantime."""
        if self._listener is None:
            connection.abort()
        else:
            self._connections.add(connection)

    def left(self, connection: Connection) -> None:
        """The connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._is_empty.set()

    def is_mute(self, component: str | None, operation: str) -> bool:
        """Whether this component's calls of this operation go unanswered now."""
        return bool(self._mute) and not self._mute.isdisjoint({(component, None), (component, operation)})

    # ---- inside ----

    async def _listen(self, unix: UnixAddress) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_unix_server(self._accept, sock=unix.bind(), backlog=_BACKLOG)

    def _accept(self) -> Connection:
        return Connection(self._tokens, self._routes, self, self._dialect)

    async def _hang_up(self, unix: UnixAddress) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        unix.unlink()
        work = [work for connection in self._connections for work in connection.work_of_calls]
        for connection in list(self._connections):
            connection.close()
        if self._connections:
            self._is_empty.clear()
            await self._is_empty.wait()
        if work:
            await asyncio.wait(work, timeout=_CANCEL_GRACE_S)
