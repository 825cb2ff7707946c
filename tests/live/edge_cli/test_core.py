"""The command and a real core: started, looked at, disturbed, stopped, as a person does it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from edge_cli.core import cloud_s3, daemon
from edge_cli.core.cloud_s3 import BucketContents
from edge_cli.core.daemon import Ending
from edge_cli.core.processes import core_on
from edge_cli.errors import CommandError
from local_core.layout import Layout
from support.edge import edge, edge_json
from support.waiting import wait_until


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a core that runs for this module's tests."""
    root = tmp_path_factory.mktemp("core")
    edge_json("core", "up", "--root", str(root), "--thing", "bench-7", "--region", "eu-west-1")
    yield root
    edge("core", "down", "--root", str(root))


def test_status_says_what_the_core_was_started_with(root: Path) -> None:
    status = edge_json("core", "status", "--root", str(root))
    assert (status["thing_name"], status["region"], status["flavor"]) == ("bench-7", "eu-west-1", "classic")
    assert status["online"] is True
    assert Path(status["root"]) == root


def test_status_for_people_names_every_endpoint(root: Path) -> None:
    text = edge("core", "status", "--root", str(root)).stdout
    status = edge_json("core", "status", "--root", str(root))
    for name in ("mqtt", "s3", "token_exchange", "ipc"):
        assert status["endpoints"][name] in text
    assert "bench-7" in text


def test_the_cloud_goes_and_comes_back(root: Path) -> None:
    everything = "IoT Core, S3 and credentials"
    assert f"Cut off: {everything}." in edge("core", "offline", "--root", str(root)).stdout
    status = edge_json("core", "status", "--root", str(root))
    assert status["online"] is False
    assert list(status["away"]) == ["iot-core", "s3", "credentials"]
    said = edge("core", "status", "--root", str(root)).stdout
    assert f"IoT Core     offline since {status['away']['iot-core']}, 127.0.0.1:" in said
    assert f"out of reach since {status['away']['s3']}" in said
    assert edge("core", "online", "--root", str(root)).stdout == f"Within reach again: {everything}.\n"
    status = edge_json("core", "status", "--root", str(root))
    assert (status["online"], status["away"]) == (True, {})
    assert edge("core", "online", "--root", str(root)).stdout == "Nothing was away.\n"


def test_one_service_alone_goes_and_the_rest_stays(root: Path) -> None:
    said = edge("core", "offline", "--only", "s3", "--root", str(root)).stdout
    assert said == f"Cut off: S3. To restore it: scripts/edge core online --root {root}\n"
    status = edge_json("core", "status", "--root", str(root))
    assert (status["online"], list(status["away"])) == (True, ["s3"])
    assert list(edge_json("core", "offline", "--only", "iot-core", "--root", str(root))["away"]) == [
        *("iot-core", "s3")
    ]
    assert edge_json("core", "online", "--root", str(root))["back"] == ["iot-core", "s3"]


def test_ipc_restart_and_expired_credentials_are_confirmed(root: Path) -> None:
    assert edge_json("core", "restart-ipc", "--root", str(root)) == {"dropped_connections": 0}
    assert "expired_credentials" in edge_json("core", "fault", "expire-credentials", "--root", str(root))


def test_muting_what_is_not_subscribed_is_an_error(root: Path) -> None:
    ended = edge("core", "fault", "mute-subscription", "com.example.Absent", "--root", str(root), expect=1)
    assert "com.example.Absent has no subscription" in ended.stderr


def test_answers_are_kept_from_components_that_are_there_only(root: Path) -> None:
    ended = edge("core", "fault", "mute-answers", "com.example.Absent", "--root", str(root), expect=1)
    assert "there is no component com.example.Absent" in ended.stderr
    said = edge("core", "fault", "mute-answers", "aws.greengrass.Cli", "--root", str(root)).stdout
    assert said.startswith("aws.greengrass.Cli gets no answers to its calls.")
    edge("core", "restart-ipc", "--root", str(root))
    assert edge_json("component", "list", "--root", str(root)) is not None


def test_second_core_on_the_same_root_is_refused_and_the_first_lives_on(root: Path) -> None:
    pid = edge_json("core", "status", "--root", str(root))["pid"]
    ended = edge("core", "up", "--root", str(root), expect=1)
    assert str(root) in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert edge_json("core", "status", "--root", str(root))["pid"] == pid


def test_taken_port_is_one_message_with_the_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = edge("core", "up", "--root", str(tmp_path / "core"), "--mqtt-port", port, expect=1)
    assert port in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert core_on(tmp_path / "core") is None


def test_root_that_cannot_be_made_is_one_message_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = edge("core", "up", "--root", str(tmp_path / "file" / "core"), expect=1)
    assert str(tmp_path / "file") in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_core_outlives_the_command_and_down_leaves_no_process(tmp_path: Path) -> None:
    status = edge_json("core", "up", "--root", str(tmp_path))
    before = _processes_of(tmp_path)
    assert status["pid"] in before
    answer = edge_json("core", "down", "--root", str(tmp_path))
    assert (answer["ending"], answer["pid"]) == ("stopped", status["pid"])
    wait_until(lambda: not _processes_of(tmp_path), 5, "no process of the core")
    assert edge_json("core", "down", "--root", str(tmp_path))["ending"] == "not_running"


def test_core_that_hangs_is_killed_in_the_end(tmp_path: Path) -> None:
    pid = edge_json("core", "up", "--root", str(tmp_path))["pid"]
    os.kill(pid, signal.SIGSTOP)
    assert daemon.stop(tmp_path, timeout_s=0.5).ending is Ending.KILLED
    assert core_on(tmp_path) is None
    wait_until(lambda: not _processes_of(tmp_path), 10, "no process of the core")


def test_core_that_died_leaves_nothing_that_stops_the_next_start(tmp_path: Path) -> None:
    pid = edge_json("core", "up", "--root", str(tmp_path))["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: core_on(tmp_path) is None, 5, "the end of the core")
    ended = edge("component", "list", "--root", str(tmp_path), expect=1)
    assert "core up" in ended.stderr or "core status" in ended.stderr
    assert edge_json("core", "up", "--root", str(tmp_path))["pid"] != pid
    edge("core", "down", "--root", str(tmp_path))


def test_interrupted_start_leaves_no_process(tmp_path: Path) -> None:
    starting = subprocess.Popen([sys.executable, "-m", "edge_cli", "core", "up", "--root", str(tmp_path)])
    wait_until(lambda: core_on(tmp_path), 10, "the core's process")
    starting.send_signal(signal.SIGINT)
    # 0: it was ready before the signal came; then it is an ordinary core that has to be brought down.
    assert starting.wait(30) in (0, 130)
    edge("core", "down", "--root", str(tmp_path))
    wait_until(lambda: not _processes_of(tmp_path), 10, "no process of the core")


def test_what_has_arrived_in_s3_is_counted(root: Path) -> None:
    status = edge_json("core", "status", "--root", str(root))
    endpoint, bucket, region = status["endpoints"]["s3"], status["bucket"], status["region"]
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    client = boto3.client("s3", endpoint_url=endpoint, region_name=region, **keys)
    for key, body in (("a/1.json", b'{"record_count": 10}'), ("a/2.json", b"[]"), ("b.jpg", b"12345")):
        client.put_object(Bucket=bucket, Key=key, Body=body)
    client.close()
    assert cloud_s3.count(endpoint, bucket, region) == BucketContents(objects=3, size_bytes=27, records=10)


def test_s3_that_does_not_answer_is_one_message() -> None:
    with pytest.raises(CommandError, match=r"127\.0\.0\.1:1"):
        cloud_s3.count("http://127.0.0.1:1", "bucket", "eu-west-1")


def test_doctor_sees_the_core_and_is_content(root: Path) -> None:
    checks = edge_json("doctor", "--root", str(root))
    assert checks["healthy"] is True
    (core,) = [check for check in checks["checks"] if check["subject"] == "Core"]
    assert str(root) in core["found"]


def test_doctor_finds_a_core_that_does_not_answer(tmp_path: Path) -> None:
    pid = edge_json("core", "up", "--root", str(tmp_path))["pid"]
    Layout(tmp_path).control_socket.unlink()
    ended = edge("doctor", "--root", str(tmp_path), expect=1)
    assert "does not answer" in ended.stdout
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not _processes_of(tmp_path), 10, "no process of the core")


def _processes_of(root: Path) -> list[int]:
    """Processes whose command line names the root."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        named = any(str(root).encode() in word for word in words)
        if named and int(folder.name) != os.getpid() and b"edge_cli" not in words:
            found.append(int(folder.name))
    return found
