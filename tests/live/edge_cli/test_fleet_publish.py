"""`edge publish`, with the real boto3, against a stand-in that is strict about the services' own models."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from edge_cli.project import PROJECT
from support.aws.account import ACCOUNT, CALLER
from support.aws.bench import Bench
from support.aws.builds import BOARD, PUBLISHER, SUBSCRIBER, build
from support.edge import edge_json
from support.s3.store import REGION


@pytest.fixture
def at(bare_bench: Bench) -> Bench:
    """A bench with one component built."""
    build(bare_bench.folder)
    return bare_bench


def _refused(at: Bench, *words: str) -> str:
    """The one message of a publication that changes nothing."""
    said = at.publish(*words, expect=1)
    assert at.cloud.faults.changes == []
    assert "Traceback" not in said.err
    return said.err.partition("error: ")[2]


def test_published_component_is_deployable_and_its_artifact_is_what_was_built(at: Bench) -> None:
    said = at.publish("--json").document
    (artifact,) = said[0]["artifacts"]
    body = at.cloud.buckets.body(artifact["uri"])
    assert body == b"the artifact"
    assert said[0]["outcome"] == "published"
    assert said[0]["arn"] == at.cloud.components.arn(PUBLISHER, "1.0.0")
    (published,) = at.cloud.components.versions[said[0]["arn"]].recipe["Manifests"]
    assert published["Artifacts"][0]["Uri"] == artifact["uri"]
    assert base64.b64decode(published["Artifacts"][0]["Digest"]) == hashlib.sha256(body).digest()
    assert at.cloud.components.versions[said[0]["arn"]].status["componentState"] == "DEPLOYABLE"


def test_what_is_published_does_not_depend_on_what_the_laptop_built_besides(at: Bench) -> None:
    build(at.folder, bodies={"cp311-aarch64": b"the artifact", "cp313-x86_64": b"the artifact"})
    (said,) = at.publish("--json").document
    (artifact,) = said["artifacts"]
    assert artifact["uri"].endswith("-cp311-aarch64.zip")
    assert (said["architectures"], said["python"]) == (["aarch64"], "3.11")
    (manifest,) = at.cloud.components.versions[said["arn"]].recipe["Manifests"]
    assert manifest["Platform"]["architecture"] == "aarch64"
    assert len(at.cloud.buckets.keys(at.bucket)) == 1
    build(at.folder, bodies={"cp311-aarch64": b"the artifact"})
    (again,) = at.publish("--json").document
    assert again["outcome"] == "already_published"
    assert (again["architectures"], again["python"]) == (["aarch64"], "3.11")


def test_machines_that_are_named_are_published_for_and_told(at: Bench) -> None:
    build(at.folder, bodies={"cp313-aarch64": b"the artifact", "cp313-x86_64": b"the artifact"})
    said = at.publish("--arch", "aarch64", "--arch", "x86_64", "--python", "3.13")
    assert "aarch64, x86_64; Python 3.13" in said.out
    assert len(at.cloud.buckets.keys(at.bucket)) == 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--python", "3.12"], "--arch aarch64 --python 3.12"),
        (["--arch", "x86_64", "--arch", "aarch64"], "--arch x86_64 --arch aarch64 --python 3.11"),
    ],
)
def test_machine_that_was_not_built_for_is_refused_with_the_line_that_builds(
    at: Bench, words: list[str], line: str
) -> None:
    build(at.folder, "com.acme.MqttSubscriber", "1.2.3")
    message = _refused(at, "com.acme.MqttSubscriber", *words)
    named = "scripts/edge build mqtt_subscriber --namespace com.acme --version 1.2.3"
    assert f"`{named} {line} --out {at.folder}`" in message


def test_everything_built_is_published_with_one_command_and_progress_is_told(at: Bench) -> None:
    build(at.folder, SUBSCRIBER)
    said = at.publish()
    assert said.out.count("1.0.0  published\n") == 2
    assert said.err.count("Uploading") == 2
    assert f"AWS account {ACCOUNT}, region {REGION}" in said.err


def test_component_is_named_by_its_folder(at: Bench) -> None:
    build(at.folder, SUBSCRIBER)
    said = at.publish("mqtt_subscriber", "--json").document
    assert [one["component"] for one in said] == [SUBSCRIBER]


def test_same_content_again_is_already_published_and_changes_nothing(at: Bench) -> None:
    at.publish()
    changes = at.cloud.faults.changes
    assert at.publish("--json").document[0]["outcome"] == "already_published"
    assert at.publish("--version", "next", "--json").document[0]["version"] == "1.0.0"
    assert at.cloud.faults.changes == changes


def test_existing_version_with_other_content_is_refused_and_the_next_one_offered(at: Bench) -> None:
    at.publish()
    changes = at.cloud.faults.changes
    build(at.folder, bodies={BOARD: b"another artifact"})
    said = at.publish(expect=1)
    assert "com.example.MqttPublisher 1.0.0 is published, with other content" in said.err
    assert "set ComponentVersion in its recipe" in said.err
    assert f"scripts/edge publish {PUBLISHER} --version next\nNothing was changed.\n" in said.err
    assert at.cloud.faults.changes == changes
    assert len(at.cloud.buckets.keys(at.bucket)) == 1
    assert at.publish("--version", "next", "--json").document[0]["version"] == "1.0.1"


def test_content_that_is_published_as_a_later_version_is_recognised(at: Bench) -> None:
    at.publish()
    build(at.folder, bodies={BOARD: b"another artifact"})
    at.publish("--version", "next")
    changes = at.cloud.faults.changes
    (again,) = at.publish("--json").document
    assert (again["version"], again["outcome"]) == ("1.0.1", "already_published")
    assert again["arn"] == at.cloud.components.arn(PUBLISHER, "1.0.1")
    assert "this one is published as 1.0.1" in at.publish("--version", "1.0.0", expect=1).err
    assert at.cloud.faults.changes == changes


def test_conflicts_of_several_components_have_one_remedy(at: Bench) -> None:
    build(at.folder, SUBSCRIBER)
    at.publish()
    for name in (PUBLISHER, SUBSCRIBER):
        build(at.folder, name, bodies={BOARD: b"another artifact"})
    said = at.publish(expect=1)
    for name in (PUBLISHER, SUBSCRIBER):
        assert f"scripts/edge publish {name} --version next\n" in said.err
    assert {one["version"] for one in at.publish("--version", "next", "--json").document} == {"1.0.1"}


def test_other_recipe_with_the_same_artifact_is_other_content(at: Bench) -> None:
    at.publish()
    build(at.folder, grant="other/#")
    assert "with other content" in at.publish(expect=1).err


def test_version_of_another_program_is_taken(at: Bench) -> None:
    at.cloud.components.add(PUBLISHER, "1.0.0", publisher="Example")
    message = _refused(at)
    assert "by another program" in message
    assert "--version next" in message


def test_next_version_is_above_all_that_are_published(at: Bench) -> None:
    for patch in range(12):
        at.cloud.components.add(PUBLISHER, f"1.4.{patch}", publisher="Example")
    assert at.publish("--version", "next", "--json").document[0]["version"] == "1.4.12"


def test_name_of_another_publisher_is_refused_until_it_is_adopted(at: Bench) -> None:
    at.cloud.components.add(PUBLISHER, "0.9.0", publisher="Somebody Else")
    message = _refused(at)
    assert "Somebody Else has published 0.9.0" in message
    assert "--namespace" in message
    assert at.publish("--adopt", "--json").document[0]["outcome"] == "published"


def test_name_conflict_while_publishing_is_one_message(at: Bench) -> None:
    at.cloud.faults.refuse("CreateComponentVersion", "ConflictException", "Component already exists")
    said = at.publish(expect=1)
    assert "com.example.MqttPublisher 1.0.0 cannot be created" in said.err
    assert "Component already exists" in said.err


def test_answer_that_is_lost_does_not_publish_twice_nor_fail(at: Bench) -> None:
    at.cloud.faults.lose_answer("CreateComponentVersion")
    assert at.publish("--json").document[0]["outcome"] == "published"
    assert at.cloud.faults.calls("CreateComponentVersion") == 2
    assert len(at.cloud.components.versions) == 1


def test_flipped_byte_is_refused_before_anything_is_changed(at: Bench) -> None:
    artifact = build(at.folder, SUBSCRIBER)
    body = bytearray(artifact.read_bytes())
    body[3] ^= 1
    artifact.write_bytes(body)
    message = _refused(at)
    assert str(artifact) in message
    assert "is not what was built" in message


def test_every_fault_of_every_component_is_named_at_once(at: Bench) -> None:
    build(at.folder, SUBSCRIBER).unlink()
    at.cloud.components.add(PUBLISHER, "1.0.0", publisher="Example")
    message = _refused(at)
    assert PUBLISHER in message
    assert SUBSCRIBER in message
    assert "Nothing was changed." in message


def test_missing_bucket_is_one_message_that_says_how_to_make_it(at: Bench) -> None:
    message = _refused(at, "--bucket", "absent-bucket")
    assert f"aws s3 mb s3://absent-bucket --region {REGION}" in message
    assert "`scripts/edge cloud up`" in message
    assert message.endswith("--bucket NAME\nNothing was changed.\n")


def test_bucket_of_another_account_is_refused(at: Bench) -> None:
    at.cloud.buckets.of_others.add(at.bucket)
    assert f"not of account {ACCOUNT}" in _refused(at)


def test_bucket_in_another_region_is_refused_with_both_regions(at: Bench) -> None:
    at.cloud.buckets.regions[at.bucket] = "eu-west-1"
    message = _refused(at)
    assert "is in eu-west-1" in message
    assert REGION in message


def test_bucket_is_gdks_where_none_is_named(at: Bench) -> None:
    prefix = json.loads((PROJECT / "gdk-config.json").read_text())["component"][PUBLISHER]["publish"][
        "bucket"
    ]
    at.cloud.buckets.make(f"{prefix}-{REGION}-{ACCOUNT}")
    said = at.edge("publish", "--build", str(at.folder), "--json").document
    assert said[0]["artifacts"][0]["uri"].startswith(f"s3://{prefix}-{REGION}-{ACCOUNT}/{PUBLISHER}/1.0.0/")


def test_throttled_calls_are_made_again(at: Bench) -> None:
    at.cloud.faults.throttle("CreateComponentVersion", 2)
    at.cloud.faults.throttle("ListComponentVersions", 1)
    assert at.publish("--json").document[0]["outcome"] == "published"
    assert at.cloud.faults.calls("CreateComponentVersion") == 3


@pytest.mark.parametrize(
    ("operation", "action", "said_by_aws"),
    [
        (
            "ListComponentVersions",
            "greengrass:ListComponentVersions",
            "User: x is not authorized to perform: null",
        ),
        ("HeadBucket", "s3:ListBucket", ""),
        ("PutObject", "s3:PutObject", "Access Denied"),
        ("CreateComponentVersion", "greengrass:CreateComponentVersion", "no identity-based policy allows it"),
        (
            "CreateComponentVersion",
            "greengrass:TagResource",
            f"User: {CALLER} is not authorized to perform: greengrass:TagResource on resource: arn:aws:x",
        ),
    ],
)
def test_access_denied_names_the_action_that_is_missing(
    at: Bench, operation: str, action: str, said_by_aws: str
) -> None:
    at.cloud.faults.deny(operation, said_by_aws)
    message = at.publish(expect=1).err.partition("error: ")[2]
    assert f"Access denied: {CALLER} may not do {action}" in message
    assert message.removesuffix("Nothing was changed.\n").count("\n") == 1


def test_slow_service_is_waited_for_and_its_state_told(at: Bench) -> None:
    at.cloud.components.slowness = 3
    said = at.publish()
    assert "com.example.MqttPublisher 1.0.0 is REQUESTED" in said.err
    assert "1.0.0  published" in said.out


def test_component_that_fails_is_told_with_the_reason(at: Bench) -> None:
    at.cloud.components.failures[PUBLISHER] = "The recipe is too good to be true"
    said = at.publish(expect=1)
    assert "The recipe is too good to be true" in said.err
    assert "FAILED" in said.err
    again = at.publish(expect=1)
    assert "is there, but it FAILED" in again.err
    assert "--version next" in again.err


def test_failure_of_the_second_component_says_that_the_first_is_published(at: Bench) -> None:
    build(at.folder, SUBSCRIBER)
    at.cloud.components.failures[SUBSCRIBER] = "No."
    assert f"Before that, {PUBLISHER} could be published." in at.publish(expect=1).err
    said = at.publish("mqtt_publisher", "--json").document
    assert said[0]["outcome"] == "already_published"


def test_interrupted_publication_goes_on_where_it_was(at: Bench) -> None:
    at.cloud.faults.refuse("CreateComponentVersion", "ValidationException", "Not now")
    assert "Not now" in at.publish(expect=1).err
    left = at.cloud.buckets.keys(at.bucket)
    assert at.publish("--json").document[0]["outcome"] == "published"
    assert at.cloud.buckets.keys(at.bucket) == left


def test_what_an_interrupted_publication_left_is_never_what_a_later_one_publishes(at: Bench) -> None:
    at.cloud.faults.refuse("CreateComponentVersion", "ValidationException", "Not now")
    at.publish(expect=1)
    build(at.folder, bodies={BOARD: b"repaired meanwhile"})
    (artifact,) = at.publish("--json").document[0]["artifacts"]
    assert at.cloud.buckets.body(artifact["uri"]) == b"repaired meanwhile"
    assert len(at.cloud.buckets.keys(at.bucket)) == 2


def test_object_that_somebody_has_replaced_is_refused(at: Bench) -> None:
    at.cloud.faults.refuse("CreateComponentVersion", "ValidationException", "Not now")
    at.publish(expect=1)
    (key,) = at.cloud.buckets.keys(at.bucket)
    at.cloud.buckets.store.client.put_object(
        Bucket=at.bucket, Key=key, Body=b"malice", ChecksumAlgorithm="SHA256"
    )
    said = at.publish(expect=1)
    assert f"s3://{at.bucket}/{key} differs from" in said.err
    assert not at.cloud.components.versions


def test_dry_run_checks_everything_and_changes_nothing(at: Bench) -> None:
    assert at.publish("--dry-run", "--json").document[0]["outcome"] == "would_publish"
    assert at.cloud.faults.changes == []
    at.publish()
    assert at.publish("--dry-run", "--json").document[0]["outcome"] == "already_published"


def test_unknown_keys_and_no_keys_are_one_message_each(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
    assert "does not know these credentials" in _refused(at)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    assert "aws configure" in _refused(at)


def test_expired_credentials_are_one_message(at: Bench) -> None:
    at.cloud.faults.refuse("GetCallerIdentity", "ExpiredToken", "The security token is expired")
    assert "have expired" in _refused(at)


def test_region_where_nothing_answers_is_one_message_with_the_region(
    at: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_GREENGRASSV2", "http://somebody:hunter2@127.0.0.1:9")
    message = _refused(at, "--region", "eu-nowhere-1")
    assert "does not answer in region 'eu-nowhere-1'" in message
    assert "hunter2" not in message


def test_real_command_in_its_own_process_publishes(at: Bench) -> None:
    said = edge_json("publish", "--bucket", at.bucket, "--build", str(at.folder))
    assert said[0]["outcome"] == "published"


def test_what_edge_build_makes_is_published_byte_for_byte(at: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "greengrass-build"
    (built,) = edge_json("build", "mqtt_publisher", "--arch", "aarch64", "--out", str(folder))
    (said,) = at.publish("--build", str(folder), "--json").document
    (artifact,) = said["artifacts"]
    assert said["component"] == built["component"]
    assert artifact["sha256"] == built["artifacts"][0]["sha256"]
    assert at.cloud.buckets.body(artifact["uri"]) == Path(built["artifacts"][0]["path"]).read_bytes()
    recipe = at.cloud.components.versions[said["arn"]].recipe
    assert recipe["Manifests"][0]["Artifacts"][0]["Uri"] == artifact["uri"]


def test_nothing_built_says_how_to_build(at: Bench, tmp_path: Path) -> None:
    said = at.edge("publish", "--build", str(tmp_path / "empty"), expect=1)
    assert "scripts/edge build" in said.err
