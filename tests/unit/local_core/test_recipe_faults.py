"""What the nucleus refuses, row by row: each fault with its file, line, key and what to do."""

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.errors import RecipeError
from local_core.model.recipe import parse_recipe
from local_core.settings import Flavor

HEAD = "RecipeFormatVersion: 2020-01-25\nComponentName: com.example.A\nComponentVersion: 1.0.0\n"
MANIFESTS = "Manifests:\n  - Lifecycle:\n      run: echo\n"  # lines 4 to 6 below HEAD


def in_manifest(text: str) -> str:
    """A recipe whose manifest holds `text`, whose first line is line 5."""
    return HEAD + "Manifests:\n" + text


def in_phase(text: str) -> str:
    """A recipe whose run phase holds `text`, whose first line is line 7."""
    return HEAD + "Manifests:\n  - Lifecycle:\n      run:\n" + text


def artifact(uri: str) -> str:
    return in_manifest(f"  - Artifacts:\n      - Uri: {uri}\n")


BAD_RECIPES = {
    "empty file": ("", 1, "the file is empty"),
    "only a comment": ("# nothing\n", 1, "the file is empty"),
    "not YAML": (HEAD + "Manifests: [\n", 5, "not YAML"),
    "control character": (HEAD + "ComponentPublisher: a\x00b\n" + MANIFESTS, 4, "not YAML"),
    "alias": (
        HEAD + "ComponentPublisher: &p a\nComponentDescription: *p\n" + MANIFESTS,
        5,
        r"alias \*p .*write the value out",
    ),
    "too deep": (HEAD + "ComponentConfiguration: " + "[" * 120 + "\n", 4, "nested deeper than 100 levels"),
    "a list": ("- a\n", 1, "must be a mapping"),
    "key that is a list": (HEAD + "? [a]\n: b\n" + MANIFESTS, 4, "a key that is not text"),
    "too big": (HEAD + MANIFESTS + "#" * 16_000, 1, "at most 16000"),
    "no format": (HEAD.partition("\n")[2] + MANIFESTS, 1, "RecipeFormatVersion: is missing; add it"),
    "other format": (HEAD.replace("2020-01-25", "2021-01-01") + MANIFESTS, 1, "write '2020-01-25'"),
    "no name": (
        HEAD.replace("ComponentName: com.example.A\n", "") + MANIFESTS,
        1,
        "ComponentName: is missing",
    ),
    "null name": (HEAD.replace("com.example.A", "") + MANIFESTS, 1, "ComponentName: is missing"),
    "name that is the folder itself": (
        HEAD.replace("com.example.A", "'.'") + MANIFESTS,
        2,
        "is '.'; use only",
    ),
    "name that is the folder above": (HEAD.replace("com.example.A", "..") + MANIFESTS, 2, "not '.' or '..'"),
    "name whose log would be the core's own": (
        HEAD.replace("com.example.A", "GreenGrass") + MANIFESTS,
        2,
        "is 'GreenGrass', and GreenGrass.log would be taken for a log of the core itself; write e.g.",
    ),
    "name whose log would be the broker's": (
        HEAD.replace("com.example.A", "broker") + MANIFESTS,
        2,
        "log of",
    ),
    "name whose log would be that of S3": (HEAD.replace("com.example.A", "S3") + MANIFESTS, 2, "a log"),
    "dependency on the folder above": (
        HEAD + "ComponentDependencies:\n  ..: {VersionRequirement: 1.0.0}\n" + MANIFESTS,
        5,
        "not the name of a component",
    ),
    "integer of more than 64 bits": (
        HEAD
        + "ComponentConfiguration:\n  DefaultConfiguration:\n    a:\n      - 18446744073709551616\n"
        + MANIFESTS,
        7,
        "does not fit into 64 bits; put it in quotes",
    ),
    "integer of more digits than Python converts": (
        HEAD + f"ComponentConfiguration:\n  DefaultConfiguration:\n    a: -{'9' * 5_000}\n" + MANIFESTS,
        6,
        "does not fit into 64 bits; put it in quotes",
    ),
    "decimal beyond all bounds": (
        HEAD + "ComponentConfiguration:\n  DefaultConfiguration:\n    a: 1.0e999\n" + MANIFESTS,
        6,
        "does not fit into 64 bits",
    ),
    "name with a space": (
        HEAD.replace("com.example.A", "my sensor") + MANIFESTS,
        2,
        "ComponentName: is 'my sensor'; use only",
    ),
    "long name": (HEAD.replace("com.example.A", "a" * 129) + MANIFESTS, 2, "has 129 characters; at most 128"),
    "number as name": (
        HEAD.replace("com.example.A", "12") + MANIFESTS,
        2,
        "must be a text, not the number 12",
    ),
    "placeholder name": (
        HEAD.replace("com.example.A", '"{COMPONENT_NAME}"') + MANIFESTS,
        2,
        "deploy the built one",
    ),
    "two-part version": (
        HEAD.replace("1.0.0", "1.0") + MANIFESTS,
        3,
        "ComponentVersion: must be a text, not the number 1.0",
    ),
    "no semantic version": (HEAD.replace("1.0.0", "v1") + MANIFESTS, 3, "'v1' is not a semantic version"),
    "seven digits": (HEAD.replace("1.0.0", "1.0.1234567") + MANIFESTS, 3, "more than six digits"),
    "NEXT_PATCH": (HEAD.replace("1.0.0", "NEXT_PATCH") + MANIFESTS, 3, "placeholder 'NEXT_PATCH'"),
    "plugin": (
        HEAD + "ComponentType: aws.greengrass.plugin\n" + MANIFESTS,
        4,
        "only aws.greengrass.generic runs here",
    ),
    "no manifests": (HEAD, 1, "Manifests: is missing"),
    "empty manifests": (HEAD + "Manifests: []\n", 4, "Manifests: is empty"),
    "manifests as mapping": (
        HEAD + "Manifests: {os: linux}\n",
        4,
        "Manifests: must be a list, not a mapping",
    ),
    "null manifest": (HEAD + "Manifests:\n  -\n", 5, r"Manifests\[0\]: is null"),
    "platform as text": (
        in_manifest("  - Platform: linux\n"),
        5,
        r"Manifests\[0\]\.Platform: must be a mapping",
    ),
    "platform value as list": (
        in_manifest("  - Platform: {os: [linux]}\n"),
        5,
        r"Platform\.os: must be a text",
    ),
    "broken expression": (in_manifest("  - Platform: {os: /(/}\n"), 5, "'/\\(/' is not a regular expression"),
    "selections as text": (in_manifest("  - Selections: all\n"), 5, r"Selections: must be a list"),
    "lifecycle as list": (in_manifest("  - Lifecycle: [run]\n"), 5, "Lifecycle: must be a mapping"),
    "phase as list": (
        in_manifest("  - Lifecycle:\n      run: [a, b]\n"),
        6,
        r"Lifecycle\.run: must be a script",
    ),
    "phase without script": (in_phase("        Timeout: 5\n"), 6, r"run\.Script: is missing"),
    "script as number": (
        in_phase("        Script: 5\n"),
        7,
        r"run\.Script: must be a text, not the number 5",
    ),
    "run beside startup": (
        in_manifest("  - Lifecycle:\n      startup: echo\n      run: echo\n"),
        7,
        r"run: stands beside startup \(line 6\); keep one",
    ),
    "fractional timeout": (
        in_phase("        Script: a\n        Timeout: 1.5\n"),
        8,
        "Timeout: is the number 1.5; write whole seconds",
    ),
    "timeout of 0": (in_phase("        Script: a\n        Timeout: 0\n"), 8, "whole seconds from 1"),
    "timeout of centuries": (
        in_phase("        Script: a\n        Timeout: 2147483648\n"),
        8,
        "to 2147483647",
    ),
    "timeout of thousands of digits": (
        in_phase(f"        Script: a\n        Timeout: '{'9' * 5000}'\n"),
        8,
        "to 2147483647",
    ),
    "timeout with a unit": (in_phase("        Script: a\n        Timeout: 5s\n"), 8, "whole seconds"),
    "timeout as truth value": (
        in_phase("        Script: a\n        Timeout: true\n"),
        8,
        "the truth value true",
    ),
    "condition": (
        in_phase("        Script: a\n        Skipif: test -f x\n"),
        8,
        r"Skipif: 'test -f x' is not '\[!\]exists PATH'",
    ),
    "condition without argument": (in_phase("        Script: a\n        Skipif: exists\n"), 8, "Skipif"),
    "privilege": (
        in_phase("        Script: a\n        RequiresPrivilege: root\n"),
        8,
        "write one of true, false",
    ),
    "environment as list": (
        in_phase("        Script: a\n        Setenv: [A=1]\n"),
        8,
        "Setenv: must be a mapping",
    ),
    "environment with a mapping": (
        in_phase("        Script: a\n        Setenv: {A: {b: 1}}\n"),
        8,
        r"Setenv\.A: .*write JSON in quotes",
    ),
    "artifact as text": (in_manifest("  - Artifacts: [a.zip]\n"), 5, r"Artifacts\[0\]: must be a mapping"),
    "null artifact": (in_manifest("  - Artifacts:\n      -\n"), 6, r"Artifacts\[0\]: is null"),
    "artifact without Uri": (
        in_manifest("  - Artifacts: [{Unarchive: ZIP}]\n"),
        5,
        r"Artifacts\[0\]\.Uri: is missing",
    ),
    "file artifact": (
        artifact("file:/a/x.py"),
        6,
        "artifact URI scheme FILE is not supported yet; write s3://",
    ),
    "file artifact with a variable": (
        artifact('"file://{artifacts:path}/x.py"'),
        6,
        "illegal character '{' at index 7, and never interpolates artifact URIs",
    ),
    "web artifact": (artifact("https://example.com/x.zip"), 6, "scheme HTTPS is not supported"),
    "artifact without scheme": (artifact("x.zip"), 6, "has no scheme"),
    "artifact without file": (artifact("s3://bucket/"), 6, "names no bucket or no file"),
    "unarchive": (
        in_manifest("  - Artifacts: [{Uri: s3://b/f, Unarchive: TAR}]\n"),
        5,
        "Unarchive: .*write one of NONE, ZIP",
    ),
    "permission": (
        in_manifest("  - Artifacts: [{Uri: s3://b/f, Permission: {Read: ME}}]\n"),
        5,
        r"Permission\.Read: is the text 'ME'; write one of NONE, OWNER, ALL",
    ),
    "dependencies as list": (HEAD + "ComponentDependencies: [b]\n" + MANIFESTS, 4, "must be a mapping"),
    "dependency without requirement": (
        HEAD + "ComponentDependencies: {b: {}}\n" + MANIFESTS,
        4,
        r"b\.VersionRequirement: is missing",
    ),
    "requirement latest": (
        HEAD + "ComponentDependencies:\n  b:\n    VersionRequirement: latest\n" + MANIFESTS,
        6,
        "'latest' is not an npm range",
    ),
    "requirement as number": (
        HEAD + "ComponentDependencies: {b: {VersionRequirement: 2.0}}\n" + MANIFESTS,
        4,
        "must be a text",
    ),
    "kind of dependency": (
        HEAD
        + "ComponentDependencies:\n  b: {VersionRequirement: '1.0.0', DependencyType: FIRM}\n"
        + MANIFESTS,
        5,
        "DependencyType: .*write one of HARD, SOFT",
    ),
    "name of dependency": (
        HEAD + "ComponentDependencies:\n  b c: {VersionRequirement: ^1.0.0}\n" + MANIFESTS,
        5,
        "'b c' is not the name",
    ),
    "depends on itself": (
        HEAD + "ComponentDependencies:\n  com.example.A: {VersionRequirement: ^1.0.0}\n" + MANIFESTS,
        5,
        "depends on itself",
    ),
    "configuration as list": (
        HEAD + "ComponentConfiguration:\n  DefaultConfiguration: [1]\n" + MANIFESTS,
        5,
        r"ComponentConfiguration\.DefaultConfiguration: must be a mapping",
    ),
}

BAD_ON_LITE = {
    "caret range": (
        HEAD + "ComponentDependencies:\n  b: {VersionRequirement: ^1.0.0}\n" + MANIFESTS,
        5,
        r"'\^1\.0\.0' fails on Lite",
    ),
    "keys in another case": (
        HEAD.replace("ComponentName", "componentname") + MANIFESTS,
        1,
        "ComponentName: is missing",
    ),
    "too big for Lite": (HEAD + MANIFESTS + "#" * 8_192, 1, "at most 8192"),
    "name of a variable": (
        in_phase("        Script: a\n        Setenv: {MY-NAME: a}\n"),
        8,
        r"Setenv\.MY-NAME: Lite refuses",
    ),
}


def refusal(text: str, flavor: Flavor, origin: str = "a.yaml") -> str:
    with pytest.raises(RecipeError) as refused:
        parse_recipe(text, origin, flavor)
    return str(refused.value)


@pytest.mark.parametrize(("text", "line", "words"), BAD_RECIPES.values(), ids=BAD_RECIPES)
def test_bad_recipe_is_refused_with_file_line_and_words(text: str, line: int, words: str) -> None:
    message = refusal(text, Flavor.CLASSIC)

    assert re.match(rf"a\.yaml:{line}: .*{words}", message), message
    assert "\n" not in message


@pytest.mark.parametrize(("text", "line", "words"), BAD_ON_LITE.values(), ids=BAD_ON_LITE)
def test_recipe_that_only_lite_refuses(text: str, line: int, words: str) -> None:
    assert re.match(rf"a\.yaml:{line}: .*{words}", refusal(text, Flavor.LITE))


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        "RecipeFormatVersion: 1\nComponentName: a b\nComponentVersion: x\n"
        "Manifests:\n  - Lifecycle:\n      run: {Timeout: -1}\n"
        "    Artifacts:\n      - Uri: file:/x\n      - Unarchive: RAR\n"
    )

    lines = refusal(text, Flavor.CLASSIC).splitlines()

    assert [line.split(": ")[1] for line in lines] == [
        "RecipeFormatVersion",
        "ComponentName",
        "ComponentVersion",
        "Manifests[0].Lifecycle.run.Script",
        "Manifests[0].Lifecycle.run.Timeout",
        "Manifests[0].Artifacts[0].Uri",
        "Manifests[0].Artifacts[1].Unarchive",
        "Manifests[0].Artifacts[1].Uri",
    ]


def test_json_faults_have_lines_too() -> None:
    text = '{\n\t"RecipeFormatVersion": "2020-01-25",\n\t"ComponentName": "a",\n\t"ComponentVersion": 1\n}'

    lines = refusal(text, Flavor.CLASSIC, "a.json").splitlines()

    assert lines[1].startswith("a.json:4: ComponentVersion: must be a text")


def test_yaml_in_a_json_file_is_no_recipe() -> None:
    assert refusal(HEAD + MANIFESTS, Flavor.CLASSIC, "a.json").startswith("a.json:1: not JSON")


def test_deeply_nested_json_is_refused_like_any_other() -> None:
    assert "nested deeper" in refusal("[" * 7_000 + "]" * 7_000, Flavor.CLASSIC, "a.json")


GOOD: dict[str, Any] = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": "com.example.A",
    "ComponentVersion": "1.0.0",
    "ComponentDependencies": {"b": {"VersionRequirement": "^1.0.0", "DependencyType": "SOFT"}},
    "ComponentConfiguration": {"DefaultConfiguration": {"a": 1}},
    "Lifecycle": {"all": {"run": "echo"}},
    "Manifests": [
        {
            "Platform": {"os": "linux"},
            "Selections": ["all"],
            "Lifecycle": {
                "Setenv": {"A": "b"},
                "install": {"Script": "x", "Timeout": 5, "Skipif": "exists x", "RequiresPrivilege": True},
            },
            "Artifacts": [{"Uri": "s3://b/f", "Unarchive": "ZIP", "Permission": {"Read": "ALL"}}],
        }
    ],
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.text(max_size=5), below, max_size=2),
    max_leaves=4,
)


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """`value` with any part of it replaced by anything."""
    if draw(st.integers(0, 9)) == 0:
        return draw(anything)
    if isinstance(value, dict):
        return {key: draw(spoilt(child)) for key, child in value.items()}
    return [draw(spoilt(item)) for item in value] if isinstance(value, list) else value


@given(recipe=spoilt(GOOD), flavor=st.sampled_from(Flavor))
def test_spoilt_recipe_is_read_or_refused_and_never_anything_else(recipe: Any, flavor: Flavor) -> None:
    with contextlib.suppress(RecipeError):
        parse_recipe(json.dumps(recipe), "a.yaml", flavor)


@given(text=st.text(alphabet=st.sampled_from("a:-[]{}&*!|>'\"%@#?,~ \n\t\u2028\x85\x00"), max_size=40))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    for origin in ("a.yaml", "a.json"):
        with pytest.raises(RecipeError, match=r"^a\.(yaml|json):\d+: "):
            parse_recipe(text, origin)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_word_that_only_python_takes_for_a_json_number_is_refused(word: str) -> None:
    text = json.dumps({"ComponentConfiguration": {"DefaultConfiguration": {"a": 0}}}).replace("0", word)

    with pytest.raises(RecipeError, match=rf"not JSON: {word} is no JSON value"):
        parse_recipe(text, "r.json")


def test_whole_numbers_of_64_bits_are_taken_as_they_are() -> None:
    limits = "    low: -9223372036854775808\n    high: 18446744073709551615\n"
    text = HEAD + "ComponentConfiguration:\n  DefaultConfiguration:\n" + limits + MANIFESTS

    assert parse_recipe(text, "r.yaml").default_configuration == {"low": -(2**63), "high": 2**64 - 1}
