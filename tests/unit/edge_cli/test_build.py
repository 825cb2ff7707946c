"""Component folders to artifacts and recipes: the right files, the same bytes, digests that prove them."""

import json
import os
import zipfile
from pathlib import Path

import pytest
import yaml

from edge_cli.building import BuildRequest
from edge_cli.building.checksums import verify
from edge_cli.building.component import Built
from edge_cli.errors import CommandError
from support.demo_thing import DEVICE, LAPTOP, NAME, RECIPE, build_in, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def _recipe(built: Built) -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load(built.recipe.read_text())
    return document


def test_artifact_holds_what_the_component_can_import_and_the_files_beside_it(project: Path) -> None:
    built = build_in(project)
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
    build_in(project, request=BuildRequest((DEVICE, LAPTOP)))
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
    first = build_in(project, project / "first").artifacts[0]
    for file in project.joinpath("components").rglob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o755)
    (project / "build").rename(project / "set_aside")
    assert build_in(project, project / "second").artifacts[0].path.read_bytes() == first.path.read_bytes()


@pytest.mark.parametrize("path", ["demo_thing/demo_thing/logic.py", "common/edge_common/clock.py"])
def test_change_of_one_byte_changes_the_artifact(project: Path, path: str) -> None:
    first = build_in(project).artifacts[0].sha256
    file = project / "components" / path
    file.write_text(file.read_text() + "#")
    assert build_in(project).artifacts[0].sha256 != first


@pytest.mark.parametrize("victim", ["artifact.zip", "about.json"])
def test_what_has_rotted_in_the_cache_is_made_anew(project: Path, victim: str) -> None:
    first = build_in(project).artifacts[0].path.read_bytes()
    (kept,) = (project / "build/cache/artifacts").glob(f"*/{victim}")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + b"?")
    assert build_in(project).artifacts[0].path.read_bytes() == first
    assert kept.read_bytes() == whole


def test_each_manifest_has_its_own_artifact_and_interpreter(project: Path) -> None:
    recipe = _recipe(build_in(project, request=BuildRequest((DEVICE, LAPTOP))))
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
    text = build_in(project).recipe.read_text()
    assert "amd64" not in text
    assert text.count("Artifacts") == 1


def test_what_the_recipe_says_beside_its_manifests_stays_as_it_is(project: Path) -> None:
    built, source = _recipe(build_in(project)), yaml.safe_load(RECIPE)
    assert {key: built[key] for key in source if key != "Manifests"} == {
        key: source[key] for key in source if key != "Manifests"
    }


def test_namespace_and_version_are_in_every_name(project: Path) -> None:
    built = build_in(project, request=BuildRequest((DEVICE,), namespace="com.acme", version="2.0.0-rc.1"))
    text = built.recipe.read_text()
    assert built.component == "com.acme.DemoThing"
    assert built.recipe.name == "com.acme.DemoThing-2.0.0-rc.1.yaml"
    assert built.artifacts[0].path.parent == project / "out/artifacts/com.acme.DemoThing/2.0.0-rc.1"
    assert "com.example" not in text
    assert "com.acme.DemoThing:pubsub:1" in text
    assert "ComponentVersion: 2.0.0-rc.1\n" in text


def test_build_of_a_new_version_leaves_nothing_of_the_old_one(project: Path) -> None:
    """A stale recipe in the folder would be deployed along with the new one."""
    build_in(project)
    (project / f"recipes/{NAME}.yaml").write_text(RECIPE.replace("1.2.3", "1.3.0"))
    build_in(project)
    assert [path.name for path in (project / "out/recipes").iterdir()] == [f"{NAME}-1.3.0.yaml"]
    assert [path.name for path in (project / f"out/artifacts/{NAME}").iterdir()] == ["1.3.0"]


def test_bill_of_materials_names_the_artifact_by_its_digest(project: Path) -> None:
    artifact = build_in(project).artifacts[0]
    document = json.loads(artifact.path.with_suffix(".cdx.json").read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": artifact.sha256}]


@pytest.mark.parametrize("victim", ["zip", "cdx.json"])
def test_a_flipped_byte_beside_the_manifest_of_digests_is_found(project: Path, victim: str) -> None:
    folder = build_in(project).artifacts[0].path.parent
    verify(folder)
    file = folder / f"demo_thing-cp311-aarch64.{victim}"
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    with pytest.raises(CommandError, match=rf"{victim} is not what was built"):
        verify(folder)


def test_an_artifact_without_a_digest_is_found(project: Path) -> None:
    folder = build_in(project).artifacts[0].path.parent
    (folder / "demo_thing-cp311-aarch64.sha256").unlink()
    with pytest.raises(CommandError, match="no SHA-256 for demo_thing-cp311-aarch64"):
        verify(folder)
