"""The core's own control channel: status, the cloud away and back, faults, down. A device has none.

One JSON object for each line on a Unix socket in the core's root: `{"command": "status", …}` is answered by
`{"ok": true, "result": {…}}` or `{"ok": false, "error": "a message for a person"}`. The server runs on the
core's event loop; `request` is the blocking client of the command.
"""

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local_core.errors import CoreError
from local_core.layout import Layout

_logger = logging.getLogger(__name__)

MAX_LINE_BYTES = 1 << 20
# More than the core itself waits for its broker and its S3 (ANSWER_TIMEOUT_S of cloud.object_store and
# CONNECT_TIMEOUT_S of cloud.link).
ANSWER_TIMEOUT_S = 20.0
Command = Callable[..., Awaitable[dict[str, Any]]]


class ControlServer:
    """Answers control requests for the life of a core.

    Args:
        path: The socket; a file left there by a crashed core is replaced.
        commands: Command name -> coroutine function; a request's other members are its keyword arguments.
    """

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; only the user who runs the core may connect (mode 0600)."""
        self._path.unlink(missing_ok=True)
        with _short_path(self._path) as address:
            self._server = await asyncio.start_unix_server(self._serve, address, limit=MAX_LINE_BYTES)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Stop listening and remove the socket; a reply that is being written is still written."""
        if self._server:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while (line := await _next_line(reader)) != b"":
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()

    async def _answer(self, line: bytes | None) -> dict[str, Any]:
        if line is None:
            error = f"a control request is one line of at most {MAX_LINE_BYTES} bytes"
            return {"ok": False, "error": error}
        try:
            arguments = json.loads(line)
            name = arguments.pop("command")
            command = self._commands[name]
        except (ValueError, AttributeError, KeyError, TypeError):
            known = ", ".join(sorted(self._commands))
            return {"ok": False, "error": f"not a control request: {line[:200]!r}; known commands: {known}"}
        try:
            return {"ok": True, "result": await command(**arguments)}
        except (CoreError, TypeError) as error:
            return {"ok": False, "error": f"{name}: {error}"}
        except Exception as error:
            _logger.exception("The control command %s failed", name)
            return {"ok": False, "error": f"{name} failed in the core, whose log has more: {error!r}"}


async def _next_line(reader: asyncio.StreamReader) -> bytes | None:
    """The next line; what is there of it when its sender ends; None for one that is too long."""
    is_too_long = False
    while True:
        try:
            line = await reader.readuntil()
        except asyncio.LimitOverrunError as overrun:
            is_too_long = True
            await reader.readexactly(overrun.consumed)  # thrown away, up to the end of the line at most
            continue
        except asyncio.IncompleteReadError as end:
            line = end.partial
        return None if is_too_long else line


def request(
    root: Path, command: str, *, timeout_s: float = ANSWER_TIMEOUT_S, **arguments: Any
) -> dict[str, Any]:
    """Ask the core on `root` and wait for its answer.

    Args:
        root: The core's folder.
        command: A control command, e.g. `status`.
        timeout_s: Seconds to wait for the answer.
        **arguments: The command's arguments, JSON values.

    Raises:
        CoreError: No core runs on `root`, it did not answer in time, or it refused.
    """
    path = Layout(root).control_socket
    try:
        with _short_path(path) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(timeout_s)
            peer.connect(address)
            with peer.makefile("rwb") as lines:
                lines.write(json.dumps({"command": command, **arguments}).encode() + b"\n")
                lines.flush()
                reply = lines.readline()
    except (FileNotFoundError, ConnectionRefusedError):
        raise CoreError(f"No core runs on {root}. Start one: scripts/edge core up --root {root}") from None
    except ConnectionError:
        reply = b""
    except TimeoutError:
        raise CoreError(
            f"The core on {root} did not answer '{command}' within {timeout_s:g} s. "
            f"Its log: {Layout(root).logs / 'greengrass.log'}"
        ) from None
    except OSError as error:
        raise CoreError(f"The core on {root} cannot be asked for '{command}': {error}") from None
    if not reply.endswith(b"\n"):
        raise CoreError(
            f"The core on {root} ended while '{command}' was asked of it. "
            f"Its log: {Layout(root).logs / 'greengrass.log'}"
        )
    answer = json.loads(reply)
    if not answer["ok"]:
        raise CoreError(answer["error"])
    result: dict[str, Any] = answer["result"]
    return result


@contextlib.contextmanager
def _short_path(path: Path) -> Iterator[str]:
    # A socket's path may have 107 bytes at most; through the folder's descriptor any depth will do.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
