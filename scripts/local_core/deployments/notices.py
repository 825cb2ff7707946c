"""What a deployment asks of the components that run, and tells them. The far end speaks IPC to them."""

from collections.abc import Mapping
from typing import Any, Protocol

JsonObject = dict[str, Any]


class UpdateNotices(Protocol):
    """How deployments reach the components that have subscribed."""

    async def wait_for_consent(self, deployment_id: str) -> None:
        """Announce the update and wait for as long as a component defers it."""

    async def validate(self, deployment_id: str, configurations: Mapping[str, JsonObject]) -> None:
        """Have components check the configurations they are about to get.

        Args:
            deployment_id: Named in their reports.
            configurations: Component name -> its whole new configuration; only subscribed ones are asked.

        Raises:
            ConfigurationRejectedError: One of them rejects it, or does not answer in time.
        """

    def tell_done(self, deployment_id: str) -> None:
        """Announce that the update is over, or not to come."""
