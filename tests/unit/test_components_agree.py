"""What a component says of itself in several places is the same, and no rule leaves a component out.

Only what neither `edge lint` nor `edge_cli.readme.tables` looks at.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_cli.project import PROJECT, Component, components
from edge_cli.readme.tables import config_model
from edge_common.config import CONFIG_VARIABLE, THING_VARIABLE, ComponentConfig, load_config
from edge_common.errors import ConfigError
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
# What a deployment must give a component: its recipe has no default that could be right for anybody.
REQUIRED = {"s3_batch_uploader": {"bucket": "readings-of-ours"}}
THING = "orangepi5-core-001"

ALL = {component.package for component in components()}
TOOLS: Mapping[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]
RULES: Mapping[str, Mapping[str, Any]] = {
    contract["name"]: contract for contract in TOOLS["importlinter"]["contracts"]
}
every_component = pytest.mark.parametrize("component", components(), ids=lambda component: component.package)


def loaded(component: Component, settings: Mapping[str, Any]) -> ComponentConfig:
    """What the component makes of settings."""
    environment = {CONFIG_VARIABLE: json.dumps(settings), THING_VARIABLE: THING}
    return load_config(config_model(component), environment)


@every_component
def test_the_recipe_settings_are_the_models_defaults(component: Component) -> None:
    in_recipe = load_recipe(component.recipe, Flavor.LITE).default_configuration["settings"]
    required = REQUIRED.get(component.package, {})

    assert loaded(component, {**in_recipe, **required}) == loaded(component, required)


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
def test_the_manifests_differ_in_the_architecture_only(component: Component) -> None:
    manifests = load_recipe(component.recipe, Flavor.CLASSIC).manifests

    assert {manifest.platform["architecture"] for manifest in manifests} == {"aarch64", "amd64"}
    assert len({str(manifest.lifecycle) for manifest in manifests}) == 1
    assert len({str(manifest.artifacts) for manifest in manifests}) == 1


@every_component
def test_the_readme_has_the_fixed_headings_and_is_short(component: Component) -> None:
    readme = (component.sources.parent / "README.md").read_text()

    assert re.findall(r"^## (.+)$", readme, re.MULTILINE) == HEADINGS
    assert len(readme.splitlines()) <= MAX_README_LINES


def test_every_component_folder_has_a_recipe_and_every_recipe_a_folder() -> None:
    folders = {path.name for path in (PROJECT / "components").iterdir() if path.is_dir()} - {"common"}

    assert folders == ALL
    assert {component.recipe.name for component in components()} == {
        path.name for path in (PROJECT / "recipes").iterdir()
    }


def test_every_component_is_checked_for_types_and_imports() -> None:
    searched = {Path(path).name for path in TOOLS["mypy"]["mypy_path"].split(":")}

    assert searched - {"common", "scripts", "tests"} == ALL
    assert set(TOOLS["importlinter"]["root_packages"]) - {"edge_common", "edge_cli", "local_core"} == ALL


def components_in(modules: list[str]) -> set[str]:
    """The components that a rule names, by themselves or by a module."""
    return {module.partition(".")[0] for module in modules} & ALL


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule["type"] != "layers"])
def test_an_import_rule_is_for_every_component_or_for_none(name: str) -> None:
    rule = RULES[name]
    lists = [rule.get(key, []) for key in ("source_modules", "forbidden_modules", "modules")]

    named = [components_in(modules) for modules in lists]

    assert all(found in (set(), ALL) for found in named)


def test_every_component_has_its_layers_and_no_module_lies_outside() -> None:
    layered = [rule for rule in RULES.values() if rule["type"] == "layers"]

    packages = [container for rule in layered for container in rule["containers"]]
    assert sorted(name for name in packages if "." not in name) == sorted({*ALL, "edge_common"})
    assert all(len(rule["containers"]) == 1 and rule.get("exhaustive") for rule in layered)
