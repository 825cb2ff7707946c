"""From a request to a plan: recipes and artifacts taken, versions resolved, each component defined.

Changes nothing: what is taken is staged. Runs on the core's event loop; file work goes to a thread.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from local_core.deployments.deployment import DeploymentRequest
from local_core.deployments.host import DeploymentHost
from local_core.deployments.inventory import Inventory
from local_core.deployments.packages import Packages
from local_core.deployments.planning import PlannedConfiguration, Planner
from local_core.deployments.resolver import Want, exactly, resolve
from local_core.errors import CoreError
from local_core.model.recipe_model import Recipe
from local_core.runtime.builtin import built_in_components
from local_core.runtime.definition import Definition, RunWith

_LOG = logging.getLogger(__name__)

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment comes to.

    Attributes:
        groups: Group -> root component -> version, as it is to be.
        built_ins: Built-in components that are needed -> version.
        definitions: Every other component that is to be there, each after those it depends on.
        configurations: The change of each one's configuration.
    """

    groups: dict[str, dict[str, str]]
    built_ins: dict[str, str]
    definitions: dict[str, Definition]
    configurations: dict[str, PlannedConfiguration]


async def prepare(request: DeploymentRequest, host: DeploymentHost, inventory: Inventory) -> Plan:
    """Plan what `request` asks for on top of what is there.

    Raises:
        CoreError: A recipe, a version, an artifact or a configuration is not as it must be.
        OSError: The disk.
    """
    packages = Packages(host.layout, host.settings.flavor)
    planner = Planner(host.settings, host.layout, host.store)
    await in_thread(packages.staging.discard)
    groups = _groups(request, inventory)
    built_in = built_in_components(host.settings.flavor)
    available = await in_thread(packages.recipes)
    if request.recipe_directory:
        for recipe in await in_thread(packages.take_recipes, request.recipe_directory):
            available.setdefault(recipe.name, {})[recipe.version] = recipe
    available |= {name: {recipe.version: recipe} for name, recipe in built_in.items()}
    recipes = resolve(_wants(groups, host), available)
    own = [recipe for recipe in recipes if recipe.name not in built_in]
    for recipe in own:
        manifest = planner.manifest(recipe)
        if await in_thread(packages.take_artifacts, recipe, manifest, request.artifact_directory):
            _warn_of_unrestarted(recipe, host)
    _warn_of_ignored(request, groups)
    roots = groups[request.group]
    updates = {name: update for name, update in request.configuration.items() if name in roots}
    configurations = planner.configurations(own, updates)
    resolved = {name: each.resolved for name, each in configurations.items()}
    return Plan(
        groups=groups,
        built_ins={recipe.name: recipe.version for recipe in recipes if recipe.name in built_in},
        definitions=planner.definitions(own, resolved, _run_with(request, inventory)),
        configurations=configurations,
    )


def recall(host: DeploymentHost, inventory: Inventory) -> dict[str, Definition]:
    """What the components of an earlier core on this root are made of; one that cannot be had is left out.

    What that core was unpacking when it was killed is unpacked now.
    """
    packages = Packages(host.layout, host.settings.flavor)
    planner = Planner(host.settings, host.layout, host.store)
    recipes = []
    for name, installed in inventory.components.items():
        try:
            recipe = packages.recipe(name, installed.version)
            packages.take_artifacts(recipe, planner.manifest(recipe), None)
        except (CoreError, OSError) as error:
            _LOG.error("%s %s cannot be started again: %s", name, installed.version, error)
        else:
            recipes.append(recipe)
    run_with = {name: installed.run_with for name, installed in inventory.components.items()}
    return planner.definitions(recipes, planner.present_configurations(recipes), run_with)


async def in_thread(
    work: Callable[_Arguments, _Result], *args: _Arguments.args, **kw: _Arguments.kwargs
) -> _Result:
    """`work` in a thread; who is cancelled waits for it, so that two deployments never write side by side."""
    task = asyncio.create_task(asyncio.to_thread(work, *args, **kw))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _groups(request: DeploymentRequest, inventory: Inventory) -> dict[str, dict[str, str]]:
    groups = {name: dict(roots) for name, roots in inventory.groups.items()}
    roots = groups.setdefault(request.group, {})
    for name in request.root_components_to_remove:
        roots.pop(name, None)
    roots.update(request.root_components)
    return groups


def _wants(groups: Mapping[str, Mapping[str, str]], host: DeploymentHost) -> list[Want]:
    return [
        exactly(name, version, f"the deployment to {group}", host.settings.flavor)
        for group, roots in groups.items()
        for name, version in roots.items()
    ]


def _run_with(request: DeploymentRequest, inventory: Inventory) -> dict[str, RunWith]:
    return {name: each.run_with for name, each in inventory.components.items()} | dict(request.run_with)


def _warn_of_unrestarted(recipe: Recipe, host: DeploymentHost) -> None:
    component = host.supervisor.components.get(recipe.name)
    if component and component.definition.version == recipe.version:
        _LOG.warning(
            "The artifacts of %s changed, but not its version %s: as on a device it is not restarted for "
            "that. Deploy another version, or restart it",
            recipe.name,
            recipe.version,
        )


def _warn_of_ignored(request: DeploymentRequest, groups: Mapping[str, Mapping[str, str]]) -> None:
    # KernelConfigResolver: only root components of the deployment's own group get configuration updates.
    for name in request.configuration:
        if name not in groups[request.group]:
            _LOG.warning(
                "The configuration update of %s is ignored, as on a device: it is no root component of %s. "
                "Name it among the components to merge as well",
                name,
                request.group,
            )
