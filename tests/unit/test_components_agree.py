"""What a component says of itself in several places is the same: recipe, model, README, grants."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_cli.lint.code import CREDENTIALS, read_code
from edge_cli.project import PROJECT, Component, components
from edge_cli.readme_tables import config_model, with_table
from edge_common.config import CONFIG_VARIABLE, THING_VARIABLE, ComponentConfig, load_config
from edge_common.errors import ConfigError
from local_core.ipc.messages import NAMESPACE
from local_core.model.recipe import load_recipe
from local_core.settings import Flavor

HEADINGS = [
    "What it does",
    "Data in and out",
    "Configuration",
    "Try it",
    "When things fail",
    "Permissions",
    "Limits",
]
MAX_README_LINES = 120
MAX_RECIPE_BYTES = 8_000  # Greengrass Lite opens no larger one

# What a deployment must give a component: its recipe has no default that could be right for anybody.
REQUIRED = {"s3_batch_uploader": {"bucket": "readings-of-ours"}}

every_component = pytest.mark.parametrize("component", components(), ids=lambda component: component.package)
THING = "orangepi5-core-001"


def loaded(component: Component, settings: Mapping[str, Any]) -> ComponentConfig:
    """What the component makes of settings."""
    environment = {CONFIG_VARIABLE: json.dumps(settings), THING_VARIABLE: THING}
    return load_config(config_model(component), environment)


def recipe_document(component: Component) -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load(component.recipe.read_text())
    return document


@every_component
def test_the_recipe_settings_are_the_models_defaults(component: Component) -> None:
    in_recipe = load_recipe(component.recipe, Flavor.LITE).default_configuration["settings"]
    required = REQUIRED.get(component.package, {})

    from_recipe = loaded(component, {**in_recipe, **required})

    assert from_recipe == loaded(component, required)
    assert in_recipe.keys() == type(from_recipe).model_fields.keys()


@every_component
def test_without_what_a_deployment_must_give_a_component_refuses_to_start(component: Component) -> None:
    in_recipe = load_recipe(component.recipe, Flavor.LITE).default_configuration["settings"]
    required = REQUIRED.get(component.package, {})
    faults: list[str] = []
    try:
        loaded(component, in_recipe)
    except ConfigError as error:
        faults += error.faults

    assert [fault.partition(": ")[0] for fault in faults] == [f"/settings/{key}" for key in required]


@every_component
@pytest.mark.parametrize("flavor", list(Flavor))
def test_the_recipe_is_valid_on_both_nuclei(component: Component, flavor: Flavor) -> None:
    recipe = load_recipe(component.recipe, flavor)

    assert recipe.name == component.name
    assert component.recipe.stat().st_size < MAX_RECIPE_BYTES
    for manifest in recipe.manifests:
        assert manifest.lifecycle.setenv[CONFIG_VARIABLE] == "{configuration:/settings}"


@every_component
def test_the_recipe_grants_exactly_what_the_code_calls(component: Component) -> None:
    grants = load_recipe(component.recipe, Flavor.CLASSIC).default_configuration.get("accessControl", {})
    policies = [(service, policy) for service, by_name in grants.items() for policy in by_name.values()]
    granted = {(service, operation) for service, policy in policies for operation in policy["operations"]}

    assert granted == {
        (grant.service, NAMESPACE + grant.operation) for grant in read_code(component.sources).grants
    }
    assert "*" not in {resource for _, policy in policies for resource in policy["resources"]}


@every_component
def test_the_recipe_asks_for_credentials_exactly_when_the_code_uses_them(component: Component) -> None:
    dependencies = recipe_document(component)["ComponentDependencies"]

    assert isinstance(dependencies, dict)
    assert (CREDENTIALS in dependencies) == (CREDENTIALS in read_code(component.sources).dependencies)


@every_component
def test_the_manifests_differ_in_the_architecture_only(component: Component) -> None:
    manifests = load_recipe(component.recipe, Flavor.CLASSIC).manifests

    assert {manifest.platform["architecture"] for manifest in manifests} == {"aarch64", "amd64"}
    assert len({str(manifest.lifecycle) for manifest in manifests}) == 1
    assert len({str(manifest.artifacts) for manifest in manifests}) == 1


@every_component
def test_the_readme_has_the_fixed_headings_and_the_models_settings(component: Component) -> None:
    readme = (component.sources.parent / "README.md").read_text()

    assert re.findall(r"^## (.+)$", readme, re.MULTILINE) == HEADINGS
    assert len(readme.splitlines()) <= MAX_README_LINES
    assert with_table(readme, config_model(component)) == readme


@every_component
def test_versions_and_names_agree(component: Component) -> None:
    project = tomllib.loads((component.sources.parent / "pyproject.toml").read_text())["project"]
    registry = json.loads((PROJECT / "gdk-config.json").read_text())["component"]

    assert project["name"] == component.package.replace("_", "-")
    assert project["version"] == recipe_document(component)["ComponentVersion"]
    assert registry[component.name]["version"] == project["version"]


def test_every_component_folder_has_a_recipe_and_an_entry_in_the_registry() -> None:
    folders = {path.name for path in (PROJECT / "components").iterdir() if path.is_dir()} - {"common"}
    registry = json.loads((PROJECT / "gdk-config.json").read_text())["component"]

    assert {component.package for component in components()} == folders
    assert set(registry) == {component.name for component in components()}
    assert {Path(component.recipe).name for component in components()} == {
        path.name for path in (PROJECT / "recipes").iterdir()
    }
