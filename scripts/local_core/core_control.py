"""What a core answers on its control channel: its status, the cloud away and back, faults, its end.

Runs on the core's event loop.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from local_core.cloud.keeper import Keeper
from local_core.cloud.services import CloudService
from local_core.control import Command
from local_core.core_parts import CoreParts
from local_core.errors import CoreError
from local_core.ipc.routes import KNOWN_OPERATIONS
from local_core.runtime.builtin import CLI
from local_core.settings import Flavor


class CoreControl:
    """The commands of one core.

    Args:
        parts: The core's, whose uptime begins now.
        ask_down: Asks the core to end.
    """

    def __init__(self, parts: CoreParts, ask_down: Callable[[], None]) -> None:
        self._parts = parts
        self._ask_down = ask_down
        self._started_at_s = time.monotonic()

    def commands(self) -> Mapping[str, Command]:
        """What the control server offers: name -> coroutine function."""
        return {
            "status": self._answer_status,
            "offline": self._go_offline,
            "online": self._go_online,
            "restart_ipc": self._restart_ipc,
            "mute_subscription": self._mute_subscription,
            "mute_answers": self._mute_answers,
            "expire_credentials": self._expire_credentials,
            "down": self._go_down,
        }

    def status(self) -> dict[str, Any]:
        """Everything a person or a program may want to know of the core now; JSON values."""
        parts, settings = self._parts, self._parts.settings
        iot_core = asdict(parts.iot_core.status())
        return {
            "pid": os.getpid(),
            "root": str(settings.root),
            "thing_name": settings.thing_name,
            "region": settings.region,
            "flavor": settings.flavor.value,
            "online": iot_core.pop("is_online"),
            "away": {service.value: _utc(since) for service, since in parts.outage.away().items()},
            "uptime_s": round(time.monotonic() - self._started_at_s, 3),
            "bucket": settings.bucket,
            "broker": parts.broker.kind.value,
            "endpoints": {
                "ipc": str(parts.ipc.address),
                "mqtt": f"127.0.0.1:{parts.broker.port}",
                "s3": parts.object_store.endpoint_url,
                "token_exchange": parts.token_exchange.full_uri,
            },
            "services": {
                "mqtt": _service(parts.broker.keeper),
                "s3": _service(parts.object_store.keeper),
            },
            "components": [asdict(status) for status in parts.supervisor.status()],
            "iot_core": iot_core,
        }

    async def _answer_status(self) -> dict[str, Any]:
        return self.status()

    async def _go_offline(self, only: str | None = None) -> dict[str, Any]:
        await self._parts.outage.begin(_services(only))
        return self.status()

    async def _go_online(self) -> dict[str, Any]:
        back = await self._parts.outage.end()
        return {**self.status(), "back": [service.value for service in back]}

    async def _restart_ipc(self) -> dict[str, Any]:
        parts = self._parts
        dropped = parts.ipc.connection_count
        if parts.settings.flavor is Flavor.LITE:
            parts.tokens.revoke_all_but(CLI)  # seen on Lite 2.6.0: components need a new SVCUID, thus a start
        await parts.ipc.restart()
        return {"dropped_connections": dropped}

    async def _mute_subscription(self, component: str, topic_filter: str | None = None) -> dict[str, Any]:
        in_iot_core = self._parts.iot_core.mute(component, topic_filter)
        local = self._parts.pubsub.mute(component, topic_filter)
        return {"muted_subscriptions": in_iot_core + local}

    async def _mute_answers(self, component: str, operation: str | None = None) -> dict[str, Any]:
        known = {CLI, *(status.name for status in self._parts.supervisor.status())}
        if component not in known:
            raise CoreError(f"there is no component {component}. What runs: scripts/edge core status")
        if operation not in (None, *KNOWN_OPERATIONS):
            raise CoreError(f"IPC has no operation {operation!r}; one that it has: PublishToIoTCore")
        self._parts.ipc.mute(component, operation)
        return {"component": component, "operation": operation}

    async def _expire_credentials(self) -> dict[str, Any]:
        expired = self._parts.token_exchange.expire()
        await self._parts.object_store.refuse_tokens(expired)
        return {"expired_credentials": len(expired)}

    async def _go_down(self) -> dict[str, Any]:
        self._ask_down()
        return {"pid": os.getpid()}


def _services(only: str | None) -> list[CloudService]:
    if only is None:
        return list(CloudService)
    try:
        return [CloudService(only)]
    except ValueError:
        raise CoreError(f"there is no service {only!r}; there are {', '.join(CloudService)}") from None


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _service(keeper: Keeper) -> dict[str, Any]:
    return {"state": keeper.state.value, "restarts": keeper.restarts}
