"""Which version of which component a deployment needs, and in which order they start. Pure.

Every component gets the newest version that everyone who wants it accepts. Where the newest brings demands
that cannot be met, the next older one is tried, as DependencyResolver.java does by resolving again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from local_core.errors import CoreError
from local_core.model.recipe_model import Recipe
from local_core.model.versions import Requirement, check_version, newest, parse_requirement
from local_core.settings import Flavor

Recipes = Mapping[str, Mapping[str, Recipe]]
"""Component name -> version -> recipe."""


class ResolutionError(CoreError):
    """No set of versions satisfies everyone; the text names who wants what, and what there is."""


@dataclass(frozen=True, slots=True)
class Want:
    """One demand on the version of one component.

    Attributes:
        component: Whose version.
        requirement: What is accepted.
        by: Who asks, for messages.
    """

    component: str
    requirement: Requirement
    by: str


def exactly(component: str, version: str, by: str, flavor: Flavor) -> Want:
    """The demand for one version and no other, as root components make it.

    Raises:
        VersionError: `version` is not a version.
    """
    check_version(version)
    return Want(component, parse_requirement(version, flavor), by)


def resolve(roots: Iterable[Want], available: Recipes) -> list[Recipe]:
    """The recipes to be deployed, each after those it depends on.

    Args:
        roots: What the deployment asks for; each demand brings the dependencies of what it is met with.
        available: Every recipe there is, built-in components included.

    Raises:
        ResolutionError: A component is not there, versions conflict, or components depend on each other in a
            circle.
    """
    search = _Search(available)
    chosen = search.extend({}, list(roots))
    if chosen is None:
        raise search.first_conflict
    return _start_order(chosen)


class _Search:
    def __init__(self, available: Recipes) -> None:
        self._available = available
        self._first_conflict: ResolutionError | None = None

    @property
    def first_conflict(self) -> ResolutionError:
        """Of the choice that was liked best, and so what a person wants to read."""
        return self._first_conflict or ResolutionError("The deployment asks for nothing that can be resolved")

    def extend(self, chosen: Mapping[str, Recipe], wants: Sequence[Want]) -> dict[str, Recipe] | None:
        open_name = next((want.component for want in wants if want.component not in chosen), None)
        if open_name is None:
            return dict(chosen)
        demands = [want for want in wants if want.component == open_name]
        for recipe in self._candidates(open_name, demands):
            brought = _wants_of(recipe)
            if not self._fits({**chosen, open_name: recipe}, [*wants, *brought]):
                continue
            extended = self.extend({**chosen, open_name: recipe}, [*wants, *brought])
            if extended is not None:
                return extended
        return None

    def _candidates(self, name: str, demands: Sequence[Want]) -> list[Recipe]:
        versions = self._available.get(name, {})
        fitting = {
            version for version in versions if all(demand.requirement.allows(version) for demand in demands)
        }
        if not fitting:
            self._note(_conflict(name, demands, versions))
        ordered = []
        while (best := newest(fitting)) is not None:
            fitting.remove(best)
            ordered.append(versions[best])
        return ordered

    def _fits(self, chosen: Mapping[str, Recipe], wants: Sequence[Want]) -> bool:
        for want in wants:
            recipe = chosen.get(want.component)
            if recipe and not want.requirement.allows(recipe.version):
                demands = [each for each in wants if each.component == want.component]
                self._note(_conflict(want.component, demands, self._available[want.component]))
                return False
        return True

    def _note(self, conflict: ResolutionError) -> None:
        self._first_conflict = self._first_conflict or conflict


def _wants_of(recipe: Recipe) -> list[Want]:
    by = f"{recipe.name} {recipe.version}"
    return [Want(each.name, each.requirement, by) for each in recipe.dependencies]


def _conflict(name: str, demands: Sequence[Want], versions: Mapping[str, Recipe]) -> ResolutionError:
    who = "; ".join(f"{demand.by} wants {demand.requirement.text}" for demand in demands)
    if not versions:
        return ResolutionError(
            f"There is no recipe of {name} ({who}). Put it into the recipe directory; a device would also "
            "look in the cloud, this core does not"
        )
    there_are = ", ".join(f"{version} ({recipe.origin})" for version, recipe in sorted(versions.items()))
    return ResolutionError(
        f"No version of {name} suits everyone: {who}. There are: {there_are}. Change a requirement, or put a "
        "version that suits into the recipe directory"
    )


def _start_order(chosen: Mapping[str, Recipe]) -> list[Recipe]:
    ordered: dict[str, Recipe] = {}

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise ResolutionError(
                f"Components depend on each other in a circle: {circle}. Remove one dependency"
            )
        if name not in ordered:
            for dependency in chosen[name].dependencies:
                place(dependency.name, (*path, name))
            ordered[name] = chosen[name]

    for name in chosen:
        place(name, ())
    return list(ordered.values())
