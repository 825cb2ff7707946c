"""The staged projects do what GDK demands of a project with a custom build, step by step as GDK takes them.

GDK is in no package index, so its documented steps are taken here: `BuildCommand.py`, `GDKProject.py`,
`PublishCommand.py` and `config_schema.json` of aws-greengrass-gdk-cli 1.6.2.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_cli.building import gdk
from edge_cli.errors import CommandError
from edge_cli.project import PROJECT, components, find_component
from edge_cli.targets import Architecture, PythonVersion, Target
from support.edge import edge_json

GDK_VERSION = (1, 6, 2)
MAX_RECIPE_BYTES = 16_000
NAMESPACE = f"com.gdk-trial-{os.getpid()}"
DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)


@pytest.fixture(scope="module")
def projects() -> Iterator[dict[str, Path]]:
    """Component name -> its staged project, in the only place from which the registry's command is found."""
    staged = {Path(path).name: Path(path) for path in edge_json("build", "--gdk", "--namespace", NAMESPACE)}
    yield staged
    for project in staged.values():
        shutil.rmtree(project)


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


def _gdk_component_build(project: Path) -> None:
    name, entry = _entry(project)
    shutil.rmtree(project / "greengrass-build", ignore_errors=True)
    (project / "greengrass-build/recipes").mkdir(parents=True)
    (project / "greengrass-build/artifacts" / name / entry["version"]).mkdir(parents=True)
    ended = subprocess.run(
        entry["build"]["custom_build_command"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


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
    project = projects[f"{NAMESPACE}.MqttSubscriber"]
    _gdk_component_build(project)
    _assert_gdk_would_publish(project)


def test_a_version_that_gdk_chooses_has_the_folder_that_gdk_looks_into(projects: dict[str, Path]) -> None:
    project = projects[f"{NAMESPACE}.MqttSubscriber"]
    config = json.loads((project / "gdk-config.json").read_text())
    config["component"][f"{NAMESPACE}.MqttSubscriber"]["version"] = "NEXT_PATCH"
    (project / "gdk-config.json").write_text(json.dumps(config))
    _gdk_component_build(project)
    _assert_gdk_would_publish(project)
    assert (project / f"greengrass-build/artifacts/{NAMESPACE}.MqttSubscriber/NEXT_PATCH").is_dir()


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
        ('{"component": {"com.example.MqttSubscriber": {"version": "1.0"}}}', "no version that a core takes"),
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
