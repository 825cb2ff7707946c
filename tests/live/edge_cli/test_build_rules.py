"""Each rule of libraries.toml is needed by one of our components, and has a reason."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from edge_cli.building import library_rules
from edge_cli.building.artifact import PROJECT_SOURCES, libraries_of
from edge_cli.building.library_rules import LibraryRules
from edge_cli.building.modules import index
from edge_cli.building.reach import Reached, Walk
from edge_cli.project import Component, components
from edge_cli.targets import Architecture, PythonVersion, Target

DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
RULES = library_rules.library_rules()


def _walk(component: Component, rules: LibraryRules) -> Reached:
    libraries = libraries_of(component, DEVICE, PROJECT_SOURCES, progress=lambda _: None)
    roots = [component.sources.parent, PROJECT_SOURCES.shared, libraries]
    return Walk(index(roots), rules, DEVICE.python).run([f"{component.package}.__main__"])


@pytest.fixture(scope="module")
def with_rules() -> list[Reached]:
    """What the components reach."""
    return [_walk(component, RULES) for component in components()]


@pytest.fixture(scope="module")
def without_rules() -> list[Reached]:
    """What they would reach if nothing were known of libraries."""
    nothing = replace(RULES, left_out={}, by_name={})
    return [_walk(component, nothing) for component in components()]


def test_every_optional_import_is_one_that_leads_nowhere(with_rules: list[Reached]) -> None:
    missing = [fault for reached in with_rules for fault in reached.unresolved]
    needless = [
        (importer, module)
        for importer, module in RULES.optional
        if not any(
            replace(RULES, optional={(importer, module): "?"}).reason_not_missed(fault.importer, fault.module)
            for fault in missing
        )
    ]
    assert needless == []


def test_everything_that_is_left_out_would_be_reached(without_rules: list[Reached]) -> None:
    paths = {module.path for reached in without_rules for module in reached.modules.values()}
    needless = [
        left for left in RULES.left_out if not any(f"{path}/".startswith(f"{left}/") for path in paths)
    ]
    assert needless == []


def test_every_module_with_a_rule_for_computed_imports_has_some(without_rules: list[Reached]) -> None:
    computing = {name for reached in without_rules for name, _ in reached.by_name}
    assert set(RULES.by_name) - computing == set()


def test_every_rule_has_a_reason() -> None:
    document = tomllib.loads(Path(library_rules.__file__).with_name("libraries.toml").read_text())
    assert all(
        rule["reason"] for kind in ("left_out", "optional", "made", "by_name") for rule in document[kind]
    )
