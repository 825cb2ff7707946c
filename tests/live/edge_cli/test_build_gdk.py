"""The staged projects do what GDK demands of a project with a custom build, step by step as GDK takes them.

GDK is in no package index, so its documented steps are taken here: `BuildCommand.py`, `GDKProject.py`,
`PublishCommand.py` and `config_schema.json` of aws-greengrass-gdk-cli 1.6.2.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_cli.building import gdk
from edge_cli.building.cache import CACHE
from edge_cli.errors import CommandError
from edge_cli.project import PROJECT, components, find_component
from edge_cli.targets import Architecture, PythonVersion, Target
from support.built import copy_project, edge_in

GDK_VERSION = (1, 6, 2)
MAX_RECIPE_BYTES = 16_000
NAMESPACE = "com.acme"
NAME = f"{NAMESPACE}.MqttSubscriber"
DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)


@pytest.fixture(scope="module")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project, with the same cache; its `scripts/edge` does without a `.venv` of its own."""
    folder = copy_project(tmp_path_factory.mktemp("gdk") / "project")
    (folder / "build").mkdir()
    CACHE.mkdir(parents=True, exist_ok=True)
    (folder / "build/cache").symlink_to(CACHE)
    (folder / "scripts/edge").write_text(
        f'#!/bin/sh\nPYTHONPATH="{folder}/scripts:$PYTHONPATH" exec {sys.executable} -m edge_cli "$@"\n'
    )
    return folder


@pytest.fixture(scope="module")
def projects(project_folder: Path) -> dict[str, Path]:
    """Component name -> its staged project."""
    staged = edge_in(project_folder, "build", "--gdk", "--namespace", NAMESPACE, "--json")
    assert staged.returncode == 0, staged.stderr
    return {Path(path).name: Path(path) for path in json.loads(staged.stdout)}


def _entry(project: Path) -> tuple[str, dict[str, Any]]:
    """GDKProject and config_schema.json: one component with all that is required, one recipe."""
    config = json.loads((project / "gdk-config.json").read_text())
    ((name, entry),) = config["component"].items()
    assert tuple(int(number) for number in config["gdk_version"].split(".")) <= GDK_VERSION
    assert entry.keys() >= {"author", "version", "build", "publish"}
    assert entry["build"]["build_system"] == "custom"
    assert entry["publish"]["bucket"]
    assert [path.name for path in project.glob("recipe.*")] == ["recipe.yaml"]
    return name, entry


def _gdk_component_build(project: Path, expect: int = 0) -> str:
    """BuildCommand.py: a clean folder, then the command without a shell; returns what the user sees of it."""
    name, entry = _entry(project)
    shutil.rmtree(project / "greengrass-build", ignore_errors=True)
    (project / "greengrass-build/recipes").mkdir(parents=True)
    (project / "greengrass-build/artifacts" / name / entry["version"]).mkdir(parents=True)
    ended = subprocess.run(
        entry["build"]["custom_build_command"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == expect, ended.stdout
    return ended.stdout


def _assert_gdk_would_publish(project: Path) -> None:
    """An artifact that is not in the folder is published with an address that does not exist."""
    name, entry = _entry(project)
    text = (project / "greengrass-build/recipes/recipe.yaml").read_text()
    recipe = yaml.safe_load(text)
    folder = project / "greengrass-build/artifacts" / name / entry["version"]
    uris = [artifact["Uri"] for manifest in recipe["Manifests"] for artifact in manifest["Artifacts"]]
    assert recipe["ComponentName"] == name
    assert len(text) <= MAX_RECIPE_BYTES
    assert {manifest["Platform"]["architecture"] for manifest in recipe["Manifests"]} == {"aarch64", "amd64"}
    assert {manifest["Lifecycle"]["Setenv"]["PYTHON"] for manifest in recipe["Manifests"]} == {"python3.11"}
    assert sorted(uri.rpartition("/")[2] for uri in uris) == sorted(
        path.name for path in folder.glob("*.zip")
    )
    assert all(path.is_file() for path in folder.iterdir())


def test_every_component_has_a_project_that_gdk_takes(projects: dict[str, Path]) -> None:
    assert projects.keys() == {component.name.replace("com.example", NAMESPACE) for component in components()}
    for project in projects.values():
        _entry(project)


def test_gdk_component_build_in_a_staged_project_makes_what_gdk_publishes(projects: dict[str, Path]) -> None:
    project = projects[NAME]
    said = _gdk_component_build(project)
    _assert_gdk_would_publish(project)
    assert "`gdk component publish` uploads this" in said
    assert "before it asks whether 1.0.0 is taken" in said
    assert "scripts/edge" not in said  # that is not to be found from here


def test_a_version_that_gdk_chooses_has_the_folder_that_gdk_looks_into(projects: dict[str, Path]) -> None:
    project = projects[NAME]
    config = json.loads((project / "gdk-config.json").read_text())
    config["component"][NAME]["version"] = "NEXT_PATCH"
    (project / "gdk-config.json").write_text(json.dumps(config))
    said = _gdk_component_build(project)
    _assert_gdk_would_publish(project)
    folder = project / f"greengrass-build/artifacts/{NAME}/NEXT_PATCH"
    for path in folder.glob("*.cdx.json"):
        assert "version" not in json.loads(path.read_text())["metadata"]["component"]
    assert "NEXT_PATCH" in said
    assert "1.0.0" not in said


def test_a_version_that_has_gone_on_is_not_built_as_the_one_that_is_published(project_folder: Path) -> None:
    """Where GDK shows it: its words, and not ours, follow."""
    words = ("build", "mqtt_publisher", "--gdk", "--namespace", NAMESPACE, "--json")
    project = Path(json.loads(edge_in(project_folder, *words).stdout)[0])
    for path in (
        project_folder / "gdk-config.json",
        *(project_folder / "recipes").glob("*MqttPublisher.yaml"),
    ):
        path.write_text(path.read_text().replace("1.0.0", "1.1.0"))
    said = _gdk_component_build(project, expect=1)
    assert f"{NAMESPACE}.MqttPublisher 1.0.0 is not built" in said
    again = f"../../../scripts/edge build mqtt_publisher --gdk --namespace {NAMESPACE}"
    assert said.rstrip().endswith(f"Stage it again: {again}")
    assert not list(project.rglob("*.zip"))


def test_a_component_without_an_entry_in_the_registry_is_named(tmp_path: Path) -> None:
    registry = tmp_path / "gdk-config.json"
    registry.write_text('{"component": {}, "gdk_version": "1.6.2"}')
    with pytest.raises(CommandError, match=r"no entry for com\.example\.MqttSubscriber"):
        gdk.stage([find_component("mqtt_subscriber")], registry=registry, folder=tmp_path / "gdk")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not JSON"),
        ("[]", "has no mapping 'component'"),
        ('{"component": {}}', "must have one component"),
        ('{"component": {"a.B": {}, "a.C": {}}}', "must have one component"),
        (
            '{"component": {"com.example.Other": {"version": "1.0.0"}}}',
            r"is not com\.example\.MqttSubscriber",
        ),
        ('{"component": {"com.example.MqttSubscriber": {"version": "1.0"}}}', "not a valid version"),
    ],
)
def test_a_project_that_gdk_would_refuse_is_refused_with_its_path(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "gdk-config.json").write_text(text)
    with pytest.raises(CommandError, match=complaint):
        gdk.build(find_component("mqtt_subscriber"), tmp_path, targets=[DEVICE], progress=lambda _: None)
    assert not list(tmp_path.rglob("*.zip"))


def test_the_command_of_the_registry_builds_the_component_it_stands_with() -> None:
    registry = json.loads((PROJECT / "gdk-config.json").read_text())["component"]
    assert {name: entry["build"]["custom_build_command"] for name, entry in registry.items()} == {
        component.name: ["../../../scripts/edge", "build", component.package, "--gdk-project", "."]
        for component in components()
    }
