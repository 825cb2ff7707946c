"""One deployment carried out: prepared, agreed with the components, applied, and undone when it fails.

Until `is_applying` nothing that runs has been touched, and the task may be cancelled. Runs on the core's
event loop. Source: DeploymentConfigMerger.java and DefaultActivator.java of the classic nucleus.
"""

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from local_core.deployments.deployment import DeploymentRequest, DetailedStatus, FailurePolicy
from local_core.deployments.failures import ComponentBrokenError
from local_core.deployments.host import DeploymentHost
from local_core.deployments.inventory import Installed, Inventory
from local_core.deployments.packages import Packages
from local_core.deployments.preparation import Plan, in_thread, prepare
from local_core.deployments.staging import Staging
from local_core.errors import CoreError
from local_core.runtime.definition import Definition
from local_core.runtime.states import State

_LOG = logging.getLogger(__name__)

EVERYTHING = ("",)  # the JSON pointer of a whole configuration

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Before:
    """What a rollback goes back to."""

    definitions: dict[str, Definition]
    configurations: dict[str, JsonObject]
    broken: frozenset[str]


class Rollout:
    """One deployment from its request to its end.

    Args:
        host: The core.
        inventory: What is there; changed when the deployment has changed it.
        deployment_id: Named in notices.
        created_on: Seconds since the epoch; what a component has written into its configuration since then is
            not overwritten.

    Attributes:
        is_applying: True once components are being changed.
        detailed_status: How it ended; None when a rollback failed.
    """

    def __init__(
        self, host: DeploymentHost, inventory: Inventory, deployment_id: str, created_on: float
    ) -> None:
        self.is_applying = False
        self.detailed_status: DetailedStatus | None = DetailedStatus.FAILED_NO_STATE_CHANGE
        self._host = host
        self._inventory = inventory
        self._id = deployment_id
        self._timestamp_ms = int(created_on * 1000)

    async def run(self, request: DeploymentRequest) -> None:
        """Carry it out.

        Raises:
            CoreError: It has failed; `detailed_status` says what that means for what runs.
            OSError: The same, for the disk's sake.
        """
        try:
            await self._carry_out(request)
        finally:
            Staging(self._host.layout).discard()

    async def _carry_out(self, request: DeploymentRequest) -> None:
        plan = await prepare(request, self._host, self._inventory)
        notices = self._host.notices
        try:
            await notices.wait_for_consent(self._id)
            await notices.validate(self._id, self._to_be_validated(plan))
            self.is_applying = True
            _LOG.info(
                "Applying deployment changes, deployment cannot be cancelled now",
                extra={"event_type": "merge-config", "contexts": {"deployment": self._id}},
            )
            await self._apply(plan, request.failure_policy)
        finally:
            notices.tell_done(self._id)
        self.detailed_status = DetailedStatus.SUCCESSFUL
        await self._clear_away()

    def _to_be_validated(self, plan: Plan) -> dict[str, JsonObject]:
        # A component that gets another version restarts anyway, and its old code may not know the new keys.
        running, known = self._host.supervisor.components, self._host.store.component_names()
        return {
            name: configuration.resolved
            for name, configuration in plan.configurations.items()
            if name in running
            and running[name].definition.version == plan.definitions[name].version
            and name in known
            and self._host.store.get(name) != configuration.resolved
        }

    async def _apply(self, plan: Plan, policy: FailurePolicy) -> None:
        before = self._snapshot()
        self._inventory.begin_change(before.configurations)
        try:
            await self._become(plan)
        except (CoreError, OSError) as error:
            if policy is FailurePolicy.ROLLBACK:
                await self._roll_back(before, error)
            else:
                self.detailed_status = DetailedStatus.FAILED_ROLLBACK_NOT_REQUESTED
                self._note_components()
            raise
        # Only now, as on the nucleus: the new ones run, then the old ones go.
        self._inventory.groups = plan.groups
        self._inventory.built_ins = plan.built_ins
        self.detailed_status = DetailedStatus.FAILED_ROLLBACK_NOT_REQUESTED  # should the disk be full now
        try:
            await self._remove(self._host.supervisor.components.keys() - plan.definitions.keys())
        finally:
            self._note_components()

    async def _become(self, plan: Plan) -> None:
        host = self._host
        await in_thread(Staging(host.layout).put)
        for name, planned in plan.configurations.items():
            host.store.deploy(name, planned.defaults, planned.merge, planned.reset, self._timestamp_ms)
            host.configuration_changed(name)
        await self._put(plan.definitions.values(), frozenset(), with_bootstrap=True)

    async def _put(
        self, definitions: Collection[Definition], may_stay_broken: frozenset[str], *, with_bootstrap: bool
    ) -> None:
        supervisor = self._host.supervisor
        since = time.monotonic()
        for definition in definitions:
            supervisor.put(definition, with_bootstrap=with_bootstrap)
            component = supervisor.components[definition.name]
            if component.state is State.BROKEN:
                component.reinstall()  # a deployment is what gives it a new chance
        awaited = [each.name for each in definitions if each.name not in may_stay_broken]
        while not self._have_settled(awaited, since):  # noqa: ASYNC110  looks as often as a device does
            await asyncio.sleep(self._host.settle_poll_s)

    def _have_settled(self, names: Collection[str], since: float) -> bool:
        components = [self._host.supervisor.components[name] for name in names]
        for component in components:
            if component.state is State.BROKEN and component.state_since >= since:
                log = self._host.layout.logs / f"{component.name}.log"
                raise ComponentBrokenError(
                    f"Service {component.name} in broken state after deployment: it failed three times in a "
                    f"row. Read {log}, correct the cause and deploy it again"
                )
        return all(component.has_settled for component in components)

    async def _roll_back(self, before: _Before, error: Exception) -> None:
        host = self._host
        _LOG.info(
            "Rolling back failed deployment",
            extra={"event_type": "merge-config", "contexts": {"deploymentId": self._id}},
        )
        self.detailed_status = None
        try:
            for name, configuration in before.configurations.items():
                host.store.deploy(name, {}, configuration, EVERYTHING, self._timestamp_ms)
                host.configuration_changed(name)
            await self._put(before.definitions.values(), before.broken, with_bootstrap=False)
            await self._remove(host.supervisor.components.keys() - before.definitions.keys())
        except (CoreError, OSError) as second:
            self._note_components()
            raise CoreError(f"{error}\nThe rollback failed as well: {second}") from error
        self._note_components()
        self.detailed_status = DetailedStatus.FAILED_ROLLBACK_COMPLETE

    async def _remove(self, names: Collection[str]) -> None:
        await self._host.supervisor.remove(names)
        for name in names:
            self._host.store.remove(name)
            self._host.configuration_changed(name)

    def _snapshot(self) -> _Before:
        components = self._host.supervisor.components
        known = self._host.store.component_names()
        return _Before(
            definitions={name: each.definition for name, each in components.items()},
            configurations={name: self._host.store.get(name) for name in components if name in known},
            broken=frozenset(name for name, each in components.items() if each.state is State.BROKEN),
        )

    async def _clear_away(self) -> None:
        """Remove the packages of what is in use no more; that they lie there harms nobody but the disk."""
        versions = {name: installed.version for name, installed in self._inventory.components.items()}
        packages = Packages(self._host.layout, self._host.settings.flavor)
        try:
            self._inventory.save()  # first: a core that is killed now must not look for what is gone
            await asyncio.to_thread(packages.keep_only, versions)
        except OSError as error:
            _LOG.warning("Versions that are needed no more could not be cleared away: %s", error)

    def _note_components(self) -> None:
        self._inventory.end_change(
            {
                name: Installed(each.definition.version, each.definition.run_with)
                for name, each in self._host.supervisor.components.items()
            }
        )
