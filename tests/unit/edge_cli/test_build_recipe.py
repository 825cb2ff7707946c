"""A recipe starts the Python that its artifact is for, or it is refused."""

from typing import Any

import pytest

from edge_cli.building.recipe import rendered
from edge_cli.errors import CommandError
from edge_cli.targets import Architecture, PythonVersion, Target

TARGET = Target(Architecture.AARCH64, PythonVersion.PY312)


def _rendered(steps: Any, of_all: Any = None) -> Any:
    manifest = {"Platform": {"architecture": "aarch64"}, "Lifecycle": steps}
    document = {"ComponentName": "com.example.Pump", "Lifecycle": of_all, "Manifests": [manifest]}
    result = rendered(document, package="pump", version="1.0.0", targets=[TARGET], rename=str)
    return result["Manifests"][0]["Lifecycle"]


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ({"run": {"Script": "exec python3.11 -u -m pump"}}, "run.Script"),
        ({"run": "exec /usr/bin/python3.11 -u -m pump"}, "run"),
        ({"Setenv": {"PYTHON": "x", "HOME_OF": "/usr/lib/python3.11/x"}, "run": "$PYTHON"}, "Setenv.HOME_OF"),
        ({"install": {"Script": "true # first\npython3.13 -m pump"}}, "install.Script"),
    ],
)
def test_a_script_that_names_another_python_is_refused_with_its_place(steps: Any, where: str) -> None:
    with pytest.raises(CommandError, match=r"Write \$PYTHON there") as refusal:
        _rendered(steps)
    assert f"\n  the manifest for aarch64: Lifecycle.{where} names python3.1" in str(refusal.value)


def test_steps_for_all_manifests_are_held_to_it_too() -> None:
    with pytest.raises(CommandError, match=r"\n  Lifecycle\.run\.Script names python3\.11, the"):
        _rendered({}, of_all={"run": {"Script": "python3.11 -m pump"}})


@pytest.mark.parametrize(
    "script",
    [
        "exec $PYTHON -u -m pump",
        "exec python3.12 -u -m pump",
        "exec $PYTHON -m pump # not python3.11",
        "# python3.11\nexec python3 -m pump",
        "ls my-python3.11.txt",
    ],
)
def test_a_script_that_names_no_other_python_stays_as_it_is(script: str) -> None:
    assert _rendered({"run": {"Script": script}})["run"]["Script"] == script


def test_the_setting_of_the_interpreter_is_put_right() -> None:
    assert _rendered({"Setenv": {"PYTHON": "python3.11"}})["Setenv"] == {"PYTHON": "python3.12"}
    assert _rendered({"Setenv": None})["Setenv"] is None
