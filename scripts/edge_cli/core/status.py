"""What a core says of itself over its control socket; shapes only."""

from typing import TypedDict


class Endpoints(TypedDict):
    """Where the core listens, all on loopback: `mqtt` as host:port, `s3` and `token_exchange` as URLs."""

    ipc: str
    mqtt: str
    s3: str
    token_exchange: str


class ComponentStatus(TypedDict):
    """One component: `state` in the nucleus's words, `pid` None while it has no process.

    `restarts`: starts because somebody asked, such as a deployment; `crashes`: how often it failed.
    """

    name: str
    version: str
    state: str
    restarts: int
    crashes: int
    pid: int | None
    is_root: bool


class IotCoreCounters(TypedDict):
    """The link to IoT Core since the core started: messages, and bytes where the name says so."""

    published: int
    delivered: int
    spooled_messages: int
    spooled_bytes: int
    in_flight: int
    dropped: int
    subscriptions: int


class ServiceStatus(TypedDict):
    """A process that the core has beside it: `state` running or down, `restarts` after it had died."""

    state: str
    restarts: int


class CoreStatus(TypedDict):
    """The answer to the control command `status`.

    `online`: whether IoT Core can be reached. `away`: the services of the cloud that were taken away on
    request (`local_core.cloud.services.CloudService`), and since when, UTC as 2026-11-22T04:26:11Z.
    """

    pid: int
    root: str
    thing_name: str
    region: str
    flavor: str
    online: bool
    away: dict[str, str]
    uptime_s: float
    bucket: str
    endpoints: Endpoints
    broker: str
    services: dict[str, ServiceStatus]
    components: list[ComponentStatus]
    iot_core: IotCoreCounters
