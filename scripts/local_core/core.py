"""The core: owns every part, starts them in the order in which they need each other, stops them in reverse.

Knows no protocol and no rule of its own. Everything runs on one event loop.
"""

import asyncio
import contextlib
import json
import logging
import os
import pwd
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from local_core.children import Children
from local_core.cloud.broker import Broker
from local_core.cloud.keeper import Keeper
from local_core.cloud.link import Link
from local_core.cloud.object_store import ObjectStore
from local_core.cloud.token_exchange import TokenExchange
from local_core.control import ControlServer
from local_core.ipc.authorization import MQTTPROXY, PUBSUB, Authorizer
from local_core.ipc.eventstream import LITE_MAX_FRAME_BYTES, MAX_FRAME_BYTES
from local_core.ipc.rpc import JsonObject
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from local_core.layout import Layout
from local_core.model.configuration import ConfigurationStore
from local_core.operations.component_updates import ComponentUpdates
from local_core.operations.iot_core import IotCore
from local_core.operations.offered import Parts, offered_operations
from local_core.root_lock import RootLock
from local_core.runtime.access_control import access_control_of
from local_core.runtime.builtin import CLI, nucleus_version
from local_core.runtime.component_log import CoreLogHandler
from local_core.runtime.deployment_host import DeploymentHost
from local_core.runtime.deployments import Deployments
from local_core.runtime.environment import CoreVariables
from local_core.runtime.supervisor import ComponentHost, Supervisor
from local_core.settings import CoreSettings, Flavor

_logger = logging.getLogger(__name__)

LAST_WORDS_S = 2.0  # for the broker to acknowledge what is spooled when the core goes down

# A person at the keyboard may publish and subscribe to anything: `edge tap`, `edge pub`, `edge run`.
_ANYTHING = {"operations": ["*"], "resources": ["*"]}
_GRANTS_OF_THE_COMMAND: JsonObject = {
    PUBSUB: {f"{CLI}:pubsub:1": _ANYTHING},
    MQTTPROXY: {f"{CLI}:mqttproxy:1": _ANYTHING},
}


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
        self._layout = layout = Layout(settings.root)
        self._down = asyncio.Event()
        self._started_at_s = time.monotonic()
        self._running = contextlib.AsyncExitStack()

        self._tokens = Tokens()
        self._children = Children(layout.state / "children.json")
        self._broker = Broker(layout, self._children, settings.mqtt_port)
        self._object_store = ObjectStore(
            layout, self._children, settings.bucket, settings.region, settings.s3_port
        )
        self._token_exchange = TokenExchange(self._tokens, settings.flavor, settings.token_exchange_port)
        is_lite = settings.flavor is Flavor.LITE
        self._link = Link(settings.thing_name, once_per_subscription=not is_lite, keep_session=not is_lite)
        self._supervisor = Supervisor(
            ComponentHost(layout, self._children, self._tokens, self._variables, settings.flavor)
        )

    async def start(self) -> None:
        """Start everything; what an earlier core on this root had deployed runs again.

        Raises:
            CoreError: Another core has this root, a port is taken, a program is missing.
            OSError: The root cannot be written.
        """
        settings, layout = self._settings, self._layout
        settings.root.mkdir(parents=True, exist_ok=True)
        self._running.enter_context(RootLock(layout.lock))
        self._running.enter_context(_logged_to(layout.logs))
        for stray in self._children.reap_strays():
            _logger.warning("Ended process %d, which an earlier core on this root had left behind", stray)

        self._store = ConfigurationStore(layout.state / "configuration.json")
        self._authorizer = Authorizer(self._access_control, self._store.component_names)
        self._iot_core = IotCore(self._authorizer, self._link, settings.flavor)
        updates = ComponentUpdates()
        self._deployments = Deployments(
            DeploymentHost(settings, layout, self._store, self._supervisor, updates, self._authorizer.forget)
        )
        parts = Parts(
            authorizer=self._authorizer,
            deployments=self._deployments,
            iot_core=self._iot_core,
            secrets_file=layout.state / "secrets.json",
            shadows_folder=layout.state / "shadows",
            store=self._store,
            supervisor=self._supervisor,
            tokens=self._tokens,
            updates=updates,
        )
        self._ipc = IpcServer(
            layout.ipc_socket,
            self._tokens,
            offered_operations(parts, settings.flavor),
            LITE_MAX_FRAME_BYTES if settings.flavor is Flavor.LITE else MAX_FRAME_BYTES,
        )
        control = ControlServer(
            layout.control_socket,
            {
                "status": self._answer_status,
                "offline": self._go_offline,
                "online": self._go_online,
                "restart_ipc": self._restart_ipc,
                "mute_subscription": self._mute_subscription,
                "expire_credentials": self._expire_credentials,
                "down": self._go_down,
            },
        )

        await self._running_together(self._broker, self._object_store, self._token_exchange)
        self._running.push_async_callback(self._link.stop)
        await self._link.start(self._broker.port, self._broker.protocol)
        self._running.push_async_callback(self._send_what_is_spooled)
        await self._running_until_stop(self._ipc)
        self._running.callback(self._cli_info_file().unlink, missing_ok=True)
        self._write_cli_info()
        self._running.push_async_callback(self._supervisor.stop_all)
        await self._running_until_stop(self._deployments)
        await self._running_until_stop(control)
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
        """Everything a person or a program may want to know of it now; JSON values."""
        settings = self._settings
        iot_core = asdict(self._iot_core.status())
        return {
            "pid": os.getpid(),
            "root": str(settings.root),
            "thing_name": settings.thing_name,
            "region": settings.region,
            "flavor": settings.flavor.value,
            "online": iot_core.pop("is_online"),
            "uptime_s": round(time.monotonic() - self._started_at_s, 3),
            "bucket": settings.bucket,
            "broker": self._broker.kind.value,
            "endpoints": {
                "ipc": str(self._ipc.address),
                "mqtt": f"127.0.0.1:{self._broker.port}",
                "s3": self._object_store.endpoint_url,
                "token_exchange": self._token_exchange.full_uri,
            },
            "services": {
                "mqtt": _service(self._broker.keeper),
                "s3": _service(self._object_store.keeper),
            },
            "components": [asdict(status) for status in self._supervisor.status()],
            "iot_core": iot_core,
        }

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
        if self._link.is_online:
            await self._iot_core.wait_published(LAST_WORDS_S)
        lost = self._iot_core.status().spooled_messages
        if lost:
            _logger.warning(
                "%d messages for IoT Core are lost: the spooler's memory ends with the core", lost
            )

    def _variables(self) -> CoreVariables:
        return CoreVariables(
            ipc_socket=self._ipc.address,
            thing_name=self._settings.thing_name,
            region=self._settings.region,
            nucleus_version=nucleus_version(self._settings.flavor),
            home=self._settings.root / "home",
            credentials_uri=self._token_exchange.full_uri,
            extra={"AWS_ENDPOINT_URL_S3": self._object_store.endpoint_url},
        )

    def _access_control(self, component: str) -> JsonObject:
        if component == CLI:
            return _GRANTS_OF_THE_COMMAND
        return access_control_of(component, self._store, self._layout, self._settings)

    def _cli_info_file(self) -> Path:
        return self._layout.cli_ipc_info / f"user-{_user_name()}.json"

    def _write_cli_info(self) -> None:
        path = self._cli_info_file()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        info = {"cli_auth_token": self._tokens.issue(CLI), "domain_socket_path": str(self._ipc.address)}
        path.write_text(json.dumps(info))

    async def _answer_status(self) -> dict[str, Any]:
        return self.status()

    async def _go_offline(self) -> dict[str, Any]:
        await self._link.go_offline()
        return self.status()

    async def _go_online(self) -> dict[str, Any]:
        await self._link.go_online()
        return self.status()

    async def _restart_ipc(self) -> dict[str, Any]:
        dropped = self._ipc.connection_count
        if self._settings.flavor is Flavor.LITE:
            self._tokens.revoke_all_but(CLI)  # seen on Lite 2.6.0: components need a new SVCUID, thus a start
        await self._ipc.restart()
        return {"dropped_connections": dropped}

    async def _mute_subscription(self, component: str, topic_filter: str | None = None) -> dict[str, Any]:
        return {"muted_subscriptions": self._iot_core.mute(component, topic_filter)}

    async def _expire_credentials(self) -> dict[str, Any]:
        expired = self._token_exchange.expire()
        await self._object_store.refuse_tokens(expired)
        return {"expired_credentials": len(expired)}

    async def _go_down(self) -> dict[str, Any]:
        self.ask_down()
        return {"pid": os.getpid()}


def _service(keeper: Keeper) -> dict[str, Any]:
    return {"state": keeper.state.value, "restarts": keeper.restarts}


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
