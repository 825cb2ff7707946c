"""The core: starts every part in the order in which they need each other, and stops them in reverse.

Knows no protocol and no rule of its own. Everything runs on one event loop.
"""

import asyncio
import contextlib
import json
import logging
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from local_core.control import ControlServer
from local_core.core_control import CoreControl
from local_core.core_parts import CoreParts
from local_core.layout import Layout
from local_core.model.configuration import ConfigurationStore
from local_core.processes.children import Children
from local_core.root_lock import RootLock
from local_core.runtime.builtin import CLI
from local_core.runtime.component_log import CoreLogHandler
from local_core.settings import CoreSettings

_logger = logging.getLogger(__name__)

LAST_WORDS_S = 2.0  # for the broker to acknowledge what is spooled when the core goes down


class _Part(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class LocalCore:
    """One core on one root. `start` it once, `stop` it once, also when starting failed.

    Args:
        settings: What it is to be.
    """

    def __init__(self, settings: CoreSettings) -> None:
        self._settings = settings
        self._down = asyncio.Event()
        self._running = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Start everything; what an earlier core on this root had deployed runs again.

        Raises:
            CoreError: Another core has this root, a port is taken, a program is missing.
            OSError: The root cannot be written.
        """
        settings, layout = self._settings, Layout(self._settings.root)
        settings.root.mkdir(parents=True, exist_ok=True)
        self._running.enter_context(RootLock(layout.lock))
        self._running.enter_context(_logged_to(layout.logs))
        children = Children(layout.state / "children.json")
        for stray in children.reap_strays():
            _logger.warning("Ended process %d, which an earlier core on this root had left behind", stray)

        store = ConfigurationStore(layout.state / "configuration.json")
        self._parts = parts = CoreParts(settings, store, children)
        self._control = CoreControl(parts, self.ask_down)
        await self._running_together(parts.broker, parts.object_store, parts.token_exchange)
        self._running.push_async_callback(parts.link.stop)
        await parts.link.start(parts.broker.port, parts.broker.protocol)
        self._running.push_async_callback(self._send_what_is_spooled)
        await self._running_until_stop(parts.ipc)
        self._running.callback(_cli_info_file(layout).unlink, missing_ok=True)
        self._write_cli_info()
        self._running.push_async_callback(parts.supervisor.stop_all)
        await self._running_until_stop(parts.deployments)
        await self._running_until_stop(ControlServer(layout.control_socket, self._control.commands()))
        _logger.info("Core is up", extra={"contexts": {"flavor": settings.flavor.value}})

    async def stop(self) -> None:
        """Stop everything that runs, components first; nothing is left behind."""
        await self._running.aclose()

    def ask_down(self) -> None:
        """End `until_down`; a second call changes nothing."""
        self._down.set()

    async def until_down(self) -> None:
        """Wait until somebody asks the core down."""
        await self._down.wait()

    def status(self) -> dict[str, Any]:
        """What the control command `status` answers; only after `start`."""
        return self._control.status()

    async def _running_together(self, *parts: _Part) -> None:
        # When one fails the others are given up, and have ended before it is said why.
        try:
            async with asyncio.TaskGroup() as starting:
                for part in parts:
                    starting.create_task(self._running_until_stop(part))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the first cause; a later one may only follow from it

    async def _running_until_stop(self, part: _Part) -> None:
        # Registered before it is started: a part that fails half-way is stopped as well.
        self._running.push_async_callback(part.stop)
        await part.start()

    async def _send_what_is_spooled(self) -> None:
        # What components have said last; the spooler is memory and ends with the core.
        iot_core = self._parts.iot_core
        if iot_core.status().is_online:
            await iot_core.wait_published(LAST_WORDS_S)
        lost = iot_core.status().spooled_messages
        if lost:
            _logger.warning(
                "%d messages for IoT Core are lost: the spooler's memory ends with the core", lost
            )

    def _write_cli_info(self) -> None:
        parts = self._parts
        path = _cli_info_file(parts.layout)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        info = {"cli_auth_token": parts.tokens.issue(CLI), "domain_socket_path": str(parts.ipc.address)}
        path.write_text(json.dumps(info))


def _cli_info_file(layout: Layout) -> Path:
    return layout.cli_ipc_info / f"user-{_user_name()}.json"


def _user_name() -> str:
    user_id = os.getuid()
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:  # a number without a name, as in many containers
        return str(user_id)


@contextlib.contextmanager
def _logged_to(folder: Path) -> Iterator[None]:
    """Send what the core logs to `greengrass.log` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    handler, root = CoreLogHandler(folder), logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
