"""The queue of local deployments: one at a time, remembered over restarts of the core.

Owns the inventory. Runs on the core's event loop, each deployment in a task that the queue's own task awaits.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections import deque
from pathlib import Path

from local_core.deployments.deployment import DeploymentRecord, DeploymentRequest, Failure, Status
from local_core.deployments.failures import failure_of
from local_core.deployments.host import DeploymentHost
from local_core.deployments.inventory import Inventory, read_inventory
from local_core.deployments.preparation import recall
from local_core.deployments.rollout import EVERYTHING, Rollout
from local_core.errors import CoreError
from local_core.layout import Layout
from local_core.runtime.builtin import NUCLEUS, built_in_components

_LOG = logging.getLogger(__name__)


class Deployments:
    """The deployments of one core: `start` brings back what was deployed before, `stop` ends the queue.

    Args:
        host: The core.
    """

    def __init__(self, host: DeploymentHost) -> None:
        self._host = host
        self._inventory = Inventory(_inventory_path(host.layout))
        self._requests: dict[str, DeploymentRequest] = {}
        self._queue: deque[DeploymentRecord] = deque()
        self._has_work = asyncio.Event()
        self._current: tuple[DeploymentRecord, Rollout, asyncio.Task[None]] | None = None
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the components that an earlier core on this root had, and take deployments from now on."""
        self._inventory = read_inventory(_inventory_path(self._host.layout))
        self._show_inventory()
        self._undo_interrupted_change()
        self._forget_orphans()
        for definition in recall(self._host, self._inventory).values():
            self._host.supervisor.put(definition, with_bootstrap=False)
        self._worker = asyncio.create_task(self._work(), name="deployments")

    async def stop(self) -> None:
        """End the queue; a deployment that is under way is given up, and FAILED for the next core."""
        for task in (self._worker, self._current[2] if self._current else None):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def create(self, request: DeploymentRequest) -> str:
        """Queue a deployment; returns its id.

        Raises:
            OSError: It could not be noted.
        """
        record = DeploymentRecord(str(uuid.uuid4()), time.time())
        self._inventory.deployments.append(record)
        try:
            self._inventory.save()
        except OSError:
            self._inventory.deployments.remove(record)
            raise
        self._requests[record.deployment_id] = request
        self._queue.append(record)
        self._has_work.set()
        return record.deployment_id

    def find(self, deployment_id: str) -> DeploymentRecord | None:
        """The deployment of that id; None when there is none."""
        return self._inventory.find(deployment_id)

    def list(self) -> list[DeploymentRecord]:
        """Every deployment that is remembered, oldest first."""
        return list(self._inventory.deployments)

    def cancel(self, deployment_id: str) -> None:
        """Give up a deployment that is queued or has not begun to change components; else do nothing."""
        for record in self._queue:
            if record.deployment_id == deployment_id:
                self._queue.remove(record)
                self._end(record, Status.CANCELED)
                return
        if self._current and self._current[0].deployment_id == deployment_id:
            _, rollout, task = self._current
            if not rollout.is_applying:
                task.cancel()

    async def _work(self) -> None:
        while True:
            while not self._queue:
                self._has_work.clear()
                await self._has_work.wait()
            record = self._queue.popleft()
            record.status = Status.IN_PROGRESS
            self._save()
            rollout = Rollout(self._host, self._inventory, record.deployment_id, record.created_on)
            task = asyncio.create_task(rollout.run(self._requests[record.deployment_id]))
            self._current = (record, rollout, task)
            # Waited for from outside, so that its cancellation is not taken for that of the queue.
            await asyncio.wait([task])
            self._current = None
            self._settle(record, rollout, task)

    def _settle(self, record: DeploymentRecord, rollout: Rollout, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._end(record, Status.CANCELED)
            return
        record.detailed_status = rollout.detailed_status
        error = task.exception()
        if error is None:
            self._end(record, Status.SUCCEEDED)
            return
        if isinstance(error, CoreError | OSError):
            record.failure = failure_of(error)
            _LOG.error("Deployment failed: %s", error, extra={"contexts": _facts(record)})
        else:
            record.failure = Failure(
                f"A fault of the core itself: {error!r}", ("DEPLOYMENT_FAILURE",), ("NUCLEUS_ERROR",)
            )
            _LOG.error("Deployment failed", exc_info=error, extra={"contexts": _facts(record)})
        self._end(record, Status.FAILED)

    def _end(self, record: DeploymentRecord, status: Status) -> None:
        record.status = status
        self._requests.pop(record.deployment_id, None)
        self._show_inventory()
        self._save()
        _LOG.info("Deployment ended", extra={"contexts": _facts(record)})

    def _undo_interrupted_change(self) -> None:
        # The inventory still holds the versions of before the deployment; their configurations belong to it.
        if former := self._inventory.former_configurations:
            _LOG.warning("The last core ended while it applied a deployment: former configurations are back")
            for name, configuration in former.items():
                self._host.store.deploy(name, {}, configuration, EVERYTHING, int(time.time() * 1000))
            self._inventory.end_change(self._inventory.components)
            self._save()

    def _forget_orphans(self) -> None:
        # A core that is killed while it deploys has stored configurations of components that never came to
        # be: their next deployment would find values there that beat its recipe's defaults. An inventory that
        # is empty, because it was lost, says nothing about what is an orphan.
        if self._inventory.deployments:
            for name in set(self._host.store.component_names()) - self._inventory.components.keys():
                self._host.store.remove(name)

    def _show_inventory(self) -> None:
        supervisor, flavor = self._host.supervisor, self._host.settings.flavor
        nucleus = {NUCLEUS: built_in_components(flavor)[NUCLEUS].version}
        supervisor.roots = self._inventory.roots
        supervisor.built_ins = nucleus | self._inventory.built_ins

    def _save(self) -> None:
        try:
            self._inventory.save()
        except OSError as error:
            # The deployment itself has done its work or not, and its status is known for as long as we live.
            _LOG.error("What is deployed could not be noted for the next start of the core: %s", error)


def _inventory_path(layout: Layout) -> Path:
    return layout.state / "deployments.json"


def _facts(record: DeploymentRecord) -> dict[str, object]:
    return {"deploymentId": record.deployment_id, "status": record.status.value}
