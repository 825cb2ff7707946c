"""Waiting for a deployment's outcome; in the caller's thread.

The classic nucleus says how a deployment fares. Lite has no such operation: there the outcome is read off the
components, as somebody at the device would.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_cli import core_process
from edge_cli.core_status import ComponentStatus
from edge_cli.deployments import FINAL_STATES, Deployment, DeploymentRequest
from edge_cli.errors import CommandError
from edge_cli.greengrass_ipc import CoreConnection
from local_core.settings import Flavor

_POLL_S = 0.2


def deploy(core: CoreConnection, root: Path, request: DeploymentRequest) -> "PendingDeployment":
    """Submit a deployment.

    Raises:
        CommandError: The core refused it.
    """
    is_lite = core_process.status(root)["flavor"] == Flavor.LITE
    return PendingDeployment(core, root, request, core.create_deployment(request), is_lite=is_lite)


class PendingDeployment:
    """A deployment that the core has accepted.

    Attributes:
        deployment_id: Its id.
    """

    def __init__(
        self,
        core: CoreConnection,
        root: Path,
        request: DeploymentRequest,
        deployment_id: str,
        *,
        is_lite: bool,
    ) -> None:
        self._core = core
        self._root = root
        self._request = request
        self._is_lite = is_lite
        self.deployment_id = deployment_id

    def look(self) -> Deployment:
        """How it fares now.

        Raises:
            CommandError: The core does not know it any more.
            CoreError: The core does not answer.
        """
        if self._is_lite:
            components = core_process.status(self._root)["components"]
            return Deployment(self.deployment_id, seen_from_outside(self._request, components))
        return self._core.deployment(self.deployment_id)

    def outcome(self, timeout_s: float, meanwhile: Callable[[], None] | None = None) -> Deployment:
        """Wait until it has succeeded, failed or been cancelled.

        Args:
            timeout_s: How long to wait.
            meanwhile: Called between two looks; it may wait a little. None waits by itself.

        Raises:
            CommandError: It is still under way after `timeout_s` seconds; it goes on.
        """
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while (seen := self.look()).status not in FINAL_STATES:
            if time.monotonic() >= deadline:
                raise CommandError(
                    f"Deployment {self.deployment_id} is {seen.status} after {timeout_s:g} s and goes on. "
                    f"See scripts/edge core status and scripts/edge logs greengrass."
                )
            if meanwhile:
                meanwhile()
            else:
                pause.wait(_POLL_S)
        return seen


def seen_from_outside(request: DeploymentRequest, components: Sequence[ComponentStatus]) -> str:
    """A deployment's status as the components show it.

    What was already there in the wanted version looks deployed at once: from outside it cannot be told.
    """
    by_name = {component["name"]: component for component in components}
    wanted = [
        by_name[name]
        for name, version in request.merge.items()
        if name in by_name and by_name[name]["version"] == version
    ]
    if any(component["state"] == "BROKEN" for component in wanted):
        return "FAILED"
    all_run = all(component["state"] in ("RUNNING", "FINISHED") for component in wanted)
    if all_run and len(wanted) == len(request.merge) and by_name.keys().isdisjoint(request.remove):
        return "SUCCEEDED"
    return "IN_PROGRESS"
