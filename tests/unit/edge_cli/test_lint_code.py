"""What `edge lint` reads out of a component's code."""

from pathlib import Path

import pytest
from awsiot.greengrasscoreipc.client import GreengrassCoreIPCClient
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from edge_cli.lint.code import (
    CREDENTIALS,
    GATEWAY_DEPENDENCIES,
    GATEWAY_GRANTS,
    SDK_GRANTS,
    Grant,
    read_code,
)
from edge_common import s3
from edge_common.ipc import IpcGateway
from local_core.ipc.policies import MQTTPROXY, OPERATIONS, PUBSUB, SECRET_MANAGER

NEED_NO_GRANT = {"close", "state"}


def test_every_method_of_the_gateway_is_known_with_its_grant() -> None:
    methods = {name for name in vars(IpcGateway) if not name.startswith("_")}

    assert methods - NEED_NO_GRANT == set(GATEWAY_GRANTS)


def test_every_class_with_a_dependency_exists() -> None:
    assert all(hasattr(s3, name) for name in GATEWAY_DEPENDENCIES)


def test_every_call_of_the_sdk_exists() -> None:
    clients = {*dir(GreengrassCoreIPCClient), *dir(GreengrassCoreIPCClientV2)}

    assert SDK_GRANTS.keys() - clients == set()


def test_every_grant_is_one_that_a_core_knows() -> None:
    assert all(grant.operation in OPERATIONS[grant.service] for grant in GATEWAY_GRANTS.values())


def test_calls_are_found_with_their_first_place_in_all_files(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "app.py").write_text("x = 1\ng.subscribe_to_topic('a', f)\ng.subscribe_to_topic('b', f)\n")
    (tmp_path / "below" / "sink.py").write_text(
        "send = partial(g.publish_many_to_iot_core)\nS3Gateway('b')\n"
    )

    code = read_code(tmp_path)

    assert code.grants == {
        Grant(PUBSUB, "SubscribeToTopic"): "app.py:2",
        Grant(MQTTPROXY, "PublishToIoTCore"): "sink.py:1",
    }
    assert code.dependencies == {CREDENTIALS: "sink.py:2"}


def test_words_in_texts_and_comments_are_no_calls(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        '"""Calls S3Gateway() and subscribe_to_topic."""\n# g.subscribe_to_topic()\n'
    )

    code = read_code(tmp_path)

    assert (code.grants, code.dependencies) == ({}, {})


IMPORT = "from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2\n"
SECRET = Grant(SECRET_MANAGER, "GetSecretValue")


@pytest.mark.parametrize("call", ["c.get_secret_value", "c.get_secret_value_async", "c.new_get_secret_value"])
def test_call_through_the_sdk_needs_a_grant_and_who_answers_it(call: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"{IMPORT}{call}()\n")

    code = read_code(tmp_path)

    assert code.grants == {SECRET: "app.py:2"}
    assert code.dependencies == {SECRET_MANAGER: "app.py:2"}


def test_call_of_that_name_elsewhere_is_only_possibly_one(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("secrets_of_aws.get_secret_value(SecretId='x')\n")

    code = read_code(tmp_path)

    assert code.possible_grants == {SECRET}
    assert (code.grants, code.dependencies) == ({}, {})


@pytest.mark.parametrize(
    "text",
    [
        "import boto3\nboto3.client('s3')",
        "import boto3 as b\nb.session.Session()",
        "from boto3 import client\nclient('s3')",
        "import botocore.session\nbotocore.session.get_session()",
    ],
)
def test_client_of_aws_needs_credentials(text: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"{text}\n")

    assert read_code(tmp_path).dependencies == {CREDENTIALS: "app.py:2"}


def test_errors_and_types_of_the_sdk_need_no_credentials(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from botocore.exceptions import ClientError\nself.client('x')\n")

    assert read_code(tmp_path).dependencies == {}
