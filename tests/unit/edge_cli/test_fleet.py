"""What of publishing and deploying is pure: versions, releases, configurations, differences, aws_errors."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_cli import gdk_config
from edge_cli.app import main
from edge_cli.building import builds
from edge_cli.configuration_option import Change
from edge_cli.errors import CommandError
from edge_cli.fleet import aws_errors, configuration, difference, release, rollout, specification, versions
from edge_cli.fleet.specification import Changes
from edge_cli.targets import DEVICE_PYTHON, Architecture, choose
from support.aws.builds import PUBLISHER, SUBSCRIBER, build

BOARD = choose([Architecture.AARCH64], DEVICE_PYTHON)
TARGET = "arn:aws:iot:eu-west-1:123456789012:thing/core"
KEYS = st.sampled_from(["a", "b", "c/d", "e~f", ""])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, DOCUMENTS, max_size=3)
COMPONENTS = st.dictionaries(
    st.sampled_from("ABCDEFGH"),
    st.fixed_dictionaries(
        {"componentVersion": st.sampled_from(["1.0.0", "2.0.0"])},
        optional={
            "configurationUpdate": st.fixed_dictionaries({"merge": OBJECTS.map(json.dumps)}),
            "runWith": st.fixed_dictionaries({"posixUser": st.text(min_size=1, max_size=3)}),
        },
    ),
)


def _pointer(*keys: str) -> str:
    return "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in keys)


@given(COMPONENTS, st.dictionaries(st.sampled_from("AX"), st.just("9.0.0")), st.sampled_from(["B", "C"]))
def test_component_that_is_not_named_is_never_changed(
    components: dict[str, Any], wanted: dict[str, str], removed: str
) -> None:
    before = specification.kept({"components": components, "deploymentName": "n"}, TARGET, "new")
    remove = (removed,) if removed in components else ()
    after = specification.changed(before, Changes(versions=wanted, remove=remove))
    others = set(components) - set(wanted) - set(remove)
    assert {name: after["components"][name] for name in others} == {name: components[name] for name in others}
    assert set(after["components"]) == (set(components) | set(wanted)) - set(remove)
    touched = {one.component for one in difference.between(before, after)}
    assert touched <= set(wanted) | set(remove)


@given(OBJECTS, OBJECTS)
def test_merged_configuration_has_every_value_of_the_change(
    present: dict[str, Any], change: dict[str, Any]
) -> None:
    update = configuration.updated({"merge": json.dumps(present)}, Change(change))
    merged = configuration.leaves(configuration.merged_values(update))
    wanted = configuration.leaves(change)
    assert {pointer: merged[pointer] for pointer in wanted if wanted[pointer] != {}} == {
        pointer: value for pointer, value in wanted.items() if value != {}
    }


@given(OBJECTS, st.lists(KEYS, min_size=1, max_size=3))
def test_what_is_reset_is_no_longer_merged(present: dict[str, Any], keys: list[str]) -> None:
    pointer = _pointer(*keys)
    update = configuration.updated({"merge": json.dumps(present)}, Change(reset=(pointer,)))
    assert update is not None
    assert pointer in update["reset"]
    left = configuration.leaves(configuration.merged_values(update))
    before = configuration.leaves(present)
    assert not any(one == pointer or one.startswith(f"{pointer}/") for one in left)
    gone = {one for one in before if one == pointer or one.startswith(f"{pointer}/")}
    assert {
        one: value for one, value in before.items() if one not in gone and value != {}
    }.items() <= left.items()


def test_update_that_is_not_changed_keeps_its_very_text() -> None:
    present = {"merge": '{ "a":1.50 }', "reset": ["/x"]}
    assert configuration.updated(present, Change()) == present


@pytest.mark.parametrize(
    "value",
    [
        "mqtt://sensor:canary@broker:1883",
        "https://canary@example.com/x",
        "amqp://user:can/a@ry-canary@host",
        '{"host": "h", "password": "canary"}',
        '[{"api_key": "canary"}]',
        json.dumps({"inner": json.dumps({"token": "canary"})}),
        "Server=h;Password = canary",
        "https://h/x?access_token=canary",
        "Authorization: Bearer canary",
        "-----BEGIN RSA PRIVATE KEY-----canary",
        ["mqtt://u:canary@h"],
    ],
)
def test_secret_inside_of_a_text_is_hidden(value: object) -> None:
    merge = json.dumps({"settings": {"value": value}})
    after = {"A": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": merge}}}
    (found,) = difference.between({"components": {}}, {"components": after})
    assert found.settings[0].after == "(hidden)"


@pytest.mark.parametrize("value", ["mqtts://broker:8883", "https://example.com/a?b=c", "07:30", '{"a": 1}'])
def test_text_without_a_secret_is_shown(value: str) -> None:
    merge = json.dumps({"settings": {"value": value}})
    after = {"A": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": merge}}}
    (found,) = difference.between({"components": {}}, {"components": after})
    assert found.settings[0].after == json.dumps(value)


@pytest.mark.parametrize(
    "key",
    ["password", "apiKey", "api_key", "SecretAccessKey", "token", "privateKey", "passphrase", "basicAuth"],
)
def test_value_whose_name_says_secret_is_hidden(key: str) -> None:
    after = {
        "A": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": json.dumps({key: "canary"})}}
    }
    (found,) = difference.between({"components": {}}, {"components": after})
    assert found.settings[0].after == "(hidden)"


def test_first_deployment_rolls_back_and_tags_of_aws_are_left_to_aws() -> None:
    kept = specification.kept({"tags": {"aws:x": "1", "mine": "2"}}, TARGET, "name")
    assert kept["deploymentPolicies"]["failureHandlingPolicy"] == "ROLLBACK"
    assert kept["tags"] == {"mine": "2"}
    assert "tags" not in specification.kept({"tags": {"aws:x": "1"}}, TARGET, "name")


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 3), max_size=6))
def test_next_version_is_above_all_that_are_published(published: list[tuple[int, int, int]]) -> None:
    taken = [".".join(map(str, one)) for one in published]
    offered = versions.next_version("1.0.0", taken)
    assert versions.ordered([*taken, offered])[-1] == offered
    assert offered not in taken


def _one(folder: Path) -> builds.Build:
    (found,) = builds.read(folder)
    return found


def test_content_is_the_same_for_another_version_and_another_bucket(tmp_path: Path) -> None:
    build(tmp_path)
    first = release.prepared(_one(tmp_path), "1.0.0", "a-bucket", BOARD)
    second = release.prepared(_one(tmp_path), "1.4.0", "b-bucket", BOARD)
    assert first.content == second.content
    assert b"s3://b-bucket/com.example.MqttPublisher/1.4.0/" in second.recipe
    assert b"BUCKET_NAME" not in second.recipe


def test_artifact_that_the_recipe_names_and_nobody_built_is_refused(tmp_path: Path) -> None:
    artifact = build(tmp_path)
    artifact.rename(artifact.with_name("other.zip"))
    with pytest.raises(CommandError, match="is not what was built"):
        release.prepared(_one(tmp_path), "1.0.0", "a-bucket", BOARD)


def test_artifact_without_a_checksum_is_refused(tmp_path: Path) -> None:
    artifact = build(tmp_path)
    artifact.with_suffix(".sha256").unlink()
    with pytest.raises(CommandError, match="has no SHA-256"):
        release.prepared(_one(tmp_path), "1.0.0", "a-bucket", BOARD)


def test_placeholder_that_nothing_fills_is_refused(tmp_path: Path) -> None:
    build(tmp_path, grant="BUCKET_NAME/x")
    with pytest.raises(CommandError, match="still has BUCKET_NAME"):
        release.prepared(_one(tmp_path), "1.0.0", "a-bucket", BOARD)


def test_recipe_that_is_too_long_for_aws_is_refused(tmp_path: Path) -> None:
    build(tmp_path, grant="x" * 16_000)
    with pytest.raises(CommandError, match="16000 at most"):
        release.prepared(_one(tmp_path), "1.0.0", "a-bucket", BOARD)


def test_amazons_names_cannot_be_published(tmp_path: Path) -> None:
    build(tmp_path, "aws.greengrass.Nucleus")
    with pytest.raises(CommandError, match=r"Amazon's own"):
        release.prepared(_one(tmp_path), "1.0.0", "a-bucket", BOARD)


def test_two_builds_of_one_component_are_refused(tmp_path: Path) -> None:
    build(tmp_path)
    recipe = tmp_path / "recipes" / f"{PUBLISHER}-1.0.0.yaml"
    (tmp_path / "recipes" / f"{PUBLISHER}-1.1.0.yaml").write_text(recipe.read_text())
    with pytest.raises(CommandError, match="two builds"):
        builds.read(tmp_path)


def test_build_is_chosen_by_any_of_its_names(tmp_path: Path) -> None:
    build(tmp_path)
    build(tmp_path, SUBSCRIBER)
    for word in (SUBSCRIBER, "MqttSubscriber", "mqtt_subscriber"):
        assert [one.name for one in builds.chosen([word], tmp_path)] == [SUBSCRIBER]
    with pytest.raises(CommandError, match=f"There are: {PUBLISHER}, {SUBSCRIBER}"):
        builds.chosen(["absent"], tmp_path)


def test_word_that_fits_two_namespaces_is_refused_and_a_full_name_is_taken(tmp_path: Path) -> None:
    build(tmp_path)
    build(tmp_path, "com.acme.MqttPublisher")
    with pytest.raises(CommandError, match=f"may mean com.acme.MqttPublisher or {PUBLISHER}"):
        builds.chosen(["mqtt_publisher"], tmp_path)
    assert [one.name for one in builds.chosen([PUBLISHER], tmp_path)] == [PUBLISHER]


def test_builds_of_one_component_in_two_namespaces_are_not_taken_without_a_name(tmp_path: Path) -> None:
    build(tmp_path)
    build(tmp_path, SUBSCRIBER)
    build(tmp_path, "com.acme.MqttPublisher")
    with pytest.raises(CommandError, match="Name in full") as refused:
        builds.chosen([], tmp_path)
    assert f"com.acme.MqttPublisher and {PUBLISHER}" in str(refused.value)
    assert SUBSCRIBER not in str(refused.value)


def test_reset_that_was_done_is_dropped_and_that_of_grants_stays() -> None:
    update = {"merge": '{ "a" : 1.50 }', "reset": ["/a", "/accessControl", ""]}
    before = {
        "components": {
            "A": {"componentVersion": "1.0.0", "configurationUpdate": update},
            "B": {"componentVersion": "1.0.0", "configurationUpdate": {"reset": ["/x"]}},
        }
    }
    after = specification.without_done_resets(before)
    assert after["components"] == {
        "A": {
            "componentVersion": "1.0.0",
            "configurationUpdate": {"merge": '{ "a" : 1.50 }', "reset": ["/accessControl"]},
        },
        "B": {"componentVersion": "1.0.0"},
    }
    assert difference.between(before, after) == []


def test_bucket_of_the_registry_is_found_in_any_namespace(tmp_path: Path) -> None:
    path = tmp_path / "gdk-config.json"
    path.write_text(
        json.dumps({"component": {"com.example.A": {"publish": {"bucket": "b", "region": "r-1"}}}})
    )
    assert gdk_config.bucket("com.acme.A", "eu-west-1", "123", path) == "b-eu-west-1-123"
    assert gdk_config.default_region(path) == "r-1"
    with pytest.raises(CommandError, match="--bucket"):
        gdk_config.bucket("com.acme.B", "eu-west-1", "123", path)


@pytest.mark.parametrize("word", ["publish", "deploy", "deployments"])
def test_every_command_of_the_fleet_explains_itself(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word, "--help"]) == 0
    said = capsys.readouterr().out
    assert "Examples:" in said
    assert "--json" in said
    assert "--region" in said


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("NoCredentialsError", "aws configure"),
        ("ProfileNotFound", "AWS_PROFILE"),
        ("UnauthorizedSSOTokenError", "aws sso login"),
        ("NoRegionError", "--region"),
        ("EndpointConnectionError", "--region"),
        ("SomethingNewError", "SomethingNewError"),
    ],
)
def test_what_the_sdk_cannot_do_says_what_to_do(kind: str, advice: str) -> None:
    said = aws_errors.unanswered("greengrassv2", "CreateDeployment", kind, "it said so", "eu-west-1")
    assert advice in said
    assert "it said so" in said


@pytest.mark.parametrize(
    "code", ["SignatureDoesNotMatch", "RequestTimeTooSkewed", "ThrottlingException", "Odd"]
)
def test_every_refusal_is_one_line(code: str) -> None:
    said = aws_errors.answered("s3", "PutObject", code, "two\nlines", "arn")
    assert "\n" not in said
    assert len(said) < 300


@pytest.mark.parametrize(
    ("devices", "longest_s"), [(5, 5), (500, 5), (1_000, 10), (10_000, 60), (50_000, 60)]
)
def test_pause_between_looks_grows_with_the_fleet_up_to_a_minute(devices: int, longest_s: float) -> None:
    pauses = list(itertools.islice(rollout.pauses_s(devices), 40))
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(longest_s / 50)
    assert pauses[-1] == longest_s
