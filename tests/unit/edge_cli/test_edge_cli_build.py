"""Component folders to artifacts and recipes: the right files, the same bytes, clear refusals."""

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from edge_cli.building import Order, build
from edge_cli.building.artifact import Sources
from edge_cli.building.checksums import verify
from edge_cli.building.component import Built
from edge_cli.errors import CommandError
from edge_cli.project import Component, components, find_component
from edge_cli.recipes import read_facts
from edge_cli.targets import Architecture, PythonVersion, Target

NAME = "com.example.DemoThing"
DEVICE = Target(Architecture.AARCH64, PythonVersion.PY311)
FOR_THE_DEVICE = Order((DEVICE,))
LAPTOP = Target(Architecture.X86_64, PythonVersion.PY313)
MANIFEST = """\
  - Platform: {{os: linux, architecture: {architecture}, runtime: "*"}}
    Lifecycle:
      Setenv:
        PYTHON: python3.11
        PYTHONPATH: "{{artifacts:decompressedPath}}/demo_thing"
      run: {{Script: exec $PYTHON -u -m demo_thing}}
    Artifacts:
      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/demo_thing.zip
        Unarchive: ZIP
"""
RECIPE = f"""\
RecipeFormatVersion: "2020-01-25"
ComponentName: {NAME}
ComponentVersion: 1.2.3   # a comment
ComponentConfiguration:
  DefaultConfiguration:
    settings: {{interval_s: "5", sensor: {{source: simulated}}}}
    accessControl:
      aws.greengrass.ipc.pubsub:
        "{NAME}:pubsub:1": {{operations: ["aws.greengrass#PublishToTopic"], resources: ["{NAME}/x"]}}
Manifests:
{MANIFEST.format(architecture="aarch64")}{MANIFEST.format(architecture="amd64")}"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one component, the shared package, and litter that must not get into artifacts."""
    package = tmp_path / "components" / "demo_thing" / "demo_thing"
    shared = tmp_path / "components" / "common" / "edge_common"
    for folder in (package / "tests", shared, package / "__pycache__", tmp_path / "recipes"):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("from demo_thing import logic\nprint('hello', logic)\n")
    (package / "logic.py").write_text("from edge_common import clock\nANSWER = 42\n")
    (package / "nobody.py").write_text("import not_installed\n")
    (package / "logic.pyi").write_text("")
    (package / "tests" / "test_logic.py").write_text("")
    (package / "limits.csv").write_text("a,b\n")
    (package / "__pycache__" / "logic.cpython-311.pyc").write_bytes(b"\0")
    (shared / "__init__.py").write_text("")
    (shared / "clock.py").write_text("import time\n")
    (shared / "gateway.py").write_text("import a_large_library\n")
    for folder in (package.parent, shared.parent):
        (folder / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = []\n')
    (tmp_path / "recipes" / f"{NAME}.yaml").write_text(RECIPE)
    (tmp_path / "requirements.lock").write_text("")
    return tmp_path


def _component(project: Path) -> Component:
    (component,) = components(project / "components", project / "recipes")
    return component


def _build(project: Path, output: Path | None = None, order: Order = FOR_THE_DEVICE) -> Built:
    sources = Sources(
        shared=project / "components" / "common",
        lock=project / "requirements.lock",
        cache=project / "build" / "cache",
    )
    return build(_component(project), output or project / "out", order, sources=sources)


def _recipe(built: Built) -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load(built.recipe.read_text())
    return document


def test_artifact_holds_what_the_component_can_import_and_the_files_beside_it(project: Path) -> None:
    built = _build(project)
    with zipfile.ZipFile(built.artifacts[0].path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "THIRD-PARTY-LICENCES.txt",
            "demo_thing/__init__.py",
            "demo_thing/__main__.py",
            "demo_thing/limits.csv",
            "demo_thing/logic.py",
            "edge_common/__init__.py",
            "edge_common/clock.py",
        ]
        assert archive.read("demo_thing/logic.py") == b"from edge_common import clock\nANSWER = 42\n"


def test_output_is_what_greengrass_cli_and_the_local_core_take(project: Path) -> None:
    _build(project, order=Order((DEVICE, LAPTOP)))
    written = [path for path in (project / "out").rglob("*") if path.is_file()]
    assert sorted(path.relative_to(project / "out").as_posix() for path in written) == [
        "artifacts/com.example.DemoThing/1.2.3/demo_thing-cp311-aarch64.cdx.json",
        "artifacts/com.example.DemoThing/1.2.3/demo_thing-cp311-aarch64.sha256",
        "artifacts/com.example.DemoThing/1.2.3/demo_thing-cp311-aarch64.zip",
        "artifacts/com.example.DemoThing/1.2.3/demo_thing-cp313-x86_64.cdx.json",
        "artifacts/com.example.DemoThing/1.2.3/demo_thing-cp313-x86_64.sha256",
        "artifacts/com.example.DemoThing/1.2.3/demo_thing-cp313-x86_64.zip",
        "recipes/com.example.DemoThing-1.2.3.yaml",
    ]


def test_time_and_modes_of_the_files_do_not_change_the_artifact(project: Path) -> None:
    first = _build(project, project / "first").artifacts[0]
    for file in project.joinpath("components").rglob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o755)
    (project / "build").rename(project / "set_aside")
    assert _build(project, project / "second").artifacts[0].path.read_bytes() == first.path.read_bytes()


@pytest.mark.parametrize("path", ["demo_thing/demo_thing/logic.py", "common/edge_common/clock.py"])
def test_change_of_one_byte_changes_the_artifact(project: Path, path: str) -> None:
    first = _build(project).artifacts[0].sha256
    file = project / "components" / path
    file.write_text(file.read_text() + "#")
    assert _build(project).artifacts[0].sha256 != first


def test_an_artifact_that_has_rotted_in_the_cache_is_made_anew(project: Path) -> None:
    first = _build(project).artifacts[0].path.read_bytes()
    (kept,) = (project / "build/cache/artifacts").glob("*/artifact.zip")
    kept.write_bytes(first[:-1] + b"?")
    assert _build(project).artifacts[0].path.read_bytes() == first
    assert kept.read_bytes() == first


def test_each_manifest_has_its_own_artifact_and_interpreter(project: Path) -> None:
    recipe = _recipe(_build(project, order=Order((DEVICE, LAPTOP))))
    manifests = recipe["Manifests"]
    assert isinstance(manifests, list)
    assert [
        (
            manifest["Platform"]["architecture"],
            manifest["Lifecycle"]["Setenv"]["PYTHON"],
            manifest["Lifecycle"]["Setenv"]["PYTHONPATH"],
            manifest["Artifacts"][0]["Uri"],
        )
        for manifest in manifests
    ] == [
        (
            architecture,
            python,
            f"{{artifacts:decompressedPath}}/demo_thing-{tag}",
            f"s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/demo_thing-{tag}.zip",
        )
        for architecture, python, tag in (
            ("aarch64", "python3.11", "cp311-aarch64"),
            ("amd64", "python3.13", "cp313-x86_64"),
        )
    ]


def test_recipe_has_no_manifest_for_what_was_not_built(project: Path) -> None:
    """GDK would publish it with the address of a bucket that nobody has."""
    text = _build(project).recipe.read_text()
    assert "amd64" not in text
    assert text.count("Artifacts") == 1


def test_what_the_recipe_says_beside_its_manifests_stays_as_it_is(project: Path) -> None:
    built, source = _recipe(_build(project)), yaml.safe_load(RECIPE)
    assert {key: built[key] for key in source if key != "Manifests"} == {
        key: source[key] for key in source if key != "Manifests"
    }


def test_namespace_and_version_are_in_every_name(project: Path) -> None:
    built = _build(project, order=Order((DEVICE,), namespace="com.acme", version="2.0.0-rc.1"))
    text = built.recipe.read_text()
    assert built.component == "com.acme.DemoThing"
    assert built.recipe.name == "com.acme.DemoThing-2.0.0-rc.1.yaml"
    assert built.artifacts[0].path.parent == project / "out/artifacts/com.acme.DemoThing/2.0.0-rc.1"
    assert "com.example" not in text
    assert "com.acme.DemoThing:pubsub:1" in text
    assert "ComponentVersion: 2.0.0-rc.1\n" in text


def test_build_of_a_new_version_leaves_nothing_of_the_old_one(project: Path) -> None:
    """A stale recipe in the folder would be deployed along with the new one."""
    _build(project)
    (project / f"recipes/{NAME}.yaml").write_text(RECIPE.replace("1.2.3", "1.3.0"))
    _build(project)
    assert [path.name for path in (project / "out/recipes").iterdir()] == [f"{NAME}-1.3.0.yaml"]
    assert [path.name for path in (project / f"out/artifacts/{NAME}").iterdir()] == ["1.3.0"]


def test_bill_of_materials_names_the_artifact_by_its_digest(project: Path) -> None:
    artifact = _build(project).artifacts[0]
    document = json.loads(artifact.path.with_suffix(".cdx.json").read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": artifact.sha256}]


@pytest.mark.parametrize("victim", ["zip", "cdx.json"])
def test_a_flipped_byte_beside_the_manifest_of_digests_is_found(project: Path, victim: str) -> None:
    folder = _build(project).artifacts[0].path.parent
    verify(folder)
    file = folder / f"demo_thing-cp311-aarch64.{victim}"
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    with pytest.raises(CommandError, match=rf"{victim} is not what was built"):
        verify(folder)


def test_an_artifact_without_a_digest_is_found(project: Path) -> None:
    folder = _build(project).artifacts[0].path.parent
    (folder / "demo_thing-cp311-aarch64.sha256").unlink()
    with pytest.raises(CommandError, match="no SHA-256 for demo_thing-cp311-aarch64"):
        verify(folder)


def test_an_artifact_above_its_limit_is_refused_and_the_former_build_stays(project: Path) -> None:
    former = _build(project).artifacts[0].path.read_bytes()
    pyproject = project / "components/demo_thing/pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "[tool.edge]\nartifact_limit_mb = 0.0001\n")
    with pytest.raises(CommandError, match=r"its limit is 0\.0 MB.*artifact_limit_mb"):
        _build(project)
    assert (project / f"out/artifacts/{NAME}/1.2.3/demo_thing-cp311-aarch64.zip").read_bytes() == former


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import pandas\n", "demo_thing/__main__.py:1 imports pandas, which no pyproject"),
        (
            "\ndef later():\n    from edge_common import clock, absent\n    import edge_common.no\n",
            "edge_common.no",
        ),
        ("import distutils\n", "imports distutils"),
        ("import importlib\nimportlib.import_module(open('x').read())\n", ":2 imports what it computes"),
        ("def f(session, name):\n    return session.client(name)\n", ":2 makes a client of an AWS service"),
        ("from .. import above\n", "__main__.py:1 cannot be read: .*leaves its top-level package"),
        ("\ndef broken(:\n", "__main__.py:2 cannot be read: invalid syntax"),
    ],
)
def test_code_that_could_not_run_on_the_device_is_refused_with_file_and_line(
    project: Path, text: str, complaint: str
) -> None:
    (project / "components/demo_thing/demo_thing/__main__.py").write_text(text)
    python_312 = replace(DEVICE, python=PythonVersion.PY312)
    with pytest.raises(CommandError, match=complaint):
        _build(project, order=Order((python_312,)))
    assert not [path for path in (project / "out").rglob("*") if path.is_file()]


def test_all_faults_are_named_at_once(project: Path) -> None:
    (project / "components/demo_thing/demo_thing/__main__.py").write_text("import pandas\nimport numpy\n")
    with pytest.raises(CommandError, match=r"(?s)imports pandas.*imports numpy"):
        _build(project)


def test_a_library_that_the_lock_lacks_is_named_with_who_asks_for_it(project: Path) -> None:
    pyproject = project / "components/demo_thing/pyproject.toml"
    pyproject.write_text('[project]\nname = "x"\ndependencies = ["pandas>=2"]\n')
    with pytest.raises(CommandError, match=rf"requirements.lock lacks pandas>=2, which {pyproject} names"):
        _build(project)


@pytest.mark.parametrize(
    "version", ["1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.1234567", "1.0.0-", "", "1.0.0-" + "a" * 64]
)
def test_version_that_no_core_takes_is_refused(project: Path, version: str) -> None:
    with pytest.raises(CommandError, match="no version that a core takes"):
        _build(project, order=Order((DEVICE,), version=version))


@pytest.mark.parametrize(
    "namespace", ["", "com..acme", "com.acme.", "../x", "com acme", "aws.greengrass", "a" * 130]
)
def test_namespace_that_no_component_may_have_is_refused(project: Path, namespace: str) -> None:
    with pytest.raises(CommandError, match="--namespace"):
        _build(project, order=Order((DEVICE,), namespace=namespace))


def test_folder_without_a_recipe_is_no_component(project: Path) -> None:
    (project / "components" / "half_done").mkdir()
    assert [component.name for component in components(project / "components", project / "recipes")] == [NAME]


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
        (f"ComponentName: {NAME}\n", "lacks ComponentVersion"),
        (RECIPE.replace("1.2.3", "1.0"), "lacks ComponentVersion"),
        (RECIPE.replace(NAME, "com.example.Other"), "is of com.example.Other"),
    ],
)
def test_recipe_that_is_none_is_refused_with_its_path_and_the_fault(
    project: Path, recipe: str, complaint: str
) -> None:
    path = project / f"recipes/{NAME}.yaml"
    path.write_text(recipe)
    with pytest.raises(CommandError, match=complaint) as refusal:
        _build(project)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("architecture: aarch64, ", "", "a manifest for no one architecture"),
        ("architecture: aarch64", "architecture: arm64", "no manifest for aarch64"),
    ],
)
def test_recipe_without_a_manifest_for_the_target_is_refused(
    project: Path, before: str, after: str, complaint: str
) -> None:
    (project / f"recipes/{NAME}.yaml").write_text(RECIPE.replace(before, after))
    with pytest.raises(CommandError, match=complaint):
        _build(project)


def test_settings_of_the_recipe_are_its_default_configuration(project: Path) -> None:
    assert read_facts(project / f"recipes/{NAME}.yaml").settings == {
        "interval_s": "5",
        "sensor": {"source": "simulated"},
    }
