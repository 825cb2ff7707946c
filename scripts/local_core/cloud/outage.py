"""Faults on request: services of the cloud out of reach, each since when, until all of them come back.

Owns which are away; what that looks like to a component is for the part that plays the service. What is away
stays away when such a part is started again. Runs in the core's event loop.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from local_core.cloud.link import Link
from local_core.cloud.s3.store import ObjectStore
from local_core.cloud.services import CloudService
from local_core.cloud.token_exchange import TokenExchange


class CloudOutage:
    """Takes services away and brings them back.

    Args:
        link: To IoT Core.
        object_store: S3.
        token_exchange: The core's own endpoint, which stays; what it asks may be away.
    """

    def __init__(self, link: Link, object_store: ObjectStore, token_exchange: TokenExchange) -> None:
        self._link = link
        self._object_store = object_store
        self._token_exchange = token_exchange
        self._since: dict[CloudService, datetime] = {}

    def away(self) -> Mapping[CloudService, datetime]:
        """What is away, in the order of `CloudService`; when it went, UTC."""
        return {service: self._since[service] for service in CloudService if service in self._since}

    async def begin(self, services: Collection[CloudService]) -> None:
        """Take these away; one that is away already stays so since then.

        What IoT Core and S3 have in hand is finished first, so that this fault by itself doubles nothing.

        Raises:
            CoreError: The S3 stand-in does not answer now; it is away once it has been started again.
        """
        for service in services:
            self._since.setdefault(service, datetime.now(UTC))
        if CloudService.CREDENTIALS in services:
            self._token_exchange.go_offline()
        if CloudService.IOT_CORE in services:
            await self._link.go_offline()
        if CloudService.S3 in services:
            await self._object_store.go_offline()

    async def end(self) -> list[CloudService]:
        """Bring back everything; returns what was away.

        Raises:
            CoreError: The S3 stand-in does not answer now, or the broker not within 10 s; either is tried
                again by itself.
        """
        back = list(self.away())
        self._since.clear()
        self._token_exchange.go_online()
        try:
            await self._object_store.go_online()
        finally:
            await self._link.go_online()
        return back
