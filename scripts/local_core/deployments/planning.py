"""From recipes and configuration changes to what each component is to be: nothing is changed here.

Source: KernelConfigResolver.java.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_core.deployments.deployment import ConfigurationUpdate
from local_core.layout import Layout
from local_core.model.configuration import ConfigurationStore
from local_core.model.interpolation import (
    ComponentVariables,
    InterpolationContext,
    interpolate_configuration,
    interpolate_lifecycle,
)
from local_core.model.platforms import current_platform
from local_core.model.recipe_model import Manifest, Recipe
from local_core.runtime.builtin import TOKEN_EXCHANGE
from local_core.runtime.definition import Definition, RunWith
from local_core.settings import CoreSettings, Flavor

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedConfiguration:
    """The change of one component's configuration.

    Attributes:
        defaults: The recipe's, variables replaced where the nucleus replaces them.
        merge: The deployment's, likewise; None for none.
        reset: The deployment's JSON pointers.
        resolved: What it comes to.
    """

    defaults: JsonObject
    merge: JsonObject | None
    reset: tuple[str, ...]
    resolved: JsonObject


class Planner:
    """Plans for one core.

    Args:
        settings: Flavor, thing name, whether configurations are interpolated.
        layout: What path variables stand for.
        store: Present configurations.
    """

    def __init__(self, settings: CoreSettings, layout: Layout, store: ConfigurationStore) -> None:
        self._settings = settings
        self._layout = layout
        self._store = store
        self._platform = current_platform(settings.flavor, settings.architecture)

    def manifest(self, recipe: Recipe) -> Manifest:
        """The recipe's manifest for this machine.

        Raises:
            RecipeError: It has none.
        """
        return recipe.manifest_for(self._platform)

    def configurations(
        self, recipes: Iterable[Recipe], updates: Mapping[str, ConfigurationUpdate]
    ) -> dict[str, PlannedConfiguration]:
        """What a deployment makes of each component's configuration.

        Args:
            recipes: Without built-in components.
            updates: Component name -> the deployment's change.

        Raises:
            ConfigurationError: A change cannot be made.
        """
        return {recipe.name: self._configuration(recipe, updates.get(recipe.name)) for recipe in recipes}

    def present_configurations(self, recipes: Iterable[Recipe]) -> dict[str, JsonObject]:
        """Configurations as they are, for components that come back with the core."""
        known = self._store.component_names()
        return {
            recipe.name: self._store.get(recipe.name) if recipe.name in known else {} for recipe in recipes
        }

    def definitions(
        self,
        recipes: Sequence[Recipe],
        configurations: Mapping[str, JsonObject],
        run_with: Mapping[str, RunWith],
    ) -> dict[str, Definition]:
        """What each component is to be.

        Args:
            recipes: Without built-in components.
            configurations: Component name -> its whole configuration.
            run_with: Component name -> user and limits asked for.

        Raises:
            RecipeError: A recipe has no manifest for this machine.
        """
        variables = {
            recipe.name: self._variables(recipe, configurations.get(recipe.name, {})) for recipe in recipes
        }
        users = _users_of_token_exchange(recipes)
        defined: dict[str, Definition] = {}
        for recipe in recipes:
            written = self.manifest(recipe).lifecycle
            context = self._context(recipe, variables[recipe.name], variables)
            defined[recipe.name] = Definition(
                name=recipe.name,
                version=recipe.version,
                lifecycle=interpolate_lifecycle(written, context),
                written=written,
                dependencies=recipe.dependencies,
                uses_token_exchange=recipe.name in users,
                run_with=run_with.get(recipe.name, RunWith()),
            )
        return defined

    def _configuration(self, recipe: Recipe, update: ConfigurationUpdate | None) -> PlannedConfiguration:
        update = update or ConfigurationUpdate()
        defaults, merge = recipe.default_configuration, update.merge
        if self._settings.interpolate_component_configuration and self._settings.flavor is Flavor.CLASSIC:
            context = self._context(recipe, self._variables(recipe, {}), {})
            defaults = interpolate_configuration(defaults, context)
            merge = interpolate_configuration(merge, context) if merge is not None else None
        resolved = self._store.resolve(recipe.name, defaults, merge, update.reset)
        return PlannedConfiguration(defaults, merge, update.reset, resolved)

    def _variables(self, recipe: Recipe, configuration: JsonObject) -> ComponentVariables:
        return ComponentVariables(
            artifacts=self._layout.artifacts(recipe.name, recipe.version),
            decompressed=self._layout.artifacts_unarchived(recipe.name, recipe.version),
            work=self._layout.work(recipe.name),
            configuration=configuration,
        )

    def _context(
        self, recipe: Recipe, own: ComponentVariables, others: Mapping[str, ComponentVariables]
    ) -> InterpolationContext:
        direct = {dependency.name for dependency in recipe.dependencies}
        return InterpolationContext(
            component=recipe.name,
            own=own,
            root=self._layout.root,
            thing_name=self._settings.thing_name,
            dependencies={name: variables for name, variables in others.items() if name in direct},
            flavor=self._settings.flavor,
        )


def _users_of_token_exchange(recipes: Sequence[Recipe]) -> set[str]:
    users = {TOKEN_EXCHANGE}
    while True:
        more = {
            recipe.name
            for recipe in recipes
            if recipe.name not in users and any(each.name in users for each in recipe.dependencies)
        }
        if not more:
            return users
        users |= more
