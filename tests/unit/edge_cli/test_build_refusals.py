"""What `edge build` refuses: everything that is wrong at once, with file and line, and nothing is written."""

import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from edge_cli.building import BuildRequest
from edge_cli.errors import CommandError
from edge_cli.targets import PythonVersion
from support.demo_thing import DEVICE, NAME, RECIPE, build_in, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def _limit(project: Path, megabytes: float) -> Path:
    pyproject = project / "components/demo_thing/pyproject.toml"
    pyproject.write_text(pyproject.read_text() + f"artifact_limit_mb = {megabytes}\n")
    return pyproject


def _enlarge(module: Path, size_bytes: int) -> None:
    """Add a constant that no compressor makes smaller than `size_bytes`."""
    module.write_text(f"{module.read_text()}TABLE = '{b64encode(os.urandom(size_bytes)).decode()}'\n")


def test_an_artifact_above_its_limit_is_refused_with_what_has_grown_and_the_former_build_stays(
    project: Path,
) -> None:
    _enlarge(project / "components/common/edge_common/clock.py", 30_000)
    former = build_in(project).artifacts[0].path
    body = former.read_bytes()
    _enlarge(project / "components/demo_thing/demo_thing/logic.py", 40_000)
    pyproject = _limit(project, 0.05)
    with pytest.raises(CommandError, match=r"has 0\.07 MB, its limit is 0\.05 MB") as refusal:
        build_in(project)
    assert f"Since {former} of 0.03 MB: demo_thing +0.04 MB. Import less" in str(refusal.value)
    assert f"artifact_limit_mb in [tool.edge] of {pyproject}" in str(refusal.value)
    assert former.read_bytes() == body


def test_a_first_build_above_its_limit_is_refused_with_its_largest_parts(project: Path) -> None:
    _enlarge(project / "components/common/edge_common/clock.py", 40_000)
    _limit(project, 0.02)
    with pytest.raises(CommandError, match=r"Largest in it: edge_common 0\.04 MB, demo_thing 0\.00 MB"):
        build_in(project)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import pandas\n", "demo_thing/__main__.py:1 imports pandas, which no pyproject"),
        (
            "\ndef later():\n    from edge_common import clock, absent\n    import edge_common.no\n",
            "edge_common.no",
        ),
        ("import distutils\n", "imports distutils"),
        (
            "import importlib\nimportlib.import_module(open('x').read())\n",
            ":2 imports a module by a computed name",
        ),
        (
            "def f(session, name):\n    return session.client(name)\n",
            ":2 computes the name of the AWS service",
        ),
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
        build_in(project, request=BuildRequest((python_312,)))
    assert not [path for path in (project / "out").rglob("*") if path.is_file()]


def test_all_faults_are_named_at_once(project: Path) -> None:
    (project / "components/demo_thing/demo_thing/__main__.py").write_text("import pandas\nimport numpy\n")
    with pytest.raises(CommandError, match=r"(?s)imports pandas.*imports numpy"):
        build_in(project)


def test_a_library_that_the_lock_lacks_is_named_with_who_asks_for_it(project: Path) -> None:
    pyproject = project / "components/demo_thing/pyproject.toml"
    pyproject.write_text('[project]\nname = "x"\ndependencies = ["pandas>=2"]\n')
    with pytest.raises(CommandError, match=rf"requirements.lock lacks pandas>=2, which {pyproject} names"):
        build_in(project)


@pytest.mark.parametrize(
    "version", ["1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.1234567", "1.0.0-", "", "1.0.0-" + "a" * 64]
)
def test_version_that_no_core_takes_is_refused(project: Path, version: str) -> None:
    with pytest.raises(CommandError, match="not a valid version"):
        build_in(project, request=BuildRequest((DEVICE,), version=version))


@pytest.mark.parametrize(
    "namespace", ["", "com..acme", "com.acme.", "../x", "com acme", "aws.greengrass", "a" * 130]
)
def test_namespace_that_no_component_may_have_is_refused(project: Path, namespace: str) -> None:
    with pytest.raises(CommandError, match="--namespace"):
        build_in(project, request=BuildRequest((DEVICE,), namespace=namespace))


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
        build_in(project)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("architecture: aarch64, ", "", "a manifest that is not for exactly one architecture"),
        ("architecture: aarch64", "architecture: arm64", "no manifest for aarch64"),
    ],
)
def test_recipe_without_a_manifest_for_the_target_is_refused(
    project: Path, before: str, after: str, complaint: str
) -> None:
    (project / f"recipes/{NAME}.yaml").write_text(RECIPE.replace(before, after))
    with pytest.raises(CommandError, match=complaint):
        build_in(project)
