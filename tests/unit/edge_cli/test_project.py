"""Which components a project has, and what a person may call them."""

from pathlib import Path

import pytest

from edge_cli.errors import CommandError
from edge_cli.project import components, find_component
from edge_cli.recipes import read_facts
from support.demo_thing import NAME, component_of, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def test_folder_without_a_recipe_is_no_component(project: Path) -> None:
    (project / "components" / "half_done").mkdir()
    assert [component.name for component in components(project / "components", project / "recipes")] == [NAME]


@pytest.mark.parametrize("word", ["demo_thing", "DemoThing", "demothing", "com.example.DemoThing"])
def test_component_is_found_by_any_of_its_names(project: Path, word: str) -> None:
    assert find_component(word, [component_of(project)]).package == "demo_thing"


def test_unknown_component_is_refused_with_those_there_are(project: Path) -> None:
    with pytest.raises(CommandError, match=r"no component 'thing'.*demo_thing"):
        find_component("thing", [component_of(project)])


def test_settings_of_the_recipe_are_its_default_configuration(project: Path) -> None:
    assert read_facts(project / f"recipes/{NAME}.yaml").settings == {
        "interval_s": "5",
        "sensor": {"source": "simulated"},
    }
