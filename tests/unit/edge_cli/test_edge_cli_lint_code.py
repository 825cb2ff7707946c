"""What `edge lint` reads out of a component's code."""

from pathlib import Path

from edge_cli.lint.code import CREDENTIALS, GATEWAY_DEPENDENCIES, GATEWAY_GRANTS, Grant, read_code
from edge_common import s3
from edge_common.ipc import IpcGateway
from local_core.ipc.policies import MQTTPROXY, OPERATIONS, PUBSUB

NEED_NO_GRANT = {"close", "state", "get_configuration", "update_configuration", "update_state"}  # of its own


def test_every_method_of_the_gateway_is_known_with_its_grant() -> None:
    methods = {name for name in vars(IpcGateway) if not name.startswith("_")}

    assert methods - NEED_NO_GRANT == set(GATEWAY_GRANTS)


def test_every_class_with_a_dependency_exists() -> None:
    assert all(hasattr(s3, name) for name in GATEWAY_DEPENDENCIES)


def test_every_grant_is_one_that_a_core_knows() -> None:
    assert all(grant.operation in OPERATIONS[grant.service] for grant in GATEWAY_GRANTS.values())


def test_calls_are_found_with_their_first_place_in_all_files(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "app.py").write_text("x = 1\ng.publish_to_topic('a', b'')\ng.publish_to_topic('b', b'')\n")
    (tmp_path / "below" / "sink.py").write_text(
        "send = partial(g.publish_many_to_iot_core)\nS3Gateway('b')\n"
    )

    code = read_code(tmp_path)

    assert code.grants == {
        Grant(PUBSUB, "PublishToTopic"): "app.py:2",
        Grant(MQTTPROXY, "PublishToIoTCore"): "sink.py:1",
    }
    assert code.dependencies == {CREDENTIALS: "sink.py:2"}


def test_words_in_texts_and_comments_are_no_calls(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        '"""Calls S3Gateway() and publish_to_topic."""\n# g.publish_to_topic()\n'
    )

    code = read_code(tmp_path)

    assert (code.grants, code.dependencies) == ({}, {})
