"""Component folders to artifacts and recipes: the right files, the same bytes, clear refusals."""

import os
import zipfile
from pathlib import Path

import pytest

from edge_cli.build import build
from edge_cli.errors import CommandError
from edge_cli.project import Component, components, find_component
from edge_cli.recipes import for_this_machine, read_facts

RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: com.example.DemoThing
ComponentVersion: 1.2.3   # a comment that must stay
ComponentConfiguration:
  DefaultConfiguration:
    settings: {interval_s: "5", sensor: {source: simulated}}
Manifests:
  - Lifecycle:
      Setenv:
        PYTHON: python3.11
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one component, the shared package, and litter that must not get into artifacts."""
    package = tmp_path / "components" / "demo_thing" / "demo_thing"
    shared = tmp_path / "components" / "common" / "edge_common"
    for folder in (package, shared, package / "__pycache__", tmp_path / "recipes"):
        folder.mkdir(parents=True)
    (package / "__main__.py").write_text("print('hello')\n")
    (package / "logic.py").write_text("ANSWER = 42\n")
    (package / "__pycache__" / "logic.cpython-311.pyc").write_bytes(b"\0")
    (package / "stray.pyc").write_bytes(b"\0")
    (shared / "__init__.py").write_text("")
    (tmp_path / "recipes" / "com.example.DemoThing.yaml").write_text(RECIPE)
    return tmp_path


def _component(project: Path) -> Component:
    (component,) = components(project / "components", project / "recipes")
    return component


def _build(project: Path, output: Path) -> bytes:
    shared = project / "components" / "common" / "edge_common"
    return build(_component(project), output, shared_package=shared).artifact.read_bytes()


def test_artifact_holds_the_package_and_the_shared_one_at_its_root(project: Path) -> None:
    _build(project, project / "out")
    with zipfile.ZipFile(project / "out/artifacts/com.example.DemoThing/1.2.3/demo_thing.zip") as archive:
        assert archive.namelist() == [
            "demo_thing/__main__.py",
            "demo_thing/logic.py",
            "edge_common/__init__.py",
        ]
        assert archive.read("demo_thing/logic.py") == b"ANSWER = 42\n"


def test_artifact_built_twice_has_the_same_bytes(project: Path) -> None:
    first = _build(project, project / "first")
    for file in project.joinpath("components").rglob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o755)
    assert _build(project, project / "second") == first


def test_change_of_one_byte_changes_the_artifact(project: Path) -> None:
    first = _build(project, project / "out")
    (project / "components/demo_thing/demo_thing/logic.py").write_text("ANSWER = 43\n")
    assert _build(project, project / "out") != first


def test_recipe_is_written_as_it_is_but_for_the_interpreter(project: Path) -> None:
    _build(project, project / "out")
    written = (project / "out/recipes/com.example.DemoThing-1.2.3.yaml").read_text()
    assert written == for_this_machine(RECIPE)
    assert for_this_machine(RECIPE, minor=13) == RECIPE.replace("python3.11", "python3.13")
    assert for_this_machine(RECIPE, minor=11) == RECIPE


def test_build_of_a_new_version_leaves_nothing_of_the_old_one(project: Path) -> None:
    """A stale recipe in the folder would be deployed along with the new one."""
    _build(project, project / "out")
    (project / "recipes/com.example.DemoThing.yaml").write_text(RECIPE.replace("1.2.3", "1.3.0"))
    _build(project, project / "out")
    assert [path.name for path in (project / "out/recipes").iterdir()] == ["com.example.DemoThing-1.3.0.yaml"]
    assert [path.name for path in (project / "out/artifacts/com.example.DemoThing").iterdir()] == ["1.3.0"]


def test_folder_without_a_recipe_is_no_component(project: Path) -> None:
    (project / "components" / "half_done").mkdir()
    assert [component.name for component in components(project / "components", project / "recipes")] == [
        "com.example.DemoThing"
    ]


@pytest.mark.parametrize("word", ["demo_thing", "DemoThing", "demothing", "com.example.DemoThing"])
def test_component_is_found_by_any_of_its_names(project: Path, word: str) -> None:
    assert find_component(word, [_component(project)]).package == "demo_thing"


def test_unknown_component_is_refused_with_those_there_are(project: Path) -> None:
    with pytest.raises(CommandError, match=r"no component 'thing'.*demo_thing"):
        find_component("thing", [_component(project)])


@pytest.mark.parametrize(
    ("recipe", "complaint"),
    [
        ("a: [", "is not YAML"),
        ("- a\n- b\n", "holds no mapping"),
        ("ComponentName: com.example.DemoThing\n", "lacks ComponentVersion"),
        (RECIPE.replace("1.2.3", "1.0"), "lacks ComponentVersion"),
        (RECIPE.replace("com.example.DemoThing", "com.example.Other"), "is of com.example.Other"),
    ],
)
def test_recipe_that_is_none_is_refused_with_its_path_and_the_fault(
    project: Path, recipe: str, complaint: str
) -> None:
    path = project / "recipes/com.example.DemoThing.yaml"
    path.write_text(recipe)
    with pytest.raises(CommandError, match=complaint) as refusal:
        _build(project, project / "out")
    assert str(path) in str(refusal.value)


def test_settings_of_the_recipe_are_its_default_configuration(project: Path) -> None:
    assert read_facts(project / "recipes/com.example.DemoThing.yaml").settings == {
        "interval_s": "5",
        "sensor": {"source": "simulated"},
    }
