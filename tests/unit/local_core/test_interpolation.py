from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.model.interpolation import (
    ComponentVariables,
    InterpolationContext,
    interpolate,
    interpolate_configuration,
    interpolate_lifecycle,
    interpolate_resources,
)
from local_core.model.recipe import Lifecycle, Phase
from local_core.settings import Flavor

ROOT = Path("/greengrass/v2")
CONFIGURATION: dict[str, Any] = {
    "topic": "a/b",
    "count": 5,
    "factor": 0.5,
    "on": True,
    "nothing": None,
    "nested": {"deep": {"b": 1, "A": [1, "ü"]}},
    "list": ["x", {"y": "z"}],
    "a/b": {"~": "tilde"},
    "": "empty key",
}


def variables(name: str, version: str, configuration: dict[str, Any] | None = None) -> ComponentVariables:
    return ComponentVariables(
        artifacts=ROOT / "packages/artifacts" / name / version,
        decompressed=ROOT / "packages/artifacts-unarchived" / name / version,
        work=ROOT / "work" / name,
        configuration=configuration or {},
    )


def context(flavor: Flavor = Flavor.CLASSIC) -> InterpolationContext:
    return InterpolationContext(
        component="com.example.A",
        own=variables("com.example.A", "1.0.0", CONFIGURATION),
        root=ROOT,
        thing_name="board-1",
        dependencies={"com.example.my-dep": variables("com.example.my-dep", "2.1.0", {"port": "8088"})},
        flavor=flavor,
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{artifacts:path}/x.py", "/greengrass/v2/packages/artifacts/com.example.A/1.0.0/x.py"),
        ("{artifacts:decompressedPath}", "/greengrass/v2/packages/artifacts-unarchived/com.example.A/1.0.0"),
        ("{work:path}", "/greengrass/v2/work/com.example.A"),
        ("{kernel:rootPath}/logs", "/greengrass/v2/logs"),
        ("{iot:thingName}/{iot:thingName}", "board-1/board-1"),
        ("-t {configuration:/topic} -n {configuration:/count}", "-t a/b -n 5"),
        ("{configuration:/factor} {configuration:/on} {configuration:/nothing}", "0.5 true null"),
        ("{configuration:/nested}", '{"deep":{"A":[1,"ü"],"b":1}}'),
        ("{configuration:/nested/deep/b}", "1"),
        ("{configuration:/list/1/y} {configuration:/list/0}", "z x"),
        ("{configuration:/a~1b/~0}", "tilde"),
        ("{configuration:/}", "empty key"),
        ("{com.example.my-dep:configuration:/port}", "8088"),
        ("{com.example.my-dep:artifacts:path}", "/greengrass/v2/packages/artifacts/com.example.my-dep/2.1.0"),
        ("{com.example.my-dep:iot:thingName}", "board-1"),
        ("no variables, $HOME and { a: b } and {}", "no variables, $HOME and { a: b } and {}"),
    ],
)
def test_variable_is_replaced(text: str, result: str) -> None:
    assert interpolate(text, context()) == result


def test_whole_configuration_is_json_with_sorted_keys() -> None:
    text = interpolate("{configuration:}", context())

    assert text.startswith('{"":"empty key","a/b":{"~":"tilde"},"count":5,"factor":0.5,"list":')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{configuration:/missing}", "nothing is at '/missing' in the configuration"),
        ("{configuration:/TOPIC}", "nothing is at '/TOPIC'"),
        ("{configuration:/topic/deeper}", "nothing is at"),
        ("{configuration:/list/9}", "nothing is at"),
        ("{configuration:topic}", "must be empty or begin with '/'"),
        ("{work:home}", "the namespace 'work' has no 'home'"),
        ("{params:x}", "unrecognized namespace 'params'"),
        ("${VAR:-default}", "unrecognized namespace 'VAR'"),
        ("{com.example.Other:configuration:/port}", "com.example.Other is not a direct dependency"),
        ("{com.example.my-dep:configuration:/gone}", "nothing is at '/gone'"),
    ],
)
def test_variable_without_a_value_is_left_as_it_stands_with_an_error(
    text: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert interpolate(f"before {text} {{iot:thingName}}", context()) == f"before {text} board-1"
    (record,) = caplog.records
    assert (record.levelname, reason in record.getMessage()) == ("ERROR", True), record.getMessage()
    assert "com.example.A" in record.getMessage()


def test_value_that_looks_like_a_variable_is_not_replaced_again() -> None:
    spliced = context().own.configuration | {"tricky": "{iot:thingName}"}
    own = variables("com.example.A", "1.0.0", spliced)
    tricky = InterpolationContext("com.example.A", own, ROOT, "board-1")

    assert interpolate("{configuration:/tricky}", tricky) == "{iot:thingName}"


@given(text=st.text(alphabet="ab{}:/$ \n"))
def test_text_without_a_value_survives_any_braces(text: str) -> None:
    assert interpolate(text, context()) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("ls {artifacts:path}x", "ls /greengrass/v2/packages/artifacts/com.example.A/1.0.0/x"),
        ("{work:path}", "/greengrass/v2/work/com.example.A/"),
        ("{artifacts:decompressedPath}", "/greengrass/v2/packages/artifacts-unarchived/com.example.A/1.0.0/"),
        ("{kernel:rootPath}/x {iot:thingName}", "/greengrass/v2/x board-1"),
        ("{configuration:/nested/deep/b} {configuration:/on}", "1 true"),
        ("{configuration:/nested}", '{"deep":{"A":[1,"ü"],"b":1}}'),
    ],
)
def test_lite_replaces_variables_and_ends_paths_in_a_slash(text: str, result: str) -> None:
    assert interpolate(text, context(Flavor.LITE)) == result


@pytest.mark.parametrize(
    "unknown",
    [
        "${VAR}",
        "{configuration:/missing}",
        "f() { x; }",
        "{com.example.my-dep:configuration:/port}",
        "awk '{print'",
    ],
)
def test_lite_cuts_a_text_off_at_what_it_does_not_know_and_says_so(
    unknown: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"echo {{iot:thingName}}\n{unknown}\necho lost"

    assert interpolate(text, context(Flavor.LITE)) == f"echo board-1\n{unknown.partition('{')[0]}"
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "Lite cuts a text off before" in record.getMessage()


@given(text=st.text(alphabet="ab{}:/$ \n"))
def test_lite_never_keeps_a_brace(text: str) -> None:
    assert interpolate(text, context(Flavor.LITE)) == text.partition("{")[0]


def test_every_string_of_a_lifecycle_is_interpolated() -> None:
    lifecycle = Lifecycle(
        {"THING": "{iot:thingName}"},
        {
            "install": Phase(
                "install", "{work:path}", 9, "exists {work:path}/x", setenv={"T": "{configuration:/topic}"}
            )
        },
    )

    assert interpolate_lifecycle(lifecycle, context()) == Lifecycle(
        {"THING": "board-1"},
        {
            "install": Phase(
                "install",
                "/greengrass/v2/work/com.example.A",
                9,
                "exists /greengrass/v2/work/com.example.A/x",
                setenv={"T": "a/b"},
            )
        },
    )


ACCESS_CONTROL = {
    "aws.greengrass.ipc.mqttproxy": {
        "p": {"policyDescription": "{iot:thingName}", "operations": ["*"], "resources": ["{iot:thingName}/#"]}
    }
}


def test_classic_configuration_gets_system_variables_in_every_text_and_no_others() -> None:
    configuration = {
        "topic": "{iot:thingName}/x",
        "list": [{"path": "{work:path}"}, 5],
        "self": "{configuration:/topic}",
        "{iot:thingName}": True,
        "accessControl": ACCESS_CONTROL,
    }

    assert interpolate_configuration(configuration, context()) == {
        "topic": "board-1/x",
        "list": [{"path": "/greengrass/v2/work/com.example.A"}, 5],
        "self": "{configuration:/topic}",
        "{iot:thingName}": True,
        "accessControl": {
            "aws.greengrass.ipc.mqttproxy": {
                "p": {"policyDescription": "board-1", "operations": ["*"], "resources": ["board-1/#"]}
            }
        },
    }


def test_access_control_gets_variables_only_in_its_resources() -> None:
    assert interpolate_resources(ACCESS_CONTROL, context(Flavor.LITE)) == {
        "aws.greengrass.ipc.mqttproxy": {
            "p": {"policyDescription": "{iot:thingName}", "operations": ["*"], "resources": ["board-1/#"]}
        }
    }
