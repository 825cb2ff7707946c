"""GetSecretValue as the unmodified SDK sees it."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import ResourceNotFoundError, ServiceError, UnauthorizedError

from local_core.ipc.authorization import SECRET_MANAGER, Authorizer
from local_core.operations.secret_values import SecretOperations
from support.loops import LoopThread
from support.refusals import refused
from support.served import Served, served

ME = "com.example.A"
ARN = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:broker/login-AbCdEf"
OTHER_ARN = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:plain-AbCdEf"
PLAIN, BINARY, NAME = "plain", "binary", "broker/login"
GRANTED = [ARN, OTHER_ARN, PLAIN, BINARY, "gone"]
HIDDEN = "correct horse"  # the values that must never be seen in a log or an error
SECRETS: dict[str, Any] = {
    "plain": {"secretString": HIDDEN},
    "binary": {"secretBinary": "AAEC/w==", "versionId": "v9", "versionStages": ["AWSCURRENT", "blue"]},
    "not-granted": {"secretString": HIDDEN},
    ARN: {
        "versions": [
            {"versionId": "v2", "versionStages": ["AWSCURRENT"], "secretString": "new " + HIDDEN},
            {"versionId": "v1", "versionStages": ["AWSPREVIOUS"], "secretString": "old " + HIDDEN},
        ]
    },
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(SECRETS))
    return path


@pytest.fixture
def core(file: Path, tmp_path: Path) -> Iterator[Served]:
    policies = {
        ME: {SECRET_MANAGER: {"p": {"operations": ["aws.greengrass#GetSecretValue"], "resources": GRANTED}}}
    }
    authorizer = Authorizer(lambda component: policies.get(component, {}))
    with (
        LoopThread() as loop,
        served(loop, tmp_path, SecretOperations(file, authorizer).operations()) as core,
    ):
        yield core


@pytest.fixture
def me(core: Served) -> Iterator[GreengrassCoreIPCClientV2]:
    with core.component(ME) as client:
        yield client


def test_text_comes_with_its_version(me: GreengrassCoreIPCClientV2) -> None:
    answer = me.get_secret_value(secret_id=PLAIN)

    assert answer.secret_value.secret_string == HIDDEN
    assert (answer.secret_id, answer.version_id, answer.version_stage) == ("plain", "local", ["AWSCURRENT"])


def test_bytes_come_as_bytes(me: GreengrassCoreIPCClientV2) -> None:
    answer = me.get_secret_value(secret_id=BINARY)

    assert answer.secret_value.secret_binary == b"\x00\x01\x02\xff"
    assert (answer.version_id, answer.version_stage) == ("v9", ["AWSCURRENT", "blue"])


@pytest.mark.parametrize(
    ("request_of", "value"),
    [
        ({}, "new " + HIDDEN),
        ({"version_id": "v1"}, "old " + HIDDEN),
        ({"version_stage": "AWSPREVIOUS"}, "old " + HIDDEN),
        ({"version_stage": "AWSCURRENT", "refresh": True}, "new " + HIDDEN),
    ],
)
def test_version_is_chosen_by_id_or_stage_and_is_the_current_one_otherwise(
    me: GreengrassCoreIPCClientV2, request_of: dict[str, Any], value: str
) -> None:
    assert me.get_secret_value(secret_id=ARN, **request_of).secret_value.secret_string == value


def test_secret_is_found_by_the_name_in_its_arn_and_granted_by_the_arn(me: GreengrassCoreIPCClientV2) -> None:
    answer = me.get_secret_value(secret_id=NAME)

    assert (answer.secret_id, answer.version_id) == (ARN, "v2")


def test_arn_finds_a_secret_that_the_file_has_by_name(me: GreengrassCoreIPCClientV2) -> None:
    answer = me.get_secret_value(secret_id=OTHER_ARN)

    assert (answer.secret_id, answer.secret_value.secret_string) == (OTHER_ARN, HIDDEN)


@pytest.mark.parametrize(
    ("request_of", "message"),
    [
        ({"secret_id": "gone"}, "Secret not found gone"),
        ({"secret_id": ARN, "version_id": "v7"}, "Version Id v7 not found for secret"),
        ({"secret_id": ARN, "version_stage": "green"}, "Version stage green not found for secret"),
    ],
)
def test_what_is_not_in_the_file_is_not_found(
    me: GreengrassCoreIPCClientV2, request_of: dict[str, Any], message: str
) -> None:
    with refused(ResourceNotFoundError, message) as refusal:
        me.get_secret_value(**request_of)

    assert (refusal.value.resource_type, refusal.value.resource_name) == ("secret", request_of["secret_id"])


@pytest.mark.parametrize(
    ("request_of", "message"),
    [
        ({}, "SecretId absent in the request"),
        (
            {"secret_id": ARN, "version_id": "v1", "version_stage": "AWSCURRENT"},
            "Both versionId and Stage are set",
        ),
    ],
)
def test_request_that_cannot_be_meant_is_a_service_error(
    me: GreengrassCoreIPCClientV2, request_of: dict[str, Any], message: str
) -> None:
    with refused(ServiceError, message):
        me.get_secret_value(**request_of)


def test_nobody_reads_what_the_recipe_does_not_grant(core: Served, me: GreengrassCoreIPCClientV2) -> None:
    """Also not whether it is there."""
    for secret_id in ("not-granted", "neither-granted-nor-there"):
        with refused(UnauthorizedError):
            me.get_secret_value(secret_id=secret_id)
    with core.component("com.example.B") as other, refused(UnauthorizedError):
        other.get_secret_value(secret_id=PLAIN)


def test_changed_file_counts_at_once(me: GreengrassCoreIPCClientV2, file: Path) -> None:
    me.get_secret_value(secret_id=PLAIN)

    file.write_text(json.dumps({PLAIN: {"secretString": "new " + HIDDEN}}))

    assert me.get_secret_value(secret_id=PLAIN).secret_value.secret_string == "new " + HIDDEN


def test_missing_file_holds_no_secrets(me: GreengrassCoreIPCClientV2, file: Path) -> None:
    file.unlink()

    with refused(ResourceNotFoundError, "Secret not found plain"):
        me.get_secret_value(secret_id=PLAIN)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_file_that_others_may_read_is_refused(me: GreengrassCoreIPCClientV2, file: Path, mode: int) -> None:
    file.chmod(mode)

    with refused(ServiceError, f"can be read by others .*chmod 600 {file}"):
        me.get_secret_value(secret_id=PLAIN)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"plain": {"secretString": "correct horse"', "is not JSON .line 1.; correct it"),
        (b'\xff"correct horse"', "is not JSON"),
        (b'["correct horse"]', "must hold an object"),
        (b'{"plain": "correct horse"}', "'plain' must hold either secretString or secretBinary"),
        (b'{"plain": {"secretString": "correct horse", "secretBinary": "AA=="}}', "'plain' must hold either"),
        (b'{"plain": {"secretString": 5}}', "'plain' must hold either"),
        (b'{"plain": {"versions": {"v1": "correct horse"}}}', "'plain' must hold either"),
        (
            b'{"plain": {"versions": [{"secretString": "correct horse", "versionStages": "x"}]}}',
            "must hold either",
        ),
    ],
)
def test_damaged_file_is_a_service_error_without_a_secret_in_it(
    me: GreengrassCoreIPCClientV2, file: Path, content: bytes, message: str
) -> None:
    file.write_bytes(content)

    with refused(ServiceError, message) as refusal:
        me.get_secret_value(secret_id=PLAIN)

    assert HIDDEN not in refusal.value.message


def test_values_are_never_logged(me: GreengrassCoreIPCClientV2, caplog: pytest.LogCaptureFixture) -> None:
    """By the core; the SDK logs everything at DEBUG, on the component's side."""
    with caplog.at_level(logging.DEBUG):
        me.get_secret_value(secret_id=PLAIN)
        with refused(ResourceNotFoundError):
            me.get_secret_value(secret_id=ARN, version_id="v7")

    logged = [record.getMessage() for record in caplog.records if record.name.startswith("local_core")]
    assert HIDDEN not in "".join(logged)
