from collections.abc import Mapping

import pytest

from local_core.deployments.resolver import Recipes, ResolutionError, exactly, resolve
from local_core.model.recipe_model import Dependency, Recipe
from local_core.model.versions import VersionError, parse_requirement
from local_core.runtime.builtin import NUCLEUS, TOKEN_EXCHANGE, built_in_components
from local_core.settings import Flavor


def recipe(name: str, version: str, needs: Mapping[str, str] | None = None) -> Recipe:
    dependencies = tuple(Dependency(each, parse_requirement(text)) for each, text in (needs or {}).items())
    return Recipe(name, version, f"{name}-{version}.yaml", Flavor.CLASSIC, (), dependencies=dependencies)


def available(*recipes: Recipe) -> Recipes:
    found: dict[str, dict[str, Recipe]] = {}
    for each in recipes:
        found.setdefault(each.name, {})[each.version] = each
    return found


def resolved(roots: Mapping[str, str], recipes: Recipes) -> list[str]:
    wants = [exactly(name, version, "the deployment", Flavor.CLASSIC) for name, version in roots.items()]
    return [f"{each.name} {each.version}" for each in resolve(wants, recipes)]


def test_newest_version_that_fits_is_taken_and_dependencies_come_first() -> None:
    recipes = available(
        recipe("App", "1.0.0", {"Lib": "^1.0.0"}),
        recipe("Lib", "1.2.0"),
        recipe("Lib", "1.10.0"),
        recipe("Lib", "2.0.0"),
    )

    assert resolved({"App": "1.0.0"}, recipes) == ["Lib 1.10.0", "App 1.0.0"]


def test_root_gets_its_version_and_no_newer_one() -> None:
    recipes = available(recipe("App", "1.0.0"), recipe("App", "1.1.0"))

    assert resolved({"App": "1.0.0"}, recipes) == ["App 1.0.0"]


def test_everyone_s_requirement_counts() -> None:
    recipes = available(
        recipe("One", "1.0.0", {"Lib": ">=1.0.0"}),
        recipe("Two", "1.0.0", {"Lib": "<1.5.0"}),
        *[recipe("Lib", version) for version in ("1.0.0", "1.4.0", "1.5.0", "2.0.0")],
    )

    assert "Lib 1.4.0" in resolved({"One": "1.0.0", "Two": "1.0.0"}, recipes)


def test_older_version_is_tried_where_the_newest_asks_for_what_is_not_there() -> None:
    recipes = available(
        recipe("App", "1.0.0", {"Lib": ">=1.0.0"}),
        recipe("Lib", "2.0.0", {"Missing": "1.0.0"}),
        recipe("Lib", "1.0.0"),
    )

    assert resolved({"App": "1.0.0"}, recipes) == ["Lib 1.0.0", "App 1.0.0"]


def test_requirement_that_comes_late_changes_an_earlier_choice() -> None:
    """Lib is chosen for App before Other, through Middle, turns out to need an older one."""
    recipes = available(
        recipe("App", "1.0.0", {"Lib": ">=1.0.0", "Middle": ">=1.0.0"}),
        recipe("Middle", "1.0.0", {"Lib": "<2.0.0"}),
        recipe("Lib", "2.0.0"),
        recipe("Lib", "1.0.0"),
    )

    assert "Lib 1.0.0" in resolved({"App": "1.0.0"}, recipes)


def test_conflict_names_who_wants_what_and_what_there_is() -> None:
    recipes = available(
        recipe("One", "1.0.0", {"Lib": "^1.0.0"}),
        recipe("Two", "3.0.0", {"Lib": "^2.0.0"}),
        recipe("Lib", "1.2.0"),
        recipe("Lib", "2.0.0"),
    )

    with pytest.raises(ResolutionError) as caught:
        resolved({"One": "1.0.0", "Two": "3.0.0"}, recipes)

    message = str(caught.value)
    assert "No version of Lib suits everyone" in message
    assert "One 1.0.0 wants ^1.0.0" in message
    assert "Two 3.0.0 wants ^2.0.0" in message
    assert "1.2.0 (Lib-1.2.0.yaml), 2.0.0 (Lib-2.0.0.yaml)" in message


def test_missing_component_is_named_with_who_wants_it() -> None:
    with pytest.raises(ResolutionError, match=r"no recipe of Lib \(App 1\.0\.0 wants \^1\.0\.0\)"):
        resolved({"App": "1.0.0"}, available(recipe("App", "1.0.0", {"Lib": "^1.0.0"})))


def test_root_version_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ResolutionError, match=r"the deployment wants 2\.0\.0.*There are: 1\.0\.0"):
        resolved({"App": "2.0.0"}, available(recipe("App", "1.0.0")))


def test_root_version_that_is_no_version_is_refused() -> None:
    with pytest.raises(VersionError, match="latest"):
        resolved({"App": "latest"}, available(recipe("App", "1.0.0")))


def test_circle_of_dependencies_is_named() -> None:
    recipes = available(
        recipe("App", "1.0.0", {"A": "1.0.0"}),
        recipe("A", "1.0.0", {"B": "1.0.0"}),
        recipe("B", "1.0.0", {"A": "1.0.0"}),
    )

    with pytest.raises(ResolutionError, match="in a circle: A -> B -> A"):
        resolved({"App": "1.0.0"}, recipes)


@pytest.mark.parametrize("flavor", list(Flavor))
def test_built_in_components_satisfy_what_recipes_for_both_nuclei_ask_for(flavor: Flavor) -> None:
    built_in = {name: {each.version: each} for name, each in built_in_components(flavor).items()}
    needs = {NUCLEUS: ">=2.6.0 <3.0.0", TOKEN_EXCHANGE: ">=2.0.0 <3.0.0"}

    assert resolved({"App": "1.0.0"}, {**available(recipe("App", "1.0.0", needs)), **built_in})
