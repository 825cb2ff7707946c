"""A GDK project is staged only from what GDK takes, and built only while it is what it was staged from."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_cli.building import gdk
from edge_cli.errors import CommandError
from edge_cli.project import PROJECT
from edge_cli.targets import Architecture, PythonVersion, Target
from support.demo_thing import NAME, component_of, write_project

DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
COMMAND = ["../../../scripts/edge", "build", "demo_thing", "--gdk-project", "."]
REGISTRY: dict[str, Any] = {
    "component": {
        NAME: {
            "author": "Example",
            "version": "1.2.3",
            "build": {"build_system": "custom", "custom_build_command": COMMAND},
            "publish": {"bucket": "greengrass-artifacts", "region": "ap-northeast-2"},
        }
    },
    "gdk_version": "1.6.2",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "gdk-config.json").write_text(json.dumps(REGISTRY))
    return write_project(tmp_path)


def _stage(project: Path, namespace: str | None = None, version: str | None = None) -> Path:
    (staged,) = gdk.stage(
        [component_of(project)],
        namespace=namespace,
        version=version,
        registry=project / "gdk-config.json",
        folder=project / "build/gdk",
    )
    return staged


def _refusal(project: Path, staged: Path) -> str:
    with pytest.raises(CommandError) as refusal:
        gdk.build(
            component_of(project),
            staged,
            targets=[DEVICE],
            progress=lambda _: None,
            registry=project / "gdk-config.json",
        )
    return str(refusal.value)


def _change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize("namespace", [None, "com.acme"])
@pytest.mark.parametrize("path", [f"recipes/{NAME}.yaml", "gdk-config.json"])
def test_a_project_whose_version_has_gone_on_since_it_was_staged_is_not_built(
    project: Path, path: str, namespace: str | None
) -> None:
    """GDK uploads before it asks: the new code would lie in the bucket under the published version."""
    staged = _stage(project, namespace)
    _change(project / path, "1.2.3", "1.3.0")
    said = _refusal(project, staged)
    assert f"The GDK project of {staged.name} 1.2.3 is not built: {NAME}.yaml or its entry" in said
    words = "scripts/edge build demo_thing --gdk" + (" --namespace com.acme" if namespace else "")
    assert said.endswith(f"Stage it again: {words}")


def test_the_words_to_stage_again_work_where_gdk_builds(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = _stage(project)
    _change(project / "gdk-config.json", "1.2.3", "1.3.0")
    monkeypatch.chdir(staged)
    command = _refusal(project, Path()).rpartition("again: ")[2].split()
    assert (staged / command[0]).resolve() == PROJECT / "scripts/edge"


def test_a_change_of_the_staged_recipe_is_not_ignored_in_silence(project: Path) -> None:
    staged = _stage(project)
    _change(staged / "recipe.yaml", "interval_s", "interval_ms")
    said = _refusal(project, staged)
    assert f"its recipe.yaml has been changed, but it is only a copy. Change {project}" in said


@pytest.mark.parametrize("record", [None, "", "[]", '{"component": "com.example.Other"}'])
def test_a_project_that_nobody_knows_the_origin_of_is_not_built(project: Path, record: str | None) -> None:
    staged = _stage(project)
    (staged / ".staged-from.json").unlink()
    if record is not None:
        (staged / ".staged-from.json").write_text(record)
    assert "nothing says what it was staged from. Stage it again" in _refusal(project, staged)


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (["gdk_version"], None, 'gdk_version must be such as "1.6.2"'),
        (["component", NAME], None, f"there is no entry for {NAME}: copy"),
        (["component", NAME, "author"], None, "author must be a text"),
        (["component", NAME, "version"], None, 'version must be such as "1.0.0"'),
        (["component", NAME, "version"], "1.0", "version '1.0' is not a valid version"),
        (["component", NAME, "build"], None, 'build.build_system must be "custom"'),
        (["component", NAME, "build", "build_system"], "zip", 'build.build_system must be "custom"'),
        (["component", NAME, "build", "custom_build_command"], " ".join(COMMAND), "must be ["),
        (["component", NAME, "build", "custom_build_command"], ["../../scripts/edge", *COMMAND[1:]], "must"),
        (["component", NAME, "build", "custom_build_command"], COMMAND[:3], "build.custom_build_command"),
        (["component", NAME, "build", "custom_build_command", 2], "other_thing", '"demo_thing"'),
        (["component", NAME, "publish"], None, "publish.bucket must be"),
        (["component", NAME, "publish", "region"], "ap-northeast2", 'region such as "ap-northeast-2", not'),
        (["component", NAME, "publish", "region"], "ap-norhteast-2", "publish.region must be"),
        (["component", NAME, "publish", "region"], None, "publish.region must be"),
        (["component", NAME, "publish", "bucket"], "green..grass", "publish.bucket must be"),
        (["component", NAME, "publish", "bucket"], "Greengrass_Artifacts", "publish.bucket must be"),
        (["component", NAME, "publish", "bucket"], "a" * 36, "at most 35"),
    ],
)
def test_a_registry_that_gdk_could_not_work_with_stages_nothing(
    project: Path, place: list[Any], value: object, complaint: str
) -> None:
    document = json.loads(json.dumps(REGISTRY))
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (project / "gdk-config.json").write_text(json.dumps(document))
    with pytest.raises(CommandError) as refusal:
        _stage(project)
    assert str(project / "gdk-config.json") in str(refusal.value)
    assert complaint in str(refusal.value)
    assert not (project / "build/gdk").exists()


def test_all_faults_of_a_registry_are_told_at_once(project: Path) -> None:
    _change(project / "gdk-config.json", "ap-northeast-2", "ap-northeast2")
    _change(project / "gdk-config.json", '"author"', '"writer"')
    with pytest.raises(CommandError, match=r"(?s)author must.*publish\.region must"):
        _stage(project)


def test_the_command_may_say_for_what_to_build(project: Path) -> None:
    _change(project / "gdk-config.json", '"."]', '".", "--python", "3.12"]')
    assert _stage(project).is_dir()


def test_the_staged_recipe_is_that_of_the_staged_component(project: Path) -> None:
    staged = _stage(project, "com.acme", "2.0.0")
    recipe = yaml.safe_load((staged / "recipe.yaml").read_text())
    assert (recipe["ComponentName"], recipe["ComponentVersion"]) == ("com.acme.DemoThing", "2.0.0")
    assert "com.example" not in (staged / "recipe.yaml").read_text()


def test_a_component_is_staged_under_one_name_at_a_time(project: Path) -> None:
    """Whoever publishes all that lies in the folder publishes each component once."""
    other = project / "build/gdk/com.example.Foreign"
    other.mkdir(parents=True)
    _stage(project)
    _stage(project, "com.acme")
    assert {path.name for path in other.parent.iterdir()} == {"com.acme.DemoThing", "com.example.Foreign"}


def test_staging_again_leaves_the_folder_that_a_shell_is_in_and_nothing_of_the_old_build(
    project: Path,
) -> None:
    staged = _stage(project)
    before = staged.stat().st_ino
    (staged / "greengrass-build").mkdir()
    assert _stage(project).stat().st_ino == before
    assert {path.name for path in staged.iterdir()} == {
        "gdk-config.json",
        "recipe.yaml",
        ".staged-from.json",
    }
