import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.errors import RecipeError
from local_core.model.recipe import (
    Access,
    Artifact,
    DependencyType,
    Permission,
    Phase,
    Recipe,
    Unarchive,
    load_recipe,
    load_recipes,
    parse_recipe,
)
from local_core.settings import Flavor

FULL = """\
RecipeFormatVersion: 2020-01-25
ComponentName: com.example.Sensor
ComponentVersion: 1.2.3
ComponentType: aws.greengrass.generic
ComponentPublisher: Example
ComponentDescription: Reads a sensor.
ComponentDependencies:
  aws.greengrass.Nucleus: {VersionRequirement: ">=2.6.0 <3.0.0", DependencyType: SOFT}
  aws.greengrass.TokenExchangeService:
    VersionRequirement: ^2.0.0
ComponentConfiguration:
  DefaultConfiguration:
    topic: sensors
    interval_s: 5
    factor: 0.5
    enabled: true
    nothing: null
    since: 2020-01-25
    answer: yes
    limits: [1, "2"]
Manifests:
  - Name: the board
    Platform: {os: linux, architecture: aarch64}
    Lifecycle:
      Setenv: {NAME: value, COUNT: 3, FLAG: true}
      install:
        Script: sh install.sh
        Timeout: 900
        Skipif: onpath git
        RequiresPrivilege: true
        Setenv: {ONLY: here}
      run: exec python3 main.py
    Artifacts:
      - Uri: s3://bucket/key/1.2.3/sensor.zip
        Unarchive: ZIP
        Permission: {Read: ALL, Execute: OWNER}
      - Uri: greengrass:a/b/table.csv
  - Lifecycle:
      shutdown: {Script: echo bye}
"""


def read(text: str, flavor: Flavor = Flavor.CLASSIC, origin: str = "recipes/sensor.yaml") -> Recipe:
    return parse_recipe(text, origin, flavor)


def test_more_digits_than_a_number_can_have_are_text_in_quotes() -> None:
    text = FULL.replace("interval_s: 5", f"interval_s: 5\n    digits: '{'9' * 5_000}'")

    assert read(text).default_configuration["digits"] == "9" * 5_000


def test_every_part_of_a_recipe_is_read() -> None:
    recipe = read(FULL)

    assert (recipe.name, recipe.version, recipe.origin) == (
        "com.example.Sensor",
        "1.2.3",
        "recipes/sensor.yaml",
    )
    assert (recipe.publisher, recipe.description) == ("Example", "Reads a sensor.")
    board, other = recipe.manifests
    assert (board.name, board.platform) == ("the board", {"os": "linux", "architecture": "aarch64"})
    assert board.lifecycle.setenv == {"NAME": "value", "COUNT": "3", "FLAG": "true"}
    assert board.lifecycle.phases["install"] == Phase(
        "install", "sh install.sh", 900, "onpath git", requires_privilege=True, setenv={"ONLY": "here"}
    )
    assert board.lifecycle.phases["run"] == Phase("run", "exec python3 main.py", None)
    assert board.artifacts == (
        Artifact("s3://bucket/key/1.2.3/sensor.zip", Unarchive.ZIP, Permission(Access.ALL, Access.OWNER)),
        Artifact("greengrass:a/b/table.csv", Unarchive.NONE, Permission(Access.OWNER, Access.NONE)),
    )
    assert [artifact.file_name for artifact in board.artifacts] == ["sensor.zip", "table.csv"]
    assert (other.name, other.platform) == (None, {})
    nucleus, token_exchange = recipe.dependencies
    assert (nucleus.name, nucleus.type) == ("aws.greengrass.Nucleus", DependencyType.SOFT)
    assert nucleus.requirement.allows("2.12.0")
    assert token_exchange.type is DependencyType.HARD


def test_classic_keeps_types_and_takes_no_word_or_date_for_more_than_text() -> None:
    assert read(FULL).default_configuration == {
        "topic": "sensors",
        "interval_s": 5,
        "factor": 0.5,
        "enabled": True,
        "nothing": None,
        "since": "2020-01-25",
        "answer": "yes",
        "limits": [1, "2"],
    }


@pytest.mark.parametrize(
    ("phase", "timeout_s"),
    [
        ("bootstrap", 120),
        ("install", 120),
        ("startup", 120),
        ("run", None),
        ("shutdown", 15),
        ("recover", 60),
        ("uninstall", 120),
    ],
)
def test_phase_without_timeout_gets_the_default_of_the_nucleus(phase: str, timeout_s: float | None) -> None:
    recipe = read(
        "RecipeFormatVersion: 2020-01-25\nComponentName: a\nComponentVersion: 1.0.0\n"
        f"Manifests:\n  - Lifecycle:\n      {phase}: echo\n"
    )

    assert recipe.manifests[0].lifecycle.phases[phase].timeout_s == timeout_s


def test_classic_takes_keys_and_enumerations_in_any_case() -> None:
    recipe = read(
        "recipeformatversion: 2020-01-25\nCOMPONENTNAME: a\ncomponentVersion: 1.0.0\n"
        "ComponentDependencies: {b: {versionrequirement: ^1.0.0, dependencytype: soft}}\n"
        "manifests:\n  - platform: {OS: linux}\n"
        "    LIFECYCLE:\n      SetEnv: {KeptAsIs: x}\n      Run: {SCRIPT: echo}\n"
        "    artifacts: [{URI: s3://b/k/f.zip, unarchive: zip}]\n"
    )

    manifest = recipe.manifest_for({"os": "linux"})
    assert manifest.platform == {"os": "linux"}
    assert manifest.lifecycle.phases["run"].script == "echo"
    assert manifest.lifecycle.setenv == {"KeptAsIs": "x"}
    assert manifest.artifacts[0].unarchive is Unarchive.ZIP
    assert recipe.dependencies[0].type is DependencyType.SOFT


def test_first_matching_manifest_is_taken() -> None:
    recipe = read(FULL)

    assert recipe.manifest_for({"os": "linux", "architecture": "aarch64"}).name == "the board"
    assert "shutdown" in recipe.manifest_for({"os": "linux", "architecture": "amd64"}).lifecycle.phases


def test_no_matching_manifest_names_the_machine_and_what_was_asked_for() -> None:
    only_board = FULL[: FULL.index("  - Lifecycle:\n      shutdown")]

    with pytest.raises(RecipeError) as refused:
        read(only_board).manifest_for({"os": "linux", "architecture": "amd64"})

    message = str(refused.value)
    assert message.startswith(
        "recipes/sensor.yaml: no manifest of com.example.Sensor 1.2.3 is for this machine"
    )
    assert "os linux, architecture amd64" in message
    assert "os linux, architecture aarch64" in message


def test_json_is_the_same_recipe_tabs_and_escapes_included() -> None:
    defaults = {"emoji": "\U0001f600", "path": "a/b", "big": 1e5, "list": [1, None, True]}
    document = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.example.Sensor",
        "ComponentVersion": "1.2.3",
        "ComponentConfiguration": {"DefaultConfiguration": defaults},
        "Manifests": [{"Lifecycle": {"run": 'echo "it\'s"'}}],
    }
    text = json.dumps(document, indent="\t").replace("a/b", "a\\/b")

    recipe = read(text, origin="sensor.json")

    assert recipe.default_configuration == defaults
    assert recipe.manifests[0].lifecycle.phases["run"].script == 'echo "it\'s"'


def test_escaped_character_of_two_halves_is_one_and_half_a_character_is_none() -> None:
    text = FULL.replace("topic: sensors", r'topic: "\ud83d\ude00 \ud83d"')

    assert read(text).default_configuration["topic"] == "\U0001f600 \ufffd"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3)
    ),
    max_leaves=8,
)


@given(configuration=st.dictionaries(st.text(max_size=6), json_values, max_size=4), escaped=st.booleans())
def test_json_configuration_of_any_kind_arrives_as_it_was_written(
    configuration: dict[str, object], *, escaped: bool
) -> None:
    document = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "a",
        "ComponentVersion": "1.0.0",
        "ComponentConfiguration": {"DefaultConfiguration": configuration},
        "Manifests": [{}],
    }

    text = json.dumps(document, ensure_ascii=escaped)

    assert read(text, origin="a.json").default_configuration == configuration


def test_folder_is_read_with_its_sub_folders_and_nothing_but_recipes(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "any name.yml").write_text(FULL)
    (tmp_path / "a.YAML").write_bytes(b"\xef\xbb\xbf" + FULL.replace("Sensor", "Other").encode())
    (tmp_path / "README.md").write_text("not a recipe")

    assert [recipe.name for recipe in load_recipes(tmp_path)] == ["com.example.Other", "com.example.Sensor"]


def test_one_broken_recipe_fails_its_folder_and_all_faults_are_told(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(FULL)
    (tmp_path / "one.yaml").write_text(FULL.replace("1.2.3", "1.2", 1))
    (tmp_path / "two.json").write_text("{")

    with pytest.raises(RecipeError) as refused:
        load_recipes(tmp_path)

    lines = str(refused.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{tmp_path}/one.yaml:3", f"{tmp_path}/two.json:1"]


def test_missing_folder_missing_file_and_foreign_bytes_are_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"ComponentName: caf\xe9")

    with pytest.raises(RecipeError, match="nowhere: is not a folder"):
        load_recipes(tmp_path / "nowhere")
    with pytest.raises(RecipeError, match=r"gone\.yaml: cannot be read: No such file"):
        load_recipe(tmp_path / "gone.yaml")
    with pytest.raises(RecipeError, match=r"latin\.yaml: is not UTF-8"):
        load_recipe(tmp_path / "latin.yaml")
