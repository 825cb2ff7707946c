"""All components of a core: made, started in the order of their dependencies, watched, stopped in reverse.

Knows nothing of recipes and deployments: it is given definitions. Runs on the core's event loop.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from local_core.ipc.tokens import Tokens
from local_core.layout import Layout
from local_core.model.recipe_model import DependencyType
from local_core.processes.children import Children
from local_core.runtime.component import Component
from local_core.runtime.component_log import ComponentLog
from local_core.runtime.definition import Change, Definition
from local_core.runtime.environment import CoreVariables, component_environment
from local_core.runtime.state_actions import STOP_GRACE_S, Timings
from local_core.runtime.states import READY_FOR_DEPENDANTS, State
from local_core.runtime.steps import Steps
from local_core.settings import Flavor

_LITE_RETRY_DELAY_S = 1.0  # seen on Lite 2.6.0: three tries, a second apart


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """One component as it is now.

    Attributes:
        name: Component name.
        version: Component version.
        state: As IPC spells it.
        restarts: How often it has been started again because somebody asked, since this core has it.
        crashes: How often it has failed since then.
        pid: Id of its running script; None when none runs.
        is_root: Whether a deployment asked for it by name, not only as a dependency.
        is_built_in: Whether it is part of the core: it has no process and is always RUNNING.
    """

    name: str
    version: str
    state: str
    restarts: int = 0
    crashes: int = 0
    pid: int | None = None
    is_root: bool = False
    is_built_in: bool = False


@dataclass(frozen=True, slots=True)
class ComponentHost:
    """What a core gives its components.

    Attributes:
        layout: Where their folders and logs are.
        children: Starts their processes.
        tokens: Issues their identities.
        variables: Asked at each start of a process for what is the same for all.
        flavor: Whose lifecycle they have.
        stop_grace_s: Seconds between SIGTERM and SIGKILL.
    """

    layout: Layout
    children: Children
    tokens: Tokens
    variables: Callable[[], CoreVariables]
    flavor: Flavor = Flavor.CLASSIC
    stop_grace_s: float = STOP_GRACE_S


class Supervisor:
    """The components of one core; `stop_all` ends them.

    Args:
        host: What they are given.

    Attributes:
        roots: Names that deployments have asked for; written by them.
        built_ins: Version of each built-in component that is in use; written by deployments.
    """

    def __init__(self, host: ComponentHost) -> None:
        self.roots: frozenset[str] = frozenset()
        self.built_ins: Mapping[str, str] = {}
        self._host = host
        self._components: dict[str, Component] = {}
        self._token_by_component: dict[str, str] = {}
        self._timings = Timings(
            stop_grace_s=host.stop_grace_s,
            retry_delay_s=_LITE_RETRY_DELAY_S if host.flavor is Flavor.LITE else 0.0,
        )

    @property
    def components(self) -> Mapping[str, Component]:
        """The components by name, in the order in which they came; built-in ones are not among them."""
        return self._components

    def status(self) -> list[ComponentStatus]:
        """Every component as it is now, built-in ones first."""
        built_in = [
            ComponentStatus(name, version, State.RUNNING.value, is_built_in=True)
            for name, version in self.built_ins.items()
        ]
        own = [
            ComponentStatus(
                name=component.name,
                version=component.definition.version,
                state=component.state.value,
                restarts=component.restarts,
                crashes=component.crashes,
                pid=component.pid,
                is_root=component.name in self.roots,
            )
            for component in self._components.values()
        ]
        return built_in + own

    def put(self, definition: Definition, *, with_bootstrap: bool) -> Change:
        """Have a component be `definition`: a new one is started, one that is there changes as far as needed.

        Args:
            definition: What it is to be.
            with_bootstrap: Whether the bootstrap step of a new one is due.

        Returns:
            REINSTALL for a new one.
        """
        component = self._components.get(definition.name)
        if component:
            return component.update(definition)
        component = self._make(definition)
        self._components[definition.name] = component
        component.open(with_bootstrap=with_bootstrap)
        component.start()
        return Change.REINSTALL

    async def remove(self, names: Collection[str]) -> None:
        """Stop components, each after those that need it, run their uninstall steps, and forget them."""
        await self._close(names)
        for name in names:
            await self._components.pop(name).uninstall()
            self._host.tokens.revoke(name)
            self._token_by_component.pop(name, None)

    async def stop_all(self) -> None:
        """Stop every component, each after those that need it; they stay known, and stay stopped."""
        await self._close(list(self._components))

    async def _close(self, names: Collection[str]) -> None:
        closing: dict[str, asyncio.Task[None]] = {}

        def close(name: str) -> asyncio.Task[None]:
            if name not in closing:
                first = [
                    close(dependant.name) for dependant in self._dependants(name) if dependant.name in names
                ]
                closing[name] = asyncio.create_task(_close_after(first, self._components[name]))
            return closing[name]

        await asyncio.gather(*(close(name) for name in names))

    def _make(self, definition: Definition) -> Component:
        name, host = definition.name, self._host

        def environment(setenv: Mapping[str, str]) -> dict[str, str]:
            uses_it = component.definition.uses_token_exchange
            token = self._token_of(name)
            return component_environment(host.variables(), token, uses_token_exchange=uses_it, setenv=setenv)

        log = ComponentLog(host.layout.logs, name, lambda: component.state.value)
        steps = Steps(host.layout.work(name), host.children, log, environment, host.flavor)
        component = Component(
            definition, steps, lambda: self._are_ready(component), self._state_changed, self._timings
        )
        return component

    def _token_of(self, name: str) -> str:
        # One for as long as the core has the component, but a new one when that has been revoked.
        token = self._token_by_component.get(name, "")
        if self._host.tokens.component_of(token) != name:
            token = self._token_by_component[name] = self._host.tokens.issue(name)
        return token

    def _are_ready(self, component: Component) -> bool:
        needed = (self._components.get(name) for name in _hard_dependencies(component.definition))
        return all(each is None or each.state in READY_FOR_DEPENDANTS for each in needed)

    def _dependants(self, name: str) -> list[Component]:
        return [each for each in self._components.values() if name in _hard_dependencies(each.definition)]

    def _state_changed(self, component: Component, _former: State) -> None:
        for dependant in self._dependants(component.name):
            dependant.dependency_changed()


def _hard_dependencies(definition: Definition) -> set[str]:
    return {each.name for each in definition.dependencies if each.type is DependencyType.HARD}


async def _close_after(first: list[asyncio.Task[None]], component: Component) -> None:
    if first:
        await asyncio.wait(first)
    await component.close()
